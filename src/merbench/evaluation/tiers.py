"""Tiers: runs of ranks, none of which is significantly worse than its first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from merbench.evaluation.comparison import ALPHA
from merbench.evaluation.families import holm
from merbench.evaluation.paired_scores import Scores
from merbench.evaluation.resampled import POWER, Corrected
from merbench.evaluation.two_sources import two_sources

__all__ = ["AllPairs", "groups_needed", "tiers"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class AllPairs:
    """Every cell of a table held against every other: one family, from which all verdicts come.

    Parameters
    ----------
    p
        Shape (K, K): the p-value of each pair, corrected for all pairs; 1 on the diagonal.
    mean
        Shape (K,): what cells are ranked by, less is better.
    """

    p: Array
    mean: Array

    @classmethod
    def of(cls, scores: Scores) -> AllPairs:
        """Compare all pairs of cells."""
        a, b = np.triu_indices(len(scores.names), k=1)
        return cls.from_pairs(scores.kl_mean, holm(two_sources(scores, a, b).p))

    @classmethod
    def from_pairs(cls, mean: ArrayLike, p: ArrayLike) -> AllPairs:
        """Take p-values in the order of `numpy.triu_indices`; NaN tells nothing apart."""
        mean = np.asarray(mean, np.float64)
        matrix = np.ones((len(mean), len(mean)))
        a, b = np.triu_indices(len(mean), k=1)
        matrix[a, b] = matrix[b, a] = np.where(np.isnan(p), 1.0, p)
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

    Who leads is chosen by the data, so that verdicts must come from the family of all pairs
    (`AllPairs`): then, with probability 1 - alpha, whoever leads a tier is truly worse than whoever
    leads the one above. Correcting for a leader's comparisons alone would part one of twenty equal
    cells from the rest far too often (Hsu 1996, "Multiple comparisons", Chapter 4).

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
    difference: Corrected, n_groups: int, n_pairs: int, *, alpha: float = ALPHA
) -> Array:
    """How many groups would have to be tested to find differences of the size at hand.

    A standard error falls with the root of the number of groups, so that a detectable difference
    does; it is taken at the level `alpha` / `n_pairs`, as the first of a family of so many pairs
    must reach.

    Parameters
    ----------
    difference
        Of pairs of cells.
    n_groups
        Groups tested now.
    n_pairs
        Of the family.

    Returns
    -------
    ndarray
        As `difference` has them; infinite for a mean of 0, NaN where the error is not known.
    """
    from scipy import special

    normal = special.ndtri(1 - alpha / n_pairs / 2) + special.ndtri(POWER)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(n_groups * (normal * difference.error / difference.mean) ** 2)
