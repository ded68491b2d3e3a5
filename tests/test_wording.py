"""Numbers as people read them."""

from __future__ import annotations

import math

import pytest

from merbench import wording


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "0.2 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (89, "89 s"),
        (90, "2 min"),
        (5_399, "90 min"),
        (5_400, "1.5 h"),
        (math.inf, "–"),
        (math.nan, "–"),
        (None, "–"),
    ],
)
def test_durations_are_said_as_people_do(seconds: float | None, text: str) -> None:
    assert wording.duration(seconds) == text


@pytest.mark.parametrize(
    ("megabytes", "text"),
    [
        (0, "0 MB"),
        (0.0004, "0.4 kB"),
        (0.94, "940.0 kB"),
        (0.95, "1 MB"),
        (999, "999 MB"),
        (999.9, "1.0 GB"),
        (1_500, "1.5 GB"),
        (20_000, "20.0 GB"),
    ],
)
def test_sizes_are_said_as_people_do(megabytes: float, text: str) -> None:
    assert wording.size(megabytes) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.12345, "0.123"), (-0.5, "-0.500"), (-0.0001, "0.000"), (None, "–"), (math.nan, "–"),
     (math.inf, "–")],
)  # fmt: skip
def test_a_number_that_is_none_is_a_dash(value: float | None, text: str) -> None:
    assert wording.number_text(value) == text
    assert wording.number_text(0.125, 1) == "0.1"
    assert wording.number_text(0.5, 1, signed=True) == "+0.5"


@pytest.mark.parametrize(
    ("p", "text"),
    [(0.0009, "< 0.001"), (0.001, "0.001"), (1, "1.000"), (None, "–"), (math.nan, "–")],
)
def test_small_p_values_are_only_bounded(p: float | None, text: str) -> None:
    assert wording.p_text(p) == text


@pytest.mark.parametrize(("n", "text"), [(0, "0 folds"), (1, "1 fold"), (2, "2 folds")])
def test_what_is_counted_is_one_or_several(n: int, text: str) -> None:
    assert wording.counted(n, "fold") == text
