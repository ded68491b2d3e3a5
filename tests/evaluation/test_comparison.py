from __future__ import annotations

import math
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from merbench import MerbenchError
from merbench.evaluation.comparison import Paired, compare_pairs
from merbench.evaluation.families import holm
from merbench.evaluation.paired_scores import Scores
from merbench.evaluation.signedrank import signed_rank
from merbench.evaluation.two_sources import two_sources

# A busy machine is no failure: no deadline.
relaxed = settings(deadline=None, max_examples=40)


def scores(*cells: np.ndarray, n_train: int = 40) -> Scores:
    """KL of shape (folds, clips a fold); fold j tests clips j, j + 1, ... of a ring of 20."""
    folds, size = cells[0].shape
    fold = np.repeat(np.arange(folds), size)
    clip = np.array([f"clip-{(j + i) % 20:02}" for j in range(folds) for i in range(size)])
    names = tuple(f"cell-{i}" for i in range(len(cells)))
    kl = np.stack([cell.ravel() for cell in cells])
    return Scores(names, fold, clip, clip, dict.fromkeys(range(folds), n_train), kl)


def noise(seed: int, folds: int = 10, size: int = 10) -> np.ndarray:
    return np.random.default_rng(seed).gamma(2, 0.3, (folds, size))


def one(*cells: np.ndarray) -> Paired:
    return compare_pairs(scores(*cells), [(0, 1)])


def test_each_number_is_what_its_definition_gives() -> None:
    a, b = noise(1), noise(2)
    c, d = one(a, b), a - b
    clips = [f"clip-{(j + i) % 20}" for j in range(10) for i in range(10)]
    by_clip = [d.ravel()[np.array(clips) == name].mean() for name in sorted(set(clips))]
    means = d.mean(axis=1)
    found = two_sources(scores(a, b), np.array([0]), np.array([1]))
    assert (c.corrected_t, c.corrected_p, c.corrected_df) == (found.t, found.p, found.df)
    assert (c.kl_low, c.kl_high) == found.interval()
    old = means.mean() / math.sqrt((1 / 10 + 10 / 40) * means.var(ddof=1))
    assert c.resampled_p == pytest.approx(2 * stats.t.sf(abs(old), 9))
    assert c.clip_p == pytest.approx(stats.wilcoxon(by_clip).pvalue)
    assert c.rank_biserial == pytest.approx(float(signed_rank(by_clip).rank_biserial))
    assert c.naive_p == pytest.approx(stats.wilcoxon(d.ravel()).pvalue)
    assert c.n_folds_p_below_05 == sum(stats.wilcoxon(fold).pvalue < 0.05 for fold in d)
    df, error = found.df[0], found.error[0]
    assert c.p_a_better == pytest.approx(stats.t.cdf(-0.01, df, means.mean(), error))
    assert c.p_b_better == pytest.approx(stats.t.sf(0.01, df, means.mean(), error))
    assert c.p_a_better + c.p_equal + c.p_b_better == pytest.approx(1)
    assert c.detectable == found.detectable()
    assert (c.corrected_p_holm, c.clip_p_holm) == (c.corrected_p, c.clip_p)
    assert (c.group_p, c.group_rank_biserial) == (c.clip_p, c.rank_biserial)


def test_pairs_are_compared_together_as_alone() -> None:
    """The family's correction apart, the family changes nothing, to the last digit."""
    cells = scores(*[noise(i) + 0.1 * i for i in range(5)], noise(0))
    pairs = [(i, j) for i in range(6) for j in range(6) if i != j]
    together = compare_pairs(cells, pairs)
    for i, pair in enumerate(pairs):
        alone = compare_pairs(cells, [pair])
        for field in fields(Paired):
            if field.name not in ("corrected_p_holm", "clip_p_holm", "significant"):
                value = getattr(together, field.name)[i]
                assert value == getattr(alone, field.name)[0], field.name


def test_a_family_is_corrected_together() -> None:
    cells = scores(*[noise(i) + 0.1 * i for i in range(4)])
    pairs = [(a, b) for a in range(4) for b in range(a + 1, 4)]
    family = compare_pairs(cells, pairs)
    assert family.corrected_p_holm.tolist() == holm(family.corrected_p).tolist()
    assert family.clip_p_holm.tolist() == holm(family.clip_p).tolist()
    alone = [bool(compare_pairs(cells, [pair]).significant[0]) for pair in pairs]
    assert (family.significant <= alone).all()
    assert sum(family.significant) < sum(alone)


@relaxed
@given(st.integers(0, 10_000))
def test_comparison_is_antisymmetric(seed: int) -> None:
    both = compare_pairs(scores(noise(seed), noise(seed + 1) + 0.3), [(0, 1), (1, 0)])
    for field in ("kl_difference", "corrected_t", "rank_biserial", "group_rank_biserial"):
        assert getattr(both, field)[0] == -getattr(both, field)[1], field
    for field in ("corrected_p", "clip_p", "naive_p", "n_folds_p_below_05", "detectable"):
        assert getattr(both, field)[0] == getattr(both, field)[1], field
    assert both.kl_low[0] == -both.kl_high[1]
    assert both.p_a_better[0] == both.p_b_better[1]
    assert {"a": "b", "b": "a", "": ""}[both.better[0]] == both.better[1]


@relaxed
@given(st.integers(0, 10_000), st.permutations(range(4)))
def test_order_of_cells_and_rows_does_not_matter(seed: int, order: list[int]) -> None:
    cells = [noise(seed + i) + 0.1 * i for i in range(4)]
    s = scores(*cells)
    rows = np.random.default_rng(seed).permutation(len(s.fold))
    shuffled = Scores(
        s.names, s.fold[rows], s.clip[rows], s.group[rows], s.n_train, s.kl[order][:, rows]
    )
    place = {cell: position for position, cell in enumerate(order)}
    pairs = np.array([(a, b) for a in range(4) for b in range(4) if a != b])
    moved = np.vectorize(place.get)(pairs)
    one, other = compare_pairs(s, pairs), compare_pairs(shuffled, moved)
    for field in fields(Paired):
        expected = getattr(one, field.name)
        np.testing.assert_array_equal(getattr(other, field.name), expected, field.name)


def test_a_cell_does_not_differ_from_itself() -> None:
    c = one(noise(1), noise(1))
    assert (c.corrected_t, c.corrected_p, c.clip_p, c.naive_p, c.rank_biserial) == (0, 1, 1, 1, 0)
    assert (c.n_folds_p_below_05, c.p_equal, c.detectable) == (0, 1, 0)
    assert c.better == [""]


def test_a_large_difference_is_significant_and_says_who_is_better() -> None:
    a = noise(1)
    far = 0.5 + 0.1 * noise(5)
    c = compare_pairs(scores(a, a + far, a - far), [(0, 1), (0, 2)])
    assert c.significant.all()
    assert c.better.tolist() == ["a", "b"]
    assert c.p_a_better[0] > 0.95
    assert c.p_b_better[1] > 0.95


def test_folds_that_pull_either_way_are_no_verdict() -> None:
    a = noise(1)
    b = a + 0.5 + 0.01 * noise(2)
    b[::2] -= 1.02  # every other fold pulls the other way
    c = one(a, b)
    assert c.corrected_p > 0.05
    assert not c.significant


def test_clips_of_one_group_are_one_witness() -> None:
    """Four groups that agree are four, not twenty, whatever they say."""
    a, step = noise(1, size=20), np.repeat([0.4, 0.5, 0.6, 0.7], 5)
    b = np.array([a[j] + np.roll(step, -j) for j in range(10)])
    s = scores(a, b)
    grouped = Scores(
        s.names, s.fold, s.clip, [f"g{int(c[-2:]) // 5}" for c in s.clip], s.n_train, s.kl
    )
    alone, together = compare_pairs(s, [(0, 1)]), compare_pairs(grouped, [(0, 1)])
    assert alone.group_p == alone.clip_p == together.clip_p < 0.001
    assert together.group_p == pytest.approx(2 / 2**4)
    assert together.group_rank_biserial == together.rank_biserial == -1
    assert together.significant
    assert together.corrected_df == pytest.approx(3)
    assert alone.corrected_df == pytest.approx(19)


def test_one_fold_decides_for_the_models_as_they_were_fitted() -> None:
    a = noise(1, folds=1, size=20)
    c = one(a, a + 0.5 + 0.1 * noise(2, folds=1, size=20))
    assert np.isnan(c.resampled_p)
    assert c.kl_high < -0.4
    assert 0 < c.detectable < 0.2
    assert c.better == ["b" if c.kl_difference > 0 else "a"]


def test_one_group_says_nothing() -> None:
    s = scores(noise(1), noise(2) + 5)
    alone = Scores(s.names, s.fold, s.clip, np.full(len(s.clip), "g"), s.n_train, s.kl)
    c = compare_pairs(alone, [(0, 1)])
    assert np.isnan([c.corrected_p, c.corrected_p_holm, c.kl_low, c.p_equal, c.detectable]).all()
    assert not c.significant


def test_no_pairs_are_a_family_too() -> None:
    assert compare_pairs(scores(noise(1)), []).significant.shape == (0,)


@pytest.mark.parametrize(
    ("pairs", "message"),
    [([(0, 2)], "not there; there are 2"), ([(-1, 0)], "not there"), ([0, 1], "shape"),
     ([(0.0, 1.0)], "give")],
)  # fmt: skip
def test_pairs_that_are_none_are_refused(pairs, message: str) -> None:
    with pytest.raises(MerbenchError, match=message):
        compare_pairs(scores(noise(1), noise(2)), pairs)
