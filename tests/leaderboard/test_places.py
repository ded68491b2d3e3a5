"""Ranks, tiers and what it would take to tell rows apart."""

from __future__ import annotations

import math

import numpy as np
from board_cells import board, noisy

from boards import made
from merbench.evaluation import AllPairs
from merbench.leaderboard.places import families_of, ranks, tiers_of


def test_equals_share_the_better_rank():
    assert ranks([0.3, 0.1, 0.1, 0.5]) == [3, 1, 1, 4]
    assert ranks([]) == []


def row(role: str = "system", mark: str = "") -> dict[str, str]:
    return {"role": role, "mark": mark}


def pairs(*told: tuple[int, int], n: int) -> AllPairs:
    p = np.ones((n, n))
    for i, j in told:
        p[i, j] = p[j, i] = 0.001
    return AllPairs(p, np.arange(n, dtype=float))


def test_who_does_not_compete_has_no_tier_and_parts_none():
    rows = [row(), row("baseline"), row(mark="worse than a constant"), row(), row()]
    told = pairs((0, 1), (0, 2), (1, 3), (0, 4), n=5)
    assert tiers_of(rows, told) == [1, None, None, 1, 2]


def test_who_adds_broken_rows_raises_nobodys_bar():
    rows = [row(), row("baseline"), row(mark="worse than a constant"), row()]
    of = dict(zip(zip(*np.triu_indices(4, k=1), strict=True), families_of(rows), strict=True))
    assert of[0, 3] == 0
    assert of[0, 1] == of[1, 3] == 1
    assert {of[0, 2], of[1, 2], of[2, 3]} == {2}
    broken = [made(f"flat{i}", [[0.4] * 30] * 4, n_train=90, constant=True) for i in range(4)]
    cells = [noisy("a", 0.05, 1), noisy("b", 0.07, 2), noisy("base", 0.4, 4, role="baseline")]
    few, many = (
        board(*cells, *more).leaderboard.set_index("cell").loc[["a", "b"]] for more in ([], broken)
    )
    for column in ("corrected_p_holm", "baseline_p_holm", "detectable_difference", "tier"):
        assert few[column].equals(many[column]), column


def test_a_table_that_cannot_separate_prints_no_tier():
    assert tiers_of([row(), row(), row("baseline")], pairs((0, 2), n=3)) == [None, None, None]
    assert tiers_of([row(), row("baseline")], pairs(n=2)) == [1, None]


def test_what_it_would_take_stands_where_a_row_is_not_told_from_the_best():
    found = board(noisy("good", 0.05, 1), noisy("alike", 0.0502, 2), noisy("bad", 0.09, 3))
    rows = found.leaderboard.set_index("cell")
    best, second = rows.sort_values("rank").index[:2]
    assert math.isnan(rows.loc["bad", "groups_needed"])
    assert math.isnan(rows.loc[best, "groups_needed"])
    assert rows.loc[second, "groups_needed"] > rows.loc[second, "n_groups"] == 15


def test_marked_rows_and_baselines_have_no_tier():
    flat = made("flat", [[0.4] * 30] * 4, n_train=90, constant=True)
    base = noisy("base", 0.4, 4, role="baseline")
    rows = board(noisy("a", 0.05, 1), noisy("b", 0.09, 2), flat, base).leaderboard.set_index("cell")
    assert rows.loc["flat", "mark"]
    assert rows["tier"].fillna(0).to_dict() == {"a": 1, "b": 2, "flat": 0, "base": 0}
    assert sorted(rows["rank"]) == [1, 2, 3, 4]
