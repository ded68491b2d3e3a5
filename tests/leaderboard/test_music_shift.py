"""What an entry of a manifest says of a separator's training music."""

from __future__ import annotations

from merbench.evaluation import ALPHA
from merbench.leaderboard.music_shift import shift_of

ENTRY = {
    "dataset": "d", "separator": "s", "n_training": 9, "n_clips": 5, "distance": 0.3, "p": 0.01,
    "outside": 0.6, "differences": {"small": 0.5, "large": -4.0},
}  # fmt: skip


def test_a_shift_is_by_chance_from_the_level_of_significance_on():
    assert [shift_of(ENTRY | {"p": p}).by_chance for p in (ALPHA / 2, ALPHA)] == [False, True]


def test_the_greatest_difference_comes_first_and_a_reason_stands_alone():
    assert shift_of(ENTRY).differences == (("large", -4.0), ("small", 0.5))
    assert shift_of({"separator": "s", "reason": "none known"}).reason == "none known"
