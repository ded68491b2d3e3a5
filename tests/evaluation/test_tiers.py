"""Tiers: runs of ranks, from the family of all pairs."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from merbench.evaluation.comparison import compare_pairs
from merbench.evaluation.paired_scores import Scores
from merbench.evaluation.tiers import AllPairs, groups_needed, tiers
from merbench.evaluation.two_sources import two_sources

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


def test_a_family_is_corrected_without_the_pairs_of_another() -> None:
    scores = drawn(20, 0.06)
    again = Scores(
        ("a", "b", "c"), scores.fold, scores.clip, scores.group, scores.n_train,
        np.stack([*scores.kl, scores.kl[1][::-1]]),
    )  # fmt: skip
    alone = AllPairs.of(scores).p[0, 1]
    assert AllPairs.of(again, [0, 1, 1]).p[0, 1] == pytest.approx(alone)
    assert AllPairs.of(again).p[0, 1] > alone


def test_what_could_not_be_tested_is_not_told_apart() -> None:
    pairs = AllPairs.from_pairs([1.0, 2.0], [math.nan])
    assert not pairs.better().any()


def drawn(groups: int, step: float, *, folds: int = 1, of_fold: float = 0.0) -> Scores:
    """Two cells on clips that are each a group; the second lies `step` above the first."""
    rng = np.random.default_rng(3)
    clip = np.tile(np.char.mod("%03d", np.arange(groups)), folds)
    apart = rng.normal(0, 0.1, groups)
    apart += step - apart.mean()
    effect = np.repeat(rng.normal(0, of_fold, folds), groups) if of_fold else 0.0
    kl = np.stack([np.ones(groups * folds), 1 + np.tile(apart, folds) + effect])
    n_train = dict.fromkeys(range(folds), 4 * groups)
    return Scores(("a", "b"), np.repeat(np.arange(folds), groups), clip, clip, n_train, kl)


FIRST, SECOND = np.array([1]), np.array([0])


def test_groups_needed_are_those_at_which_a_students_t_would_find_it() -> None:
    """As power says with the noncentral t, which asks for more than normal quantiles do."""
    scores = drawn(8, 0.12)
    now = two_sources(scores, FIRST, SECOND)
    (needed,) = groups_needed(scores, FIRST, SECOND, 66)
    error = now.error[0] * math.sqrt(8 / needed)
    critical = stats.t.ppf(1 - 0.05 / 66 / 2, needed - 1)
    power = stats.nct.sf(critical, needed - 1, 0.12 / error)
    assert power == pytest.approx(0.8, abs=1e-4)
    normal = stats.norm.ppf(1 - 0.05 / 66 / 2) + stats.norm.ppf(0.8)
    assert needed > 1.1 * 8 * (normal * now.error[0] / 0.12) ** 2
    assert groups_needed(scores, FIRST, SECOND, 1)[0] < needed


def test_what_is_found_already_needs_no_more_groups_and_nothing_cannot_be_found() -> None:
    assert groups_needed(drawn(20, 5.0), FIRST, SECOND, 1).tolist() == [20]
    assert groups_needed(drawn(20, 0.0), FIRST, SECOND, 1).tolist() == [math.inf]
    assert np.isnan(groups_needed(drawn(1, 1.0), FIRST, SECOND, 1)).all()


def test_more_clips_are_no_more_trainings() -> None:
    """Folds that differ beyond their clips leave an error that no number of groups takes away."""
    steady, moved = drawn(20, 0.04, folds=5), drawn(20, 0.04, folds=5, of_fold=0.1)
    few, many = (groups_needed(s, FIRST, SECOND, 10)[0] for s in (steady, moved))
    assert 20 < few < 200
    assert math.isinf(many)


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
