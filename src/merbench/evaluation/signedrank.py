"""Wilcoxon's signed-rank test of many samples at once, and the effect size that belongs to it."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["SignedRank", "signed_rank"]

Array = NDArray[np.float64]

EXACT_UP_TO = 50
"""Most differences for which the null distribution is exact where none is zero or tied."""

PERMUTED_UP_TO = 13
"""Most differences for which it is exact where some are zero or tied."""

_CHUNK = 2**18
"""Numbers worked on at once: what the caches of a processor hold."""


class SignedRank(NamedTuple):
    """Test and effect size of each sample; scalars' arrays have shape ()."""

    p: Array
    """Two-sided p-value; 1 where every difference is zero: nothing speaks against equality."""
    rank_biserial: Array
    """On [-1, 1]: 1 where every difference is above zero; 0 where all are zero."""


def signed_rank(differences: ArrayLike) -> SignedRank:
    """Test whether paired differences lie around zero.

    Wilcoxon (1945), "Individual comparisons by ranking methods", two-sided, zero differences
    dropped, no continuity correction: scipy's defaults, which are those of Nguyen et al. (2022).
    As `scipy.stats.wilcoxon` chooses for a single sample, the null distribution is exact for up to
    50 differences without zeros and ties, and for up to 13 with them (all signs, permuted);
    otherwise normal, with the variance corrected for ties. A stacked call of scipy's would choose
    for all samples what suits the worst one.

    The effect size is the matched-pairs rank-biserial correlation (Kerby 2014, "The simple
    difference formula"): the share of the sum of ranks of |difference| that belongs to positive
    differences, less the share of the negative ones.

    Parameters
    ----------
    differences
        Shape (..., n), finite: a sample along the last axis.

    Returns
    -------
    SignedRank
        Shapes (...).
    """
    from scipy import special

    d = np.asarray(differences, np.float64)
    samples = d.reshape(-1, d.shape[-1])
    sums = np.empty((4, len(samples)))
    step = max(1, _CHUNK // max(1, samples.shape[1]))
    for start in range(0, len(samples), step):
        part = slice(start, start + step)
        sums[:, part] = _rank_sums(samples[part])
    positive, negative, n, ties = sums
    p = np.ones(len(samples))
    some = n > 0
    spread = n * (n + 1) * (2 * n + 1) - ties / 2
    z = (positive - negative)[some] / 2 / np.sqrt(spread[some] / 24)
    p[some] = 2 * special.ndtr(-np.abs(z))
    _make_exact(p, samples, np.minimum(positive, negative), n, ties)
    total = positive + negative
    effect = np.divide(positive - negative, total, out=np.zeros_like(total), where=total > 0)
    return SignedRank(p.reshape(d.shape[:-1]), effect.reshape(d.shape[:-1]))


def _rank_sums(samples: Array) -> tuple[Array, Array, Array, Array]:
    """Return each sample's sums of positive and negative ranks, its non-zeros, and sum(t^3 - t).

    A non-negative float and its bits have one order, so the sign can ride along in the lowest bit
    of a shifted integer: sorting integers is several times faster than sorting by index.
    """
    keys = (np.abs(samples).view(np.uint64) << np.uint64(1)) | (samples > 0)
    keys.sort(axis=1)
    positive = (keys & np.uint64(1)).astype(bool)
    keys >>= np.uint64(1)
    zeros = (keys == 0).sum(axis=1)
    n = samples.shape[1] - zeros
    place = np.arange(1, samples.shape[1] + 1, dtype=np.float64)
    sums = positive @ place - zeros * positive.sum(axis=1)
    ties = np.zeros(len(samples))
    tied = ((keys[:, 1:] == keys[:, :-1]) & (keys[:, 1:] > 0)).any(axis=1)
    for row in np.flatnonzero(tied):
        ranks, sizes = _midranks(keys[row, zeros[row] :])
        sums[row] = ranks @ positive[row, zeros[row] :]
        ties[row] = (sizes**3 - sizes).sum()
    return sums, n * (n + 1) / 2 - sums, n.astype(np.float64), ties


def _midranks(ordered: NDArray[np.uint64]) -> tuple[Array, Array]:
    """Return the ranks of sorted numbers, equals sharing their mean, and the numbers of equals."""
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    sizes = np.diff(np.r_[starts, len(ordered)])
    return np.repeat(starts + (sizes + 1) / 2, sizes), sizes.astype(np.float64)


def _make_exact(p: Array, samples: Array, smaller: Array, n: Array, ties: Array) -> None:
    """Replace the p-values, in place, of samples that have an exact null distribution."""
    total = samples.shape[1]
    plain = (ties == 0) & (n == total)
    if 0 < total <= EXACT_UP_TO:
        cumulative = _cumulative(tuple(range(2, 2 * total + 1, 2)))
        p[plain] = np.minimum(1, 2 * cumulative[(2 * smaller[plain]).astype(int)])
    if total <= PERMUTED_UP_TO:
        for row in np.flatnonzero(~plain & (n > 0)):
            magnitudes = np.sort(np.abs(samples[row][samples[row] != 0]))
            ranks, _ = _midranks(magnitudes.view(np.uint64))
            cumulative = _cumulative(tuple(int(rank) for rank in 2 * ranks))
            p[row] = min(1.0, 2 * cumulative[int(2 * smaller[row])])


@lru_cache(maxsize=256)
def _cumulative(doubled_ranks: tuple[int, ...]) -> Array:
    """Return the distribution of the sum of positive (doubled) ranks under signs of a fair coin."""
    counts = np.zeros(sum(doubled_ranks) + 1)
    counts[0] = 1
    for rank in doubled_ranks:
        counts[rank:] = counts[rank:] + counts[: len(counts) - rank]
    return np.asarray(np.cumsum(counts) / 2 ** len(doubled_ranks))
