"""Whether one cell is better than another, on the clips both were tested on.

Repeated splits of one dataset share clips, so their results are not independent; neither are clips
of one group. Tests that take them for independent find differences that are not there. One test
decides, that of `two_sources`, corrected for the family of comparisons. The others are reported
because papers do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from merbench.errors import MerbenchError
from merbench.evaluation.families import holm
from merbench.evaluation.paired_scores import Scores
from merbench.evaluation.resampled import corrected
from merbench.evaluation.signedrank import SignedRank, signed_rank
from merbench.evaluation.two_sources import two_sources

__all__ = ["ALPHA", "ROPE", "Paired", "compare_pairs"]

Array = NDArray[np.float64]

ALPHA = 0.05
"""Level of significance, after correction for the family of comparisons."""

ROPE = 0.01
"""Region of practical equivalence, in nats: mean KL that differs by less is as good as equal.

KL is an expected log-likelihood ratio, so 0.01 is one percent of likelihood a clip, as one percent
of accuracy is the usual region for classifiers (Benavoli et al. 2017). For a normal it is the cost
of a mean that is off by a seventh of the raters' standard deviation: some 0.02 of the [0, 1] scale,
a sixth of a step of a nine-point scale. The label's own sampling error costs more with any panel
below two hundred raters (2 / n nats, see `ceiling`).
"""

_CHUNK = 2**20


@dataclass(frozen=True, eq=False)
class Paired:
    """Each of P pairs of cells (a, b) compared; every array has shape (P,), KL is in nats.

    Differences are KL of `a` minus KL of `b`: below 0, `a` is better.

    Parameters
    ----------
    kl_difference, kl_low, kl_high
        Mean over folds of the folds' mean differences, and its corrected 95 % interval (of this
        pair by itself, not of the family).
    corrected_t, corrected_df, corrected_p
        The test that decides: Student's t of the mean difference, its degrees of freedom and its
        two-sided p-value. See `two_sources`.
    corrected_p_holm
        `corrected_p`, corrected for the family of comparisons by Holm's method.
    resampled_p
        Nadeau and Bengio's corrected resampled t-test, which knows the folds alone and has one
        degree of freedom less than there are folds; NaN for a single fold. Papers report it.
    clip_p, clip_p_holm
        Wilcoxon's signed-rank test over clips, each clip's difference averaged over its tests. It
        takes clips of one group for independent.
    group_p
        The same over groups, each the average of its clips. Where every clip is a group it is
        `clip_p`.
    naive_p
        Wilcoxon's signed-rank test of all rows pooled, which takes every test of a clip for a
        clip of its own. Papers report it; no basis for a conclusion.
    n_folds_p_below_05
        Folds in which Wilcoxon's test of the fold's clips, the paper's, falls below 0.05. No basis
        for a conclusion over folds either.
    rank_biserial, group_rank_biserial
        Effect size over clips, on [-1, 1]: -1 where `a` is better on every clip; and over groups.
    p_a_better, p_equal, p_b_better
        Posterior probabilities, from the Bayesian correlated t-test, that `a` is better by more
        than the region of practical equivalence, neither is, and `b` is.
    detectable
        Smallest true difference that the deciding test finds at 5 %, two-sided, with 80 % power.
    significant
        Whether `corrected_p_holm` is below `alpha`.

    Of a single fold, all of this holds for the models as they were fitted; of a single group, NaN
    stands for what nobody can know.
    """

    kl_difference: Array
    kl_low: Array
    kl_high: Array
    corrected_t: Array
    corrected_df: Array
    corrected_p: Array
    corrected_p_holm: Array
    resampled_p: Array
    clip_p: Array
    clip_p_holm: Array
    group_p: Array
    naive_p: Array
    n_folds_p_below_05: NDArray[np.int64]
    rank_biserial: Array
    group_rank_biserial: Array
    p_a_better: Array
    p_equal: Array
    p_b_better: Array
    detectable: Array
    significant: NDArray[np.bool_]

    @property
    def better(self) -> NDArray[np.str_]:
        """Which of the two is better: "a" or "b" where the difference is significant, else ""."""
        return np.where(self.significant, np.where(self.kl_difference < 0, "a", "b"), "")


def compare_pairs(
    scores: Scores, pairs: ArrayLike, *, alpha: float = ALPHA, rope: float = ROPE
) -> Paired:
    """Compare pairs of cells, which together are one family.

    Parameters
    ----------
    scores
        The cells.
    pairs
        Shape (P, 2): places of `a` and `b` among the cells.
    alpha
        Level of significance, after correction for the family.
    rope
        Half the width of the region of practical equivalence, in nats.

    Raises
    ------
    MerbenchError
        For pairs of another shape or of cells that are not there.
    """
    a, b = _places(scores, pairs).T
    difference = two_sources(scores, a, b)
    by_fold = corrected(scores.fold_means[a] - scores.fold_means[b], scores.test_train_ratio)
    over_groups = _tested(scores.group_means, a, b)
    grouped = len(scores.groups) < len(scores.clips)
    over_clips = _tested(scores.clip_means, a, b) if grouped else over_groups
    low, high = difference.interval()
    posterior = difference.posterior(rope)
    naive, folds_below = _naive_tests(scores, a, b)
    of_family = holm(difference.p)
    return Paired(
        kl_difference=difference.mean,
        kl_low=low,
        kl_high=high,
        corrected_t=difference.t,
        corrected_df=difference.df,
        corrected_p=difference.p,
        corrected_p_holm=of_family,
        resampled_p=by_fold.p,
        clip_p=over_clips.p,
        clip_p_holm=holm(over_clips.p),
        group_p=over_groups.p,
        naive_p=naive,
        n_folds_p_below_05=folds_below,
        rank_biserial=over_clips.rank_biserial,
        group_rank_biserial=over_groups.rank_biserial,
        p_a_better=posterior.below,
        p_equal=posterior.inside,
        p_b_better=posterior.above,
        detectable=difference.detectable(),
        significant=of_family < alpha,
    )


def _tested(means: Array, a: NDArray[np.intp], b: NDArray[np.intp]) -> SignedRank:
    """Make a signed-rank test of each pair's differences: rows of (K, n)."""
    step = max(1, _CHUNK // means.shape[1])
    parts = [slice(start, start + step) for start in range(0, max(1, len(a)), step)]
    found = [signed_rank(means[a[part]] - means[b[part]]) for part in parts]
    return SignedRank(*(np.concatenate(column) for column in zip(*found, strict=True)))


def _naive_tests(
    scores: Scores, a: NDArray[np.intp], b: NDArray[np.intp]
) -> tuple[Array, NDArray[np.int64]]:
    """Return p over all rows pooled, and the number of folds whose own p is below 0.05."""
    pooled, below = np.empty(len(a)), np.zeros(len(a), np.int64)
    step = max(1, _CHUNK // scores.kl.shape[1])
    for start in range(0, len(a), step):
        part = slice(start, start + step)
        d = scores.kl[a[part]] - scores.kl[b[part]]
        pooled[part] = signed_rank(d).p
        for fold in scores.fold_slices:
            below[part] += signed_rank(d[:, fold]).p < 0.05
    return pooled, below


def _places(scores: Scores, pairs: ArrayLike) -> NDArray[np.intp]:
    places = np.asarray(pairs, np.intp).reshape(-1, 2) if np.size(pairs) == 0 else np.asarray(pairs)
    if places.ndim != 2 or places.shape[1] != 2 or places.dtype.kind not in "iu":
        raise MerbenchError(f"pairs have shape {places.shape}; give (pairs, 2), two places each")
    if places.size and (places.min() < 0 or places.max() >= len(scores.names)):
        raise MerbenchError(f"a pair names a cell that is not there; there are {len(scores.names)}")
    return places.astype(np.intp)
