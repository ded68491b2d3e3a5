from __future__ import annotations

import math
from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from merbench import MerbenchError
from merbench.evaluation.comparison import (
    CellScores,
    adjust,
    compare,
    compare_pairs,
    corrected_interval,
    corrected_t_test,
    holm,
    rank_biserial,
    wilcoxon,
)

# A busy machine is no failure: no deadline.
relaxed = settings(deadline=None, max_examples=40)
differences = st.lists(
    st.integers(-1000, 1000).map(lambda i: i / 1000), min_size=1, max_size=60
).map(np.array)
p_values = st.lists(st.floats(0, 1), min_size=1, max_size=30)


def cell(name: str, kl: np.ndarray, *, n_train: int = 40) -> CellScores:
    """KL of shape (folds, clips a fold); fold j tests clips j, j + 1, ... of a ring of 20."""
    folds, size = kl.shape
    fold = np.repeat(np.arange(folds), size)
    clip = np.array([f"clip-{(j + i) % 20}" for j in range(folds) for i in range(size)])
    return CellScores(name, fold, clip, kl.ravel(), dict.fromkeys(range(folds), n_train))


def noise(seed: int, folds: int = 10, size: int = 10) -> np.ndarray:
    return np.random.default_rng(seed).gamma(2, 0.3, (folds, size))


def test_corrected_t_test_by_hand() -> None:
    # mean 0.2, s^2 0.01, t = 0.2 / sqrt((1/3 + 1/4) 0.01); with 2 degrees of freedom the
    # two-sided p is 1 - t / sqrt(t^2 + 2).
    t, df, p = corrected_t_test([0.1, 0.2, 0.3], 0.25)
    assert t == pytest.approx(2.6186146828)
    assert df == 2
    assert p == pytest.approx(1 - 2.6186146828 / math.sqrt(2.6186146828**2 + 2))
    assert p == pytest.approx(0.1201, abs=5e-5)


def test_corrected_t_test_without_overlap_is_the_paired_t_test() -> None:
    d = np.random.default_rng(0).normal(0.1, 1, 12)
    expected = stats.ttest_1samp(d, 0)
    t, _, p = corrected_t_test(d, 0.0)
    assert t == pytest.approx(expected.statistic)
    assert p == pytest.approx(expected.pvalue)


def test_corrected_t_test_of_degenerate_folds() -> None:
    assert all(math.isnan(x) for x in (corrected_t_test([0.3], 0.25).t, corrected_t_test([], 1).p))
    assert corrected_t_test([0.0, 0.0, 0.0], 0.25) == (0.0, 2, 1.0)
    assert corrected_t_test([0.1] * 6, 0.25) == (math.inf, 5, 0.0)
    assert corrected_t_test([-0.1] * 6, 0.25) == (-math.inf, 5, 0.0)
    assert corrected_t_test([-0.1, 0.1], 0.25).p == 1


@relaxed
@given(differences, st.floats(0, 2), st.floats(0.01, 1))
def test_more_overlap_never_makes_a_difference_more_certain(
    d: np.ndarray, ratio: float, more: float
) -> None:
    assume(len(d) > 1)
    assert corrected_t_test(d, ratio + more).p >= corrected_t_test(d, ratio).p - 1e-12
    low, high = corrected_interval(d, ratio)
    wide_low, wide_high = corrected_interval(d, ratio + more)
    assert wide_low <= low <= d.mean() <= high <= wide_high or np.ptp(d) < 1e-9


@relaxed
@given(differences, st.floats(0, 2))
def test_interval_excludes_zero_exactly_where_the_test_rejects(d: np.ndarray, ratio: float) -> None:
    assume(len(d) > 1 and np.ptp(d) > 0)
    p = corrected_t_test(d, ratio).p
    assume(abs(p - 0.05) > 1e-9)
    low, high = corrected_interval(d, ratio)
    assert (p < 0.05) == (low > 0 or high < 0)


def test_interval_of_a_single_fold_is_unknown() -> None:
    assert all(math.isnan(end) for end in corrected_interval([0.4], 0.25))


def test_holm_by_hand() -> None:
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(holm([0.5, math.nan, 0.9]), [1.0, math.nan, 1.0])
    assert holm([]).shape == (0,)


@relaxed
@given(p_values, st.randoms(use_true_random=False))
def test_holm_is_bounded_monotone_and_blind_to_order(p: list[float], random) -> None:
    adjusted = holm(p)
    assert (adjusted >= p).all()
    assert (adjusted <= np.minimum(1, len(p) * np.array(p)) + 1e-15).all()
    order = np.argsort(p, kind="stable")
    assert (np.diff(adjusted[order]) >= 0).all()
    assert adjusted[order[0]] == pytest.approx(min(1, len(p) * min(p)))
    shuffled = random.sample(range(len(p)), len(p))
    np.testing.assert_allclose(holm(np.array(p)[shuffled]), adjusted[shuffled])


def test_rank_biserial_by_hand() -> None:
    assert rank_biserial([1, 2, 3, -4]) == pytest.approx((6 - 4) / 10)
    assert rank_biserial([0, -1, -1, 2]) == pytest.approx((3 - 3) / 6)
    assert rank_biserial([0.2, 0.1]) == 1
    assert rank_biserial([0.0, 0.0]) == 0


@relaxed
@given(differences)
def test_rank_biserial_is_bounded_antisymmetric_and_scipys_statistic(d: np.ndarray) -> None:
    r = rank_biserial(d)
    assert -1 <= r <= 1
    assert rank_biserial(-d) == -r
    assert rank_biserial(7 * d) == pytest.approx(r)
    n = np.count_nonzero(d)
    if n:
        smaller = stats.wilcoxon(d, method="asymptotic").statistic
        assert abs(r) == pytest.approx(1 - 4 * smaller / (n * (n + 1)))


@settings(deadline=None, max_examples=12)  # scipy permutes where few clips have ties
@given(differences)
def test_wilcoxon_is_a_p_value_and_symmetric(d: np.ndarray) -> None:
    p = wilcoxon(d)
    assert 0 <= p <= 1
    assert wilcoxon(-d) == pytest.approx(p)


def test_wilcoxon_of_five_positive_differences_by_hand() -> None:
    # All five signs alike: one of 2^5 outcomes, on either side.
    assert wilcoxon([1, 2, 3, 4, 5]) == pytest.approx(2 / 32)
    assert wilcoxon([0, 0, 0]) == 1


def test_compare_uses_each_fold_and_each_clip_as_it_says() -> None:
    a, b = noise(1), noise(2)
    c = compare(cell("a", a), cell("b", b))
    d = a - b
    assert (c.n_folds, c.n_clips) == (10, 19)
    assert c.fold_p == pytest.approx([stats.wilcoxon(fold).pvalue for fold in d])
    t = d.mean(axis=1).mean() / math.sqrt((1 / 10 + 10 / 40) * d.mean(axis=1).var(ddof=1))
    assert c.kl_mean_difference == pytest.approx(d.mean())
    assert c.corrected_t == pytest.approx(t)
    assert c.corrected_p == pytest.approx(2 * stats.t.sf(abs(t), 9))
    clips = cell("a", a).clip.reshape(10, 10)
    by_clip = [d[clips == name].mean() for name in np.unique(clips)]
    assert c.clip_p == pytest.approx(stats.wilcoxon(by_clip).pvalue)
    assert c.rank_biserial == pytest.approx(rank_biserial(by_clip))
    assert c.corrected_p_holm == c.corrected_p
    assert c.clip_p_holm == c.clip_p
    assert set(asdict(c)) >= {"a", "b", "significant", "alpha"}


@relaxed
@given(st.integers(0, 10_000))
def test_compare_is_antisymmetric(seed: int) -> None:
    a, b = cell("a", noise(seed)), cell("b", noise(seed + 1) + 0.3)
    one, other = compare(a, b), compare(b, a)
    assert one.kl_mean_difference == -other.kl_mean_difference
    assert one.corrected_t == -other.corrected_t
    assert one.rank_biserial == -other.rank_biserial
    assert one.corrected_p == other.corrected_p
    assert one.clip_p == pytest.approx(other.clip_p)
    assert one.fold_p == pytest.approx(other.fold_p)
    assert one.better == other.better


def test_a_cell_does_not_differ_from_itself() -> None:
    c = compare(cell("a", noise(1)), cell("same", noise(1)))
    assert c.fold_p == (1.0,) * 10
    assert (c.corrected_t, c.corrected_p, c.clip_p, c.rank_biserial) == (0, 1, 1, 0)
    assert not c.significant
    assert c.better is None


def test_a_large_difference_is_significant_and_says_who_is_better() -> None:
    a = noise(1)
    c = compare(cell("a", a), cell("b", a + 0.5 + 0.1 * noise(5)))
    assert c.significant
    assert c.better == "a"
    assert compare(cell("a", a), cell("b", a - 0.5 - 0.1 * noise(5))).better == "b"


def test_both_tests_must_agree() -> None:
    a = noise(1)
    b = a + 0.5 + 0.01 * noise(2)
    b[::2] -= 1.02  # every other fold pulls the other way
    c = compare(cell("a", a), cell("b", b))
    assert c.corrected_p > 0.05
    assert not c.significant


def test_a_better_mean_with_worse_ranks_is_no_verdict() -> None:
    # On four clips of five a is a little better, on the fifth far worse.
    ring = np.array([5.0 if i % 5 == 0 else -0.05 - i / 1000 for i in range(20)])
    d = np.array([[ring[(j + i) % 20] for i in range(20)] for j in range(6)])
    d += np.random.default_rng(0).normal(0, 1e-3, (6, 1))
    b = np.full((6, 20), 6.0)
    c = compare(cell("a", b + d), cell("b", b))
    assert c.corrected_p < 0.05
    assert c.kl_mean_difference > 0 > c.rank_biserial
    assert not c.significant
    # The same p-values pointing one way are a verdict: it is the direction that decides.
    agreed = replace(c, clip_p=0.001, rank_biserial=0.4)
    assert adjust([agreed])[0].significant
    assert not adjust([replace(agreed, rank_biserial=-0.4)])[0].significant


def test_a_family_is_corrected_together() -> None:
    cells = [cell(f"system-{i}", noise(i) + 0.1 * i) for i in range(4)]
    pairs = [(a, b) for i, a in enumerate(cells) for b in cells[i + 1 :]]
    family = compare_pairs(pairs)
    alone = [compare(a, b) for a, b in pairs]
    assert [c.corrected_p_holm for c in family] == list(holm([c.corrected_p for c in alone]))
    assert [c.clip_p_holm for c in family] == list(holm([c.clip_p for c in alone]))
    for c in family:
        agree = c.kl_mean_difference * c.rank_biserial > 0
        below = max(c.corrected_p_holm, c.clip_p_holm) < 0.05
        assert c.significant == (below and agree)
    assert sum(c.significant for c in family) <= sum(c.significant for c in alone)


def test_one_fold_says_nothing_over_folds() -> None:
    a = noise(1, folds=1, size=20)
    c = compare(cell("a", a), cell("b", a + 1))
    assert math.isnan(c.corrected_p)
    assert c.clip_p < 0.001
    assert not c.significant


def test_ratio_is_averaged_over_folds_of_unequal_size() -> None:
    scores = CellScores("a", [0, 0, 0, 1], ["x", "y", "z", "x"], np.ones(4), {0: 6, 1: 4})
    assert scores.test_train_ratio == pytest.approx((3 / 6 + 1 / 4) / 2)


def test_cells_of_different_splits_are_not_compared() -> None:
    a = cell("a", noise(1))
    clips = a.clip.copy()
    clips[[3, 4]] = clips[[4, 3]]
    other_clips = CellScores("b", a.fold, clips, a.kl, a.n_train)
    with pytest.raises(MerbenchError, match="different splits: row 3 is clip clip-3 in fold 0"):
        compare(a, other_clips)
    with pytest.raises(MerbenchError, match="a has 100 scored rows and b 90"):
        compare(a, cell("b", noise(2, folds=9)))
    with pytest.raises(MerbenchError, match="40 and 39 training clips in fold 0"):
        compare(a, cell("b", noise(2), n_train=39))
    other_folds = CellScores("b", a.fold + 1, a.clip, a.kl, dict.fromkeys(range(11), 40))
    with pytest.raises(MerbenchError, match="different splits"):
        compare(a, other_folds)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kl": np.array([0.1, np.nan, 0.2])}, "KL of clip y in fold 0 is not finite"),
        ({"clip": np.array(["x", "x", "z"])}, "a clip stands twice in one fold"),
        ({"kl": np.ones(2)}, "3 folds, 3 clips and 2 KL values"),
        ({"n_train": {0: 4}}, "unknown for fold 1"),
        ({"fold": np.array([]), "clip": np.array([]), "kl": np.array([])}, "nothing to compare"),
    ],
)
def test_scores_that_cannot_be_compared_are_refused(change: dict, message: str) -> None:
    scores = {
        "fold": np.array([0, 0, 1]),
        "clip": np.array(["x", "y", "x"]),
        "kl": np.ones(3),
        "n_train": {0: 4, 1: 4},
    }
    with pytest.raises(MerbenchError, match=message):
        CellScores("a", **(scores | change))
