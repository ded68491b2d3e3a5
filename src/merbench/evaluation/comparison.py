"""Whether one cell is better than another, on the clips both were tested on.

Repeated splits of one dataset share clips, so their results are not independent. Tests that take
them for independent find differences that are not there. `compare_pairs` therefore calls a
difference significant only where two tests that allow for the overlap agree, and in direction too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from merbench.errors import MerbenchError
from merbench.evaluation.resampled import Corrected, corrected
from merbench.evaluation.scores import Scores
from merbench.evaluation.signedrank import signed_rank

__all__ = ["ALPHA", "ROPE", "Paired", "compare_pairs", "holm", "verdicts"]

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
    corrected_t, corrected_p, corrected_p_holm
        Nadeau and Bengio's corrected resampled t-test over folds; NaN for a single fold. The last
        is corrected for the family of comparisons.
    clip_p, clip_p_holm
        Wilcoxon's signed-rank test over clips, each clip's difference averaged over its tests.
    naive_p
        Wilcoxon's signed-rank test of all rows pooled, which takes every test of a clip for a
        clip of its own. Papers report it; no basis for a conclusion.
    n_folds_p_below_05
        Folds in which Wilcoxon's test of the fold's clips, the paper's, falls below 0.05. No basis
        for a conclusion over folds either.
    rank_biserial
        Effect size over clips, on [-1, 1]: -1 where `a` is better on every clip.
    p_a_better, p_equal, p_b_better
        Posterior probabilities, from the Bayesian correlated t-test, that `a` is better by more
        than the region of practical equivalence, neither is, and `b` is. NaN for a single fold.
    detectable
        Smallest true difference that the corrected t-test finds at 5 %, two-sided, with 80 %
        power; NaN for a single fold.
    significant
        See `verdicts`.
    """

    kl_difference: Array
    kl_low: Array
    kl_high: Array
    corrected_t: Array
    corrected_p: Array
    corrected_p_holm: Array
    clip_p: Array
    clip_p_holm: Array
    naive_p: Array
    n_folds_p_below_05: NDArray[np.int64]
    rank_biserial: Array
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
        Level of significance, after Holm's correction.
    rope
        Half the width of the region of practical equivalence, in nats.

    Raises
    ------
    MerbenchError
        For pairs of another shape or of cells that are not there.
    """
    a, b = _places(scores, pairs).T
    means, clips_p, effect = corrected_and_clip_tests(scores, a, b)
    low, high = means.interval()
    posterior = means.posterior(rope)
    naive, folds_below = _naive_tests(scores, a, b)
    corrected_holm, clip_holm = holm(means.p), holm(clips_p)
    return Paired(
        kl_difference=means.mean,
        kl_low=low,
        kl_high=high,
        corrected_t=means.t,
        corrected_p=means.p,
        corrected_p_holm=corrected_holm,
        clip_p=clips_p,
        clip_p_holm=clip_holm,
        naive_p=naive,
        n_folds_p_below_05=folds_below,
        rank_biserial=effect,
        p_a_better=posterior.below,
        p_equal=posterior.inside,
        p_b_better=posterior.above,
        detectable=means.detectable(),
        significant=verdicts(means.mean, corrected_holm, effect, clip_holm, alpha=alpha),
    )


def corrected_and_clip_tests(
    scores: Scores, a: NDArray[np.intp], b: NDArray[np.intp]
) -> tuple[Corrected, Array, Array]:
    """Return what verdicts rest on: differences over folds; p and effect size over clips."""
    means = corrected(scores.fold_means[a] - scores.fold_means[b], scores.test_train_ratio)
    p, effect = np.empty(len(a)), np.empty(len(a))
    step = max(1, _CHUNK // len(scores.clips))
    for start in range(0, len(a), step):
        part = slice(start, start + step)
        tested = signed_rank(scores.clip_means[a[part]] - scores.clip_means[b[part]])
        p[part], effect[part] = tested.p, tested.rank_biserial
    return means, p, effect


def verdicts(
    difference: ArrayLike,
    corrected_p: ArrayLike,
    rank_biserial: ArrayLike,
    clip_p: ArrayLike,
    *,
    alpha: float = ALPHA,
) -> NDArray[np.bool_]:
    """Tell which differences are significant: both tests below `alpha`, in one direction.

    The p-values are those after correction for the family. NaN, of a single fold, is no verdict.
    """
    below = (np.asarray(corrected_p) < alpha) & (np.asarray(clip_p) < alpha)
    return np.asarray(below & (np.asarray(difference) * np.asarray(rank_biserial) > 0))


def holm(p_values: ArrayLike) -> Array:
    """Adjust the p-values of a family of tests by Holm's step-down method.

    Holm (1979), "A simple sequentially rejective multiple test procedure". A NaN is a test that
    could not be made: it stays NaN and doesn't count towards the family.

    Parameters
    ----------
    p_values
        Shape (m,), in any order.

    Returns
    -------
    ndarray
        Shape (m,), in the same order; none below the p-value it comes from, none above 1.
    """
    p = np.asarray(p_values, np.float64)
    adjusted = np.full(p.shape, np.nan)
    made = np.flatnonzero(~np.isnan(p))
    order = made[np.argsort(p[made], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * factors), 1.0)
    return adjusted


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
