"""Labels that are formally right and yet cannot be meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from merbench import Clip, Finding, Task
from merbench_plugins.datasets.inspection import check_labels

GOOD = [(0.2, 0.7, 0.1, 0.15), (0.6, 0.3, 0.2, 0.1), (0.8, 0.9, 0.05, 0.2)]


def clips(*labels: tuple[float, ...], group: str = "") -> list[Clip]:
    return [Clip(f"c{i}", group or f"g{i}", label, Path("c.wav")) for i, label in enumerate(labels)]


def test_nothing_is_found_in_labels_that_can_be_meant() -> None:
    assert check_labels(Task.VA, clips(*GOOD)) == []
    assert check_labels(Task.QUADRANT, clips(*[tuple(float(i == q) for i in range(4))
                                               for q in range(4)])) == []  # fmt: skip


def test_a_column_that_was_read_twice_is_seen() -> None:
    found = check_labels(Task.VA, clips(*((v, v, s, t) for v, _, s, t in GOOD)))
    assert found == [
        Finding(
            "warning",
            "columns valence_mean, arousal_mean",
            "they are the same in every clip; was one column read twice?",
        )
    ]


def test_a_column_without_variation_is_seen() -> None:
    found = check_labels(Task.VA, clips(*((v, 0.5, s, t) for v, _, s, t in GOOD)))
    assert found == [Finding("warning", "column arousal_mean", "it is 0.5 in every clip")]


def test_a_spread_that_was_not_measured_may_be_the_same_throughout() -> None:
    labels = clips(*((v, a, 0.1, 0.1) for v, a, *_ in GOOD))
    assert check_labels(Task.VA, labels, measured_spread=False) == []
    found = check_labels(Task.VA, labels)
    assert [f.where for f in found] == [
        "columns valence_std, arousal_std", "column valence_std", "column arousal_std",
    ]  # fmt: skip


def test_a_spread_that_no_ratings_can_have_is_said_with_its_bound() -> None:
    # Ratings on [0, 1] with mean 0.1 spread at most as far as sqrt(0.1 * 0.9) = 0.3.
    just = check_labels(Task.VA, clips(*GOOD, (0.5, 0.1, 0.1, 0.29)))
    assert just == []
    (found,) = check_labels(Task.VA, clips(*GOOD, (0.5, 0.1, 0.1, 0.31)))
    assert found.where == "clip c3"
    assert found.message == (
        "ratings of arousal with mean 0.100 cannot have a standard deviation of 0.310 "
        "(at most 0.300)"
    )


def test_quadrants_without_a_clip_are_named() -> None:
    found = check_labels(Task.QUADRANT, clips((1, 0, 0, 0), (0, 0, 0, 1), (0.6, 0.4, 0, 0)))
    assert [(f.where, f.message) for f in found] == [
        ("quadrant Q2", "no clip is in it"), ("quadrant Q3", "no clip is in it"),
    ]  # fmt: skip


def test_one_group_for_all_clips_cannot_be_split() -> None:
    (found,) = check_labels(Task.VA, clips(*GOOD, group="one"))
    assert (found.where, found.message) == (
        "group one", "all clips are in it: no split can be made",
    )  # fmt: skip


@pytest.mark.parametrize("n", [0, 1])
def test_less_than_two_clips_tell_nothing(n: int) -> None:
    assert check_labels(Task.VA, clips(*GOOD[:n], group="one")) == []
