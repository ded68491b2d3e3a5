"""How sure a ranking is: intervals of scores and ranks."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from merbench.errors import MerbenchError
from merbench.evaluation.paired_scores import Scores

__all__ = ["Bootstrap", "bootstrap"]

Array = NDArray[np.float64]

_FIRST_WINDOW = 5.0
"""Standard deviations of a median's place among which it is looked for first."""


@dataclass(frozen=True, eq=False)
class Bootstrap:
    """Percentile intervals of K cells, each end (K,).

    Parameters
    ----------
    mean_low, mean_high
        Of the mean over folds of the folds' mean KL, in nats.
    median_low, median_high
        Of the mean over folds of the folds' median KL, in nats.
    rank_low, rank_high
        Of the rank by mean KL among the K cells: 1 is best, equals share the better rank.
    """

    mean_low: Array
    mean_high: Array
    median_low: Array
    median_high: Array
    rank_low: NDArray[np.int64]
    rank_high: NDArray[np.int64]


def bootstrap(
    scores: Scores, *, seed: int = 0, repeats: int = 2000, level: float = 0.95
) -> Bootstrap:
    """Resample groups of clips, and see how scores and ranks vary.

    The cluster bootstrap (Davison and Hinkley 1997, "Bootstrap methods and their application",
    Section 3.8; Field and Welsh 2007, "Bootstrapping clustered data"): as many groups as there are
    are drawn with replacement, with all their clips and all tests of those, and every cell's scores
    are computed again, on the same draw for all cells, by their own definition (within each fold,
    then averaged over folds). Percentile intervals (Efron 1979). Ranks in the same way: Hall and
    Miller (2009), "Using the bootstrap to quantify the authority of an empirical ranking"; for
    cells that are all but equal such intervals are rough.

    Models are not trained again, so this says how far the scores depend on the clips at hand, given
    the models; for differences, where training matters as well, see `compare_pairs`.

    Parameters
    ----------
    scores
        The cells.
    seed
        All chance comes from it.
    repeats
        Draws.
    level
        On (0, 1).

    Returns
    -------
    Bootstrap
        A single group has intervals without width.
    """
    if repeats < 1:
        raise MerbenchError(f"the bootstrap needs at least 1 repeat, not {repeats}")
    if not 0 < level < 1:
        raise MerbenchError(f"an interval's level is between 0 and 1, not {level}")
    n = len(scores.groups)
    rng = np.random.default_rng(seed)
    # Times each group is drawn, a column a repeat.
    drawn = rng.multinomial(n, np.full(n, 1 / n), size=repeats).T.astype(np.int32)
    means = np.zeros((len(scores.names), repeats))
    medians = np.zeros_like(means)
    folds_there = np.zeros(repeats)
    for part in scores.fold_slices:
        present, group = np.unique(scores.group_index[part], return_inverse=True)
        fold = _DrawnFold(group, drawn[present])
        # A draw may have none of a small fold's groups; then the fold has no score in it.
        there = fold.weight > 0
        folds_there += there
        means[:, there] += fold.means(scores.kl[:, part])[:, there]
        medians[:, there] += fold.medians(scores.kl[:, part])[:, there]
    means /= folds_there
    medians /= folds_there
    tails = [(1 - level) / 2, (1 + level) / 2]
    mean_low, mean_high = np.quantile(means, tails, axis=1)
    median_low, median_high = np.quantile(medians, tails, axis=1)
    ranks = _ranks(means)
    return Bootstrap(
        mean_low,
        mean_high,
        median_low,
        median_high,
        np.quantile(ranks, tails[0], axis=1, method="lower").astype(np.int64),
        np.quantile(ranks, tails[1], axis=1, method="higher").astype(np.int64),
    )


class _DrawnFold:
    """The n rows of one fold, each as often as its group is drawn, in B draws.

    Parameters
    ----------
    group
        Shape (n,): group of each row, from 0.
    drawn
        Shape (groups, B): times each group is drawn.
    """

    def __init__(self, group: NDArray[np.intp], drawn: NDArray[np.int32]) -> None:
        self.group = group
        self._real = drawn.astype(np.float64)
        weight = np.bincount(group) @ self._real
        # Small integers, where they suffice, are added several at a time.
        small = 2 * weight.max() <= np.iinfo(np.int16).max
        self._drawn = drawn.astype(np.int16 if small else np.int32)
        self.weight = weight.astype(self._drawn.dtype)
        """Rows in each draw: (B,)."""

    def means(self, kl: Array) -> Array:
        """Mean of each cell in each draw, (K, n) to (K, B); anything for a draw without rows."""
        return (self._sums(kl) @ self._real) / np.maximum(self.weight, 1)

    def medians(self, kl: Array) -> Array:
        """Median of each cell in each draw, (K, n) to (K, B); anything for a draw without rows.

        It is found by its place in the cumulated weights of the sorted values. Those near the
        middle are enough for almost every draw; the window widens until it holds every median.
        """
        order = np.argsort(kl, axis=1, kind="stable")
        ordered, groups = np.take_along_axis(kl, order, axis=1), self.group[order]
        n = kl.shape[1]
        found = np.empty((len(kl), len(self.weight)))
        left = np.arange(len(kl))
        reach = int(_FIRST_WINDOW * np.sqrt(n) / 2) + 1
        while len(left):
            low, high = max(0, n // 2 - reach), min(n, n // 2 + reach + 1)
            before = np.zeros_like(kl[left])
            np.put_along_axis(before, order[left, :low], 1.0, axis=1)
            below = (self._sums(before) @ self._real).astype(self._drawn.dtype)
            missed = []
            for cell, start in zip(left, below, strict=True):
                values = self._middle(ordered[cell, low:high], groups[cell, low:high], start)
                if values is None:
                    missed.append(cell)
                else:
                    found[cell] = values
            left = np.array(missed, np.intp)
            reach *= 3
        return found

    def _middle(self, values: Array, group: NDArray[np.intp], below: NDArray[Any]) -> Array | None:
        """Medians that lie among sorted values, `below` rows being less; None if one does not."""
        cumulated = self._drawn[group]
        cumulated[0] += below
        for previous, row in pairwise(cumulated):
            row += previous
        if not ((2 * below < self.weight) & (2 * cumulated[-1] > self.weight))[
            self.weight > 0
        ].all():
            return None
        # The middle value, or both middle values of an even number: the next one that is drawn,
        # where the rows so far are just half.
        lower = _rows_below(cumulated, self.weight // 2 + self.weight % 2)
        upper = lower.copy()
        columns = np.arange(len(lower))
        halved = np.flatnonzero(2 * cumulated[lower, columns] == self.weight)
        upper[halved] = _rows_below(cumulated[:, halved], self.weight[halved] // 2 + 1)
        return np.asarray((values[lower] + values[upper]) / 2)

    def _sums(self, rows: Array) -> Array:
        """Sum over the rows of each group: (K, n) to (K, groups)."""
        order = np.argsort(self.group, kind="stable")
        counts = np.bincount(self.group)
        return np.asarray(np.add.reduceat(rows[:, order], np.cumsum(counts) - counts, axis=1))


def _rows_below(cumulated: NDArray[Any], bound: NDArray[Any]) -> NDArray[np.intp]:
    """Count in each column the rows below its bound; the last row at most, where all are."""
    count = np.zeros(cumulated.shape[1], np.intp)
    for start in range(0, len(cumulated), 255):  # what a byte can count
        less = cumulated[start : start + 255] < bound
        count += np.add.reduce(less.view(np.uint8), axis=0, dtype=np.uint8)
    return np.minimum(count, len(cumulated) - 1)


def _ranks(means: Array) -> NDArray[np.int64]:
    """Rank within each column, 1 for the least; equals share the better rank."""
    order = np.argsort(means, axis=0, kind="stable")
    ordered = np.take_along_axis(means, order, axis=0)
    place = np.arange(len(means))[:, None]
    first = np.maximum.accumulate(
        np.where(np.r_[np.ones((1, means.shape[1]), bool), ordered[1:] > ordered[:-1]], place, 0)
    )
    ranks = np.empty(means.shape, np.int64)
    np.put_along_axis(ranks, order, first + 1, axis=0)
    return ranks
