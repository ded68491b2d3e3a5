"""What is marked as broken: systems that hear nothing or lose to a constant."""

from __future__ import annotations

import json

import pytest
from board_cells import board, noisy

from merbench.leaderboard.marks import UNTRAINED, has_untrained


def test_systems_that_hear_nothing_or_lose_to_a_constant_are_marked():
    rows = board(
        noisy("hears", 0.02, 1),
        noisy("deaf", 0.02, 2, constant=True),
        noisy("loses", 1.0, 3),
        noisy("baseline", 0.02, 4, constant=True, role="baseline"),
    ).leaderboard.set_index("cell")
    assert rows["mark"].to_dict() == {
        "hears": "",
        "deaf": "uncorrelated with truth; worse than a constant",
        "loses": "worse than a constant",
        "baseline": "",
    }


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"features": {"openl3": {"untrained": True}}}, True),
        ({"features": [{"openl3": {"untrained": True}}, {"levels": {}}]}, True),
        ({"model": {"tuned": {"model": {"net": {"untrained": True}}}}}, True),
        ({"features": {"openl3": {"untrained": False}}}, False),
        ({"model": {"depth": 2, "note": "untrained"}}, False),
        ({}, False),
    ],
)
def test_random_weights_are_found_however_deep_a_part_lies(parameters, said):
    assert has_untrained(parameters) is said


def test_a_row_with_untrained_weights_has_a_mark_and_no_rank():
    odd = json.dumps({"features": {"openl3": {"untrained": True}}})
    found = board(noisy("a", 0.02, 1), noisy("b", 0.02, 2, parameters=odd), noisy("c", 0.03, 3))
    rows = found.leaderboard.set_index("cell")
    assert rows["mark"].to_dict() == {"a": "", "b": UNTRAINED, "c": ""}
    assert rows["rank"].isna().to_dict() == {"a": False, "b": True, "c": False}
    assert rows["kl_mean"].notna().all(), "its scores are shown all the same"
    assert "b" not in {*found.comparisons["cell_a"], *found.comparisons["cell_b"]}
