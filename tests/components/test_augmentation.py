"""What every augmentation has beside its parameters."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from merbench import Augmentation


class Louder(Augmentation):
    """Louder."""

    name = "louder"
    gain: float = 2.0


def test_a_copy_is_the_same_however_many_others_there_are() -> None:
    one, many = Louder(gain=3.0), Louder(gain=3.0, copies=7)
    assert one.identity() != many.identity()
    assert one.of_a_copy().identity() == many.of_a_copy().identity() == one.identity()


def test_no_copies_are_no_augmentation() -> None:
    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        Louder(copies=0)
