"""Systems compared over several datasets: datasets are the sample, never folds.

Folds of one dataset are no independent draws of anything; datasets are. A few datasets give little
power, and that is so: with five, no Wilcoxon test can fall below 0.0625.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from merbench.errors import MerbenchError
from merbench.evaluation.comparison import ALPHA
from merbench.evaluation.families import holm
from merbench.evaluation.signedrank import SignedRank, signed_rank

__all__ = ["CriticalDifference", "Friedman", "critical_difference", "friedman"]

Array = NDArray[np.float64]


class Friedman(NamedTuple):
    """Whether systems differ at all, over datasets."""

    chi2: float
    """Friedman's statistic, corrected for ties."""
    p: float
    """Of `chi2`, k - 1 degrees of freedom."""
    f: float
    """Iman and Davenport's statistic."""
    p_f: float
    """Of `f`, k - 1 and (k - 1)(N - 1) degrees of freedom: less conservative, so the one to use.

    At least (k!)^(1 - N): how often N rankings by chance are all the same."""
    mean_ranks: Array
    """(k,): mean over datasets of each system's rank, 1 the least KL; equals share their mean."""


@dataclass(frozen=True, eq=False)
class CriticalDifference:
    """What a critical-difference diagram shows.

    Parameters
    ----------
    mean_ranks
        Shape (k,), as in `Friedman`.
    order
        Shape (k,): places of the systems, the best mean rank first.
    p_holm
        Shape (k, k), symmetric, diagonal 1: Wilcoxon's signed-rank test over datasets, corrected
        for the number of pairs by Holm's method.
    cliques
        Bars of the diagram: maximal runs of two or more systems, neighbours by mean rank, no two
        of which differ significantly; places, the best first. All of them stand together where the
        Friedman test finds no difference.
    friedman
        The test that comes first.
    """

    mean_ranks: Array
    order: NDArray[np.intp]
    p_holm: Array
    cliques: tuple[tuple[int, ...], ...]
    friedman: Friedman


def friedman(table: ArrayLike) -> Friedman:
    """Test whether k systems differ, over N datasets.

    Friedman (1937); the F statistic is Iman and Davenport's (1980); both as Demsar (2006),
    "Statistical comparisons of classifiers over multiple data sets", Section 3.2.2, recommends.

    Parameters
    ----------
    table
        Shape (N, k): mean KL, or another score of which less is better; a row a dataset.

    Raises
    ------
    MerbenchError
        For fewer than two datasets or systems, or numbers that are not finite.
    """
    from scipy import special

    table = _checked(table)
    n, k = table.shape
    ranks, ties = _row_ranks(table)
    mean_ranks = ranks.mean(axis=0)
    spread = 12 * n / (k * (k + 1)) * ((mean_ranks - (k + 1) / 2) ** 2).sum()
    correction = 1 - ties / (n * k * (k**2 - 1))
    if correction <= 0:  # every system equals every other on every dataset
        return Friedman(0.0, 1.0, 0.0, 1.0, mean_ranks)
    chi2 = float(spread / correction)
    rest = n * (k - 1) - chi2
    f = (n - 1) * chi2 / rest if rest > 1e-9 else float("inf")
    p_f = float(special.fdtrc(k - 1, (k - 1) * (n - 1), f)) if np.isfinite(f) else 0.0
    # Few datasets of one order make F infinite; chance alone makes them so with this probability.
    p_f = max(p_f, float(math.factorial(k)) ** (1 - n))
    return Friedman(chi2, float(special.chdtrc(k - 1, chi2)), float(f), p_f, mean_ranks)


def critical_difference(table: ArrayLike, *, alpha: float = ALPHA) -> CriticalDifference:
    """Work out which systems can be told apart, over several datasets.

    The Friedman test, and after it pairwise Wilcoxon signed-rank tests with Holm's correction in
    place of Nemenyi's test, whose verdict on two systems depends on which others are in the table
    (Benavoli, Corani and Mangili 2016, "Should we really use post-hoc tests based on mean-ranks?").

    Parameters
    ----------
    table
        Shape (N, k), as for `friedman`.
    alpha
        Level of significance.
    """
    table = _checked(table)
    k = table.shape[1]
    tested = friedman(table)
    pairs = np.array(list(combinations(range(k), 2)))
    wilcoxon: SignedRank = signed_rank((table[:, pairs[:, 0]] - table[:, pairs[:, 1]]).T)
    p = np.ones((k, k))
    p[pairs[:, 0], pairs[:, 1]] = p[pairs[:, 1], pairs[:, 0]] = holm(wilcoxon.p)
    order = np.argsort(tested.mean_ranks, kind="stable")
    alike = p >= alpha if tested.p_f < alpha else np.ones((k, k), bool)
    return CriticalDifference(tested.mean_ranks, order, p, _cliques(alike, order), tested)


def _cliques(alike: NDArray[np.bool_], order: NDArray[np.intp]) -> tuple[tuple[int, ...], ...]:
    found: list[tuple[int, ...]] = []
    end = 0
    for start in range(len(order)):
        stop = start + 1
        while stop < len(order) and alike[order[stop], order[start:stop]].all():
            stop += 1
        if stop - start > 1 and stop > end:
            found.append(tuple(int(place) for place in order[start:stop]))
            end = stop
    return tuple(found)


def _row_ranks(table: Array) -> tuple[Array, float]:
    """Return the ranks within each row, equals sharing their mean, and sum(t^3 - t) of the ties."""
    less = (table[:, None, :] < table[:, :, None]).sum(axis=2)
    equal = (table[:, None, :] == table[:, :, None]).sum(axis=2)
    return less + (equal + 1) / 2, float((equal**2 - 1).sum())


def _checked(table: ArrayLike) -> Array:
    rows = np.asarray(table, np.float64)
    if rows.ndim != 2 or min(rows.shape) < 2:
        raise MerbenchError(
            f"a comparison over datasets needs at least two datasets and two systems, not a table "
            f"of shape {rows.shape}"
        )
    if not np.isfinite(rows).all():
        row, column = np.argwhere(~np.isfinite(rows))[0]
        raise MerbenchError(
            f"system {column} has no score on dataset {row}; compare systems on datasets all have"
        )
    return rows
