"""The deciding test's standard error, against calculation by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from merbench.evaluation.paired_scores import Scores
from merbench.evaluation.two_sources import two_sources

# A busy machine is no failure: no deadline.
relaxed = settings(deadline=None, max_examples=30)

PAIR = np.array([0]), np.array([1])


def pair(
    difference: list[float], group: list[str], fold: list[int] | None = None, n_train: int = 8
) -> Scores:
    """Two cells whose KL differs by what is given; each row is a clip of its own in its fold."""
    folds = fold or [0] * len(difference)
    clip = [
        f"{g}-{folds[:i].count(f) if fold else i}"
        for i, (g, f) in enumerate(zip(group, folds, strict=True))
    ]
    d = np.array(difference)
    kl = np.stack([1 + d, np.ones(len(d))])
    return Scores(("a", "b"), folds, clip, group, dict.fromkeys(folds, n_train), kl)


def test_one_fold_of_unequal_groups_by_hand() -> None:
    # Groups A: 0.1, 0.3; B: 0.5; C: -0.1. Means 0.2, 0.5, -0.1; shares 1/2, 1/4, 1/4.
    scores = pair([0.1, 0.3, 0.5, -0.1], ["A", "A", "B", "C"])
    found = two_sources(scores, *PAIR)
    mean = 0.5 * 0.2 + 0.25 * 0.5 - 0.25 * 0.1
    v = sum(w**2 * (d - mean) ** 2 / (1 - w) for w, d in ((0.5, 0.2), (0.25, 0.5), (0.25, -0.1)))
    assert mean == pytest.approx(0.2)
    assert v == pytest.approx(0.0625 * 0.09 / 0.75 * 2)
    assert found.mean == pytest.approx(mean)
    # n_test / n_train is 4 / 8, of which 0.18 is added for what no fold shows.
    assert found.error**2 == pytest.approx(v * 1.09)
    assert found.df == pytest.approx(1 / (0.25 + 0.0625 + 0.0625) - 1)
    bare = two_sources(scores, *PAIR, unseen=0)
    assert bare.error**2 == pytest.approx(v)


def test_equal_groups_of_one_clip_make_the_paired_t_test() -> None:
    d = np.random.default_rng(0).normal(0.1, 1, 25)
    found = two_sources(pair(d.tolist(), [f"g{i}" for i in range(25)]), *PAIR, unseen=0)
    expected = stats.ttest_1samp(d, 0)
    assert found.t == pytest.approx(expected.statistic)
    assert found.df == pytest.approx(24)
    assert found.p == pytest.approx(expected.pvalue)


def test_groups_are_what_a_regression_with_clustered_errors_takes_them_for() -> None:
    """For equal groups v_D is the cluster-robust variance with the factor G / (G - 1)."""
    rng = np.random.default_rng(1)
    group = np.repeat([f"g{i}" for i in range(10)], 4)
    d = rng.normal(0.1, 1, 40) + np.repeat(rng.normal(0, 1, 10), 4)
    residual_sums = (d - d.mean()).reshape(10, 4).sum(axis=1)
    clustered = 10 / 9 * (residual_sums**2).sum() / 40**2
    found = two_sources(pair(d.tolist(), group.tolist()), *PAIR, unseen=0)
    assert found.error**2 == pytest.approx(clustered)


def test_one_round_of_cross_validation_by_hand() -> None:
    # Three folds of two groups, each tested once. Fold means 0.2, 0.4, 0.9.
    d = [0.1, 0.3, 0.5, 0.3, 0.8, 1.0]
    found = two_sources(pair(d, list("ABCDEF"), [0, 0, 1, 1, 2, 2], n_train=4), *PAIR)
    mean, squares = 0.5, [(x - 0.5) ** 2 for x in d]
    v = sum(squares) / 36 / (1 - 1 / 6)
    # A group's share is 1/2 in one fold and 0 in two: its variance over folds is 1/12.
    from_groups = sum(squares) / 12 / (1 - 1 / 6)
    training = max(0.0, np.var([0.2, 0.4, 0.9], ddof=1) - from_groups)
    assert training > 0
    # Each group is tested once, and six are few: 0.7 of n_test / n_train, 29 times.
    parts = (1 + 0.7 * 29 * 0.5) * v, (1 / 3 + 1 / 2) * training
    assert found.mean == pytest.approx(mean)
    assert found.error**2 == pytest.approx(sum(parts))
    assert found.df == pytest.approx(sum(parts) ** 2 / (parts[0] ** 2 / 5 + parts[1] ** 2 / 2))


def test_groups_that_are_tested_again_are_held_against_themselves() -> None:
    # Both folds test both groups; fold 1 is worse by 0.4 for A and by 0.6 for B.
    d = [0.0, 1.0, 0.4, 1.6]
    found = two_sources(pair(d, ["A", "B", "A", "B"], [0, 0, 1, 1]), *PAIR)
    # Means 0.2 and 1.3; v = 2 * (1/2)^2 * 0.55^2 / (1/2). The folds' r are -0.25 and 0.25, of
    # variance 0.125; the groups' own part of it is the mean over folds of 0.1^2 + 0.15^2. In the
    # r of two folds that test the same groups half of either effect is left: all of its variance.
    v = 0.3025
    training = 0.125 - (0.1**2 + 0.15**2)
    # Two groups, one degree of freedom: 0.18 of n_test / n_train, 141 times.
    raised = 1 + 0.18 * 141 * 2 / 8
    assert found.error**2 == pytest.approx(raised * v + (1 / 2 + 2 / 8) * training)


def test_luck_that_a_fold_shares_is_seen_however_many_the_groups() -> None:
    """A fold's luck moves all its clips: averaging over many groups does not make it smaller."""
    rng = np.random.default_rng(3)
    group = [f"g{i % 200:03}" for i in range(1000)]
    fold = np.repeat(range(5), 200)
    luck = np.repeat(rng.normal(0, 1, 5), 200)
    noise = rng.normal(0, 0.1, 1000)
    found = two_sources(pair((luck + noise).tolist(), group, fold.tolist(), 800), *PAIR)
    by_fold = [luck[fold == j].mean() for j in range(5)]
    expected = (1 / 5 + 200 / 800) * np.var(by_fold, ddof=1)
    assert found.error**2 == pytest.approx(expected, rel=0.1)
    assert found.df == pytest.approx(4, abs=0.1)


def made(seed: int, cells: int = 2) -> Scores:
    rng = np.random.default_rng(seed)
    fold = np.repeat(range(4), 12)
    number = np.concatenate([rng.choice(30, 12, replace=False) for _ in range(4)])
    clip = [f"c{i:02}" for i in number]
    kl = rng.gamma(2, 0.3, 30)[number] + rng.gamma(2, 0.1, (cells, 48))
    names = tuple(map(str, range(cells)))
    return Scores(
        names, fold, clip, [f"g{i // 3}" for i in number], dict.fromkeys(range(4), 18), kl
    )


@relaxed
@given(st.integers(0, 10_000), st.sampled_from([1e-6, 0.5, 3.0, 1e6]))
def test_scale_changes_nothing_but_the_scale(seed: int, scale: float) -> None:
    s = made(seed)
    larger = Scores(s.names, s.fold, s.clip, s.group, s.n_train, s.kl * scale)
    one, other = two_sources(s, *PAIR), two_sources(larger, *PAIR)
    assert other.t == pytest.approx(one.t)
    assert other.df == pytest.approx(one.df)
    assert other.error == pytest.approx(scale * one.error)


@relaxed
@given(st.integers(0, 10_000))
def test_names_and_order_change_nothing(seed: int) -> None:
    s = made(seed)
    rows = np.random.default_rng(seed).permutation(len(s.fold))
    renamed = np.char.add("z", s.group)
    other = Scores(s.names, s.fold[rows], s.clip[rows], renamed[rows], s.n_train, s.kl[:, rows])
    assert two_sources(other, *PAIR).error == two_sources(s, *PAIR).error
    # What both cells have in common drops out.
    shifted = Scores(s.names, s.fold, s.clip, s.group, s.n_train, s.kl + s.kl[0] ** 2)
    assert two_sources(shifted, *PAIR).error == pytest.approx(two_sources(s, *PAIR).error)


def test_without_any_spread_a_difference_is_certain_and_none_is_none() -> None:
    flat = two_sources(pair([0.1] * 6, list("ABCDEF"), [0, 0, 1, 1, 2, 2]), *PAIR)
    assert (flat.error, flat.p) == (0, 0)
    none = two_sources(pair([0.0] * 6, list("ABCDEF"), [0, 0, 1, 1, 2, 2]), *PAIR)
    assert (none.t, none.p) == (0, 1)
    alone = two_sources(pair([0.1, 0.2], ["A", "A"]), *PAIR)
    assert math.isnan(alone.p[0])


def test_pairs_are_worked_on_together_as_alone() -> None:
    s = made(5, cells=4)
    a, b = np.triu_indices(4, k=1)
    together = two_sources(s, a, b)
    for i in range(len(a)):
        alone = two_sources(s, a[i : i + 1], b[i : i + 1])
        assert (alone.mean, alone.error, alone.df) == (
            together.mean[i], together.error[i], together.df[i],
        )  # fmt: skip
