"""A protocol is its parameters, as every component is; its record is a name and they."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from pydantic import ValidationError

from merbench import Clip, Protocol, Split


class One(Protocol):
    """One fold."""

    name = "one"
    tested: int = 1

    def splits(self, clips: Sequence[Clip]) -> list[Split]:
        positions = range(len(clips))
        return [Split(0, tuple(positions[self.tested :]), tuple(positions[: self.tested]))]


def test_its_record_has_name_and_parameters() -> None:
    assert One(tested=2).identity() == {"name": "one", "parameters": {"tested": 2}}
    assert One(tested=2).title == "one"


def test_it_refuses_what_it_does_not_know() -> None:
    with pytest.raises(ValidationError):
        One(teste=2)  # type: ignore[call-arg]
