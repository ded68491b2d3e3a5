"""Tiers: runs of ranks, none of which is significantly worse than its first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from merbench.evaluation.comparison import ALPHA
from merbench.evaluation.families import holm_within
from merbench.evaluation.paired_scores import Scores
from merbench.evaluation.resampled import POWER
from merbench.evaluation.two_sources import two_sources, variance_parts

__all__ = ["MOST_TIMES", "AllPairs", "groups_needed", "tiers"]

Array = NDArray[np.float64]

MOST_TIMES = 100.0
"""Times the groups at hand beyond which nobody is told how many would be needed."""

_HALVINGS = 25
"""Of the logarithm of that: enough for a group in a million."""

_FAR = 30.0
"""Standard errors by which a difference may lie above three times the critical value."""


@dataclass(frozen=True, eq=False)
class AllPairs:
    """Every cell of a table held against every other, from which all verdicts come.

    Parameters
    ----------
    p
        Shape (K, K): the p-value of each pair, corrected for its family; 1 on the diagonal, NaN
        where nothing could be tested.
    mean
        Shape (K,): what cells are ranked by, less is better.
    """

    p: Array
    mean: Array

    @classmethod
    def of(cls, scores: Scores, family: ArrayLike = 0) -> AllPairs:
        """Compare all pairs of cells.

        Parameters
        ----------
        scores
            The K cells.
        family
            The number of each pair's family, in the order of `numpy.triu_indices`; one number where
            all are one. Holm's correction is made within each.
        """
        a, b = np.triu_indices(len(scores.names), k=1)
        p = two_sources(scores, a, b).p
        return cls.from_pairs(scores.kl_mean, holm_within(p, np.broadcast_to(family, p.shape)))

    @classmethod
    def from_pairs(cls, mean: ArrayLike, p: ArrayLike) -> AllPairs:
        """Take corrected p-values in the order of `numpy.triu_indices`; NaN tells nothing apart."""
        mean = np.asarray(mean, np.float64)
        matrix = np.ones((len(mean), len(mean)))
        a, b = np.triu_indices(len(mean), k=1)
        matrix[a, b] = matrix[b, a] = np.asarray(p, np.float64)
        return cls(matrix, mean)

    def better(self, alpha: float = ALPHA) -> NDArray[np.bool_]:
        """Tell whether the cell of a row is significantly better than that of a column: (K, K)."""
        return np.asarray((self.p < alpha) & (self.mean[:, None] < self.mean[None, :]))


def tiers(better: ArrayLike, mean: ArrayLike) -> NDArray[np.int64]:
    """Sort cells into tiers, each a run of ranks.

    The cell with the least mean leads tier 1. The first cell down the ranks that is significantly
    worse than it leads tier 2, and so on: no cell of a tier is significantly worse than the one
    that leads it, and none stands in a better tier than one that ranks above it. A cell that varies
    much may stand in a lower tier by its rank and still not be told from a higher one's leader.

    Who leads is chosen by the data, so that verdicts must come from the family of all pairs of
    these cells (`AllPairs`): then, with probability 1 - alpha, whoever leads a tier is truly worse
    than whoever leads the one above. Correcting for a leader's comparisons alone would part one of
    twenty equal cells from the rest far too often (Hsu 1996, "Multiple comparisons", Chapter 4).

    Parameters
    ----------
    better
        Shape (K, K): whether the cell of a row is significantly better than that of a column.
    mean
        Shape (K,), less is better.

    Returns
    -------
    ndarray
        Shape (K,): tiers, 1 the best.
    """
    told = np.asarray(better, bool)
    order = np.argsort(np.asarray(mean, np.float64), kind="stable")
    tier = np.zeros(len(order), np.int64)
    number = start = 0
    while start < len(order):
        number += 1
        worse = np.flatnonzero(told[order[start], order[start:]])
        end = start + int(worse[0]) if len(worse) else len(order)
        tier[order[start:end]] = number
        start = end
    return tier


def groups_needed(
    scores: Scores,
    a: NDArray[np.intp],
    b: NDArray[np.intp],
    n_pairs: ArrayLike,
    *,
    alpha: float = ALPHA,
) -> Array:
    """How many groups would have to be tested to find differences of the size at hand.

    With more groups the errors are those of `VarianceParts.corrected`. (What few groups add falls
    faster still: this errs upwards.) The number is the least at which `Corrected.detectable`, at
    the level `alpha` / `n_pairs` that the first of a family of so many pairs must reach, is not
    above the difference at hand: at which the noncentral t has the power of `POWER`.

    Parameters
    ----------
    scores
        The cells.
    a, b
        Shape (P,): places of the pairs' cells.
    n_pairs
        Of the family; of each pair's, where they are of several.

    Returns
    -------
    ndarray
        Shape (P,), not below the groups that are there; infinite where `MOST_TIMES` as many would
        not do, NaN where the error is not known.
    """
    from scipy import special

    found = variance_parts(scores, a, b)
    wanted = np.abs(found.mean)
    confident = 1 - alpha / np.asarray(n_pairs, np.float64) / 2

    def shown(times: Array) -> NDArray[np.bool_]:
        """Tell which differences would be found with so many times the groups."""
        then = found.corrected(times)
        critical = special.stdtrit(then.df, confident)
        with np.errstate(divide="ignore", invalid="ignore"):
            # Beyond this the power is 1, and the function's series may not come to an end.
            noncentral = np.minimum(wanted / then.error, 3 * critical + _FAR)
        return np.asarray(special.nctdtr(then.df, noncentral, critical) <= 1 - POWER)

    low, high = np.zeros_like(wanted), np.full_like(wanted, np.log(MOST_TIMES))
    enough_at_most = shown(np.exp(high))
    high[shown(np.ones_like(wanted))] = 0.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        enough = shown(np.exp(middle))
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    needed = np.where(enough_at_most, len(scores.groups) * np.exp(high), np.inf)
    return np.where(np.isnan(found.groups), np.nan, needed)
