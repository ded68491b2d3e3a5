"""What every separator has beside its parameters."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

from merbench import CANONICAL_STEMS, Separator
from merbench.plugins import told_device


class Plain(Separator):
    """Says nothing of itself."""

    name = "plain"


def test_one_that_says_nothing_gives_all_stems_from_the_mix_and_never_waits_for_a_gpu() -> None:
    assert Plain.stems == CANONICAL_STEMS
    assert not Plain.needs_true_stems
    assert Plain.stored
    assert not Plain.uses_device


def test_what_it_is_told_stands_in_its_contract() -> None:
    parameters = inspect.signature(Separator.separate).parameters
    assert list(parameters) == ["self", "waveform", "sample_rate", "device"]
    assert parameters["device"].kind is inspect.Parameter.KEYWORD_ONLY
    assert told_device.fault("separator", Plain) == ""


def test_what_it_is_does_not_depend_on_what_is_no_parameter() -> None:
    assert Plain().identity()["parameters"] == {}
    assert set(Separator.model_fields) == set()


def test_one_that_cannot_separate_says_so() -> None:
    with pytest.raises(NotImplementedError):
        Plain().separate(np.zeros((1, 8), np.float32), 8_000, device="cpu")
