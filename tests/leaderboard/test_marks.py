"""What is marked as broken: systems that hear nothing or lose to a constant."""

from __future__ import annotations

from board_cells import board, noisy


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
