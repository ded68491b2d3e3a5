"""Tiers: runs of ranks, from the family of all pairs."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from merbench.evaluation.comparison import compare_pairs
from merbench.evaluation.paired_scores import Scores
from merbench.evaluation.resampled import Corrected
from merbench.evaluation.tiers import AllPairs, groups_needed, tiers

relaxed = settings(deadline=None, max_examples=60)


def test_a_tier_ends_before_the_first_row_that_is_significantly_worse_than_its_first() -> None:
    better = np.zeros((5, 5), bool)
    better[0, [1, 3, 4]] = True  # rank 3 varies so much that it cannot be told from rank 1
    better[1, 4] = True
    assert tiers(better, [1.0, 2, 3, 4, 5]).tolist() == [1, 2, 2, 2, 3]


def test_tiers_by_hand() -> None:
    better = np.zeros((4, 4), bool)
    better[0, [2, 3]] = True
    assert tiers(better, [1.0, 2, 3, 4]).tolist() == [1, 1, 2, 2]
    assert tiers(better[::-1, ::-1], [4.0, 3, 2, 1]).tolist() == [2, 2, 1, 1]
    assert tiers(np.zeros((1, 1), bool), [0.0]).tolist() == [1]
    assert tiers(np.zeros((0, 0), bool), []).tolist() == []


@relaxed
@given(st.integers(0, 10_000), st.integers(2, 12))
def test_no_row_stands_in_a_better_tier_than_one_above_it(seed: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    mean = rng.normal(size=k)
    better = (rng.random((k, k)) < 0.5) & (mean[:, None] < mean[None, :])
    tier = tiers(better, mean)
    order = np.argsort(mean)
    steps = np.diff(tier[order])
    assert tier[order[0]] == 1
    assert set(steps) <= {0, 1}
    leaders = [order[np.flatnonzero(tier[order] == n)[0]] for n in range(1, tier.max() + 1)]
    for above, below in pairwise(leaders):
        assert better[above, below]
    for number, leader in enumerate(leaders, start=1):
        assert not better[leader, tier == number].any()


def test_all_pairs_are_one_family() -> None:
    rng = np.random.default_rng(0)
    clip = np.array([f"c{i:02}" for i in range(60)])
    kl = rng.normal(1, 0.2, (4, 60)) + np.array([[0.0], [0.02], [0.5], [1.0]])
    scores = Scores(tuple("abcd"), np.zeros(60, int), clip, clip, {0: 100}, kl)
    pairs = AllPairs.of(scores)
    a, b = np.triu_indices(4, k=1)
    found = compare_pairs(scores, np.stack([a, b], axis=1))
    assert pairs.p[a, b].tolist() == pairs.p[b, a].tolist() == found.corrected_p_holm.tolist()
    assert (np.diag(pairs.p) == 1).all()
    assert pairs.better()[0].tolist() == [False, False, True, True]
    assert tiers(pairs.better(), pairs.mean).tolist() == [1, 1, 2, 3]


def test_what_could_not_be_tested_is_not_told_apart() -> None:
    pairs = AllPairs.from_pairs([1.0, 2.0], [math.nan])
    assert not pairs.better().any()


def test_groups_needed_by_hand() -> None:
    # Twice the detectable difference is a quarter of the groups.
    difference = Corrected(np.array([0.1, 0.05, 0.0]), np.full(3, 0.05), np.full(3, 20.0))
    normal = 1.959964 + 0.841621
    needed = groups_needed(difference, 20, 1)
    assert needed[:2] == pytest.approx([20 * (normal * 0.5) ** 2, 20 * normal**2])
    assert math.isinf(needed[2])
    assert (groups_needed(difference, 20, 66)[:2] > needed[:2]).all()


def apart(*steps: float, spread: float = 0.01, seed: int = 0) -> Scores:
    """Ten folds of all forty clips; cell i lies `steps[i]` above a common base."""
    rng = np.random.default_rng(seed)
    base = rng.gamma(2, 0.3, 40)
    kl = np.stack([np.tile(base, 10) + s + rng.normal(0, spread, 400) for s in steps])
    clip = np.tile(np.char.mod("%02d", np.arange(40)), 10)
    fold = np.repeat(np.arange(10), 40)
    names = tuple(f"cell{i}" for i in range(len(steps)))
    return Scores(names, fold, clip, clip, dict.fromkeys(range(10), 160), kl)


def of_scores(scores: Scores) -> list[int]:
    return tiers(AllPairs.of(scores).better(), scores.kl_mean).tolist()


def test_clear_steps_make_tiers_and_equals_share_one() -> None:
    assert of_scores(apart(0.5, 0.0, 0.5, 1.0, 0.0)) == [2, 1, 2, 3, 1]
    assert of_scores(apart(0.0)) == [1]
    assert of_scores(apart(0.0, 0.0, 0.0, spread=0.3)) == [1, 1, 1]


def test_a_single_fold_tells_apart_what_its_clips_do() -> None:
    clip = np.char.mod("%02d", np.arange(40))
    kl = np.random.default_rng(0).normal([[1], [9]], 1, (2, 40))
    assert of_scores(Scores(("a", "b"), np.zeros(40), clip, clip, {0: 9}, kl)) == [1, 2]


def test_twenty_equal_cells_are_seldom_parted() -> None:
    """Though the best and the worst of them are chosen by the data."""
    parted = []
    for seed in range(100):
        rng = np.random.default_rng(seed)
        clip = np.char.mod("%03d", np.arange(200))
        kl = rng.gamma(2, 0.3, 200) + rng.normal(0, 0.3, (20, 200))
        fold = np.arange(200) // 20
        scores = Scores(
            tuple(map(str, range(20))), fold, clip, clip, dict.fromkeys(range(10), 10**6), kl
        )
        found = AllPairs.of(scores)
        parted.append(tiers(found.better(), found.mean).max() > 1)
    # Of a rate of 5 %, more than 11 in 100 come with a probability of half a percent.
    assert sum(parted) <= 11
