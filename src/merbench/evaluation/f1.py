"""Macro F1 of several systems, how sure it is, and which of them differ in it.

F1 is no mean over clips, so that the tests of losses do not apply to it: the bootstrap does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from merbench.evaluation.comparison import ALPHA, ROPE, Paired
from merbench.evaluation.families import holm
from merbench.evaluation.paired_scores import Scores
from merbench.evaluation.resampled import Corrected

__all__ = ["MacroF1", "macro_f1"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class MacroF1:
    """Macro F1 of K cells.

    Parameters
    ----------
    mean
        Shape (K,): mean over folds, on [0, 1].
    drawn
        Shape (K, B): the same in each draw of groups.
    df
        Degrees of freedom of a standard error over groups, by Kish's effective number of groups.
    """

    mean: Array
    drawn: Array
    df: float

    def interval(self, level: float = 0.95) -> tuple[Array, Array]:
        """Percentile interval of each cell's mean."""
        tails = [(1 - level) / 2, (1 + level) / 2]
        low, high = np.quantile(self.drawn, tails, axis=1)
        return low, high

    def compare(
        self, a: NDArray[np.intp], b: NDArray[np.intp], *, alpha: float = ALPHA, rope: float = ROPE
    ) -> Paired:
        """Compare pairs of cells, which together are one family, by 1 - F1: less is better.

        The standard error of a difference is its standard deviation over the draws, which are the
        same for both cells (the paired bootstrap; Efron and Tibshirani 1993, "An introduction to
        the bootstrap", Chapter 12); Student's t then has the degrees of freedom of the groups. The
        models are not trained again: this holds for them as they were fitted.

        Returns
        -------
        Paired
            NaN for all that is of single clips or folds, and -1 for what is counted of them.
        """
        pairs = zip(a, b, strict=True)
        error = np.array([(self.drawn[i] - self.drawn[j]).std() for i, j in pairs], np.float64)
        found = Corrected(self.mean[b] - self.mean[a], error, np.full(len(error), self.df))
        of_family = holm(found.p)
        low, high = found.interval()
        posterior = found.posterior(rope)
        unknown = np.full(len(error), np.nan)
        return Paired(
            kl_difference=found.mean,
            kl_low=low,
            kl_high=high,
            corrected_t=found.t,
            corrected_df=found.df,
            corrected_p=found.p,
            corrected_p_holm=of_family,
            resampled_p=unknown,
            clip_p=unknown,
            clip_p_holm=unknown,
            group_p=unknown,
            naive_p=unknown,
            n_folds_p_below_05=np.full(len(error), -1),
            rank_biserial=unknown,
            group_rank_biserial=unknown,
            p_a_better=posterior.below,
            p_equal=posterior.inside,
            p_b_better=posterior.above,
            detectable=found.detectable(),
            significant=of_family < alpha,
        )


def macro_f1(
    scores: Scores, classes: ArrayLike, predicted: ArrayLike, *, seed: int = 0, repeats: int = 2000
) -> MacroF1:
    """Compute macro F1 in each fold, its mean over folds, and both again for drawn groups.

    Groups are drawn with replacement as `bootstrap` draws them. A class that neither occurs in a
    fold's test clips nor is predicted for any does not enter its mean, as in scikit-learn.

    Parameters
    ----------
    scores
        The cells, for their folds, clips and groups.
    classes
        Shape (R,): the true class of each row, from 0.
    predicted
        Shape (K, R): the predicted ones.
    seed, repeats
        Of the draws.
    """
    true, called = np.asarray(classes, np.intp), np.asarray(predicted, np.intp)
    n = len(scores.groups)
    times = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=repeats).T
    # The data themselves are one more draw, the first, in which each group stands once.
    drawn = np.concatenate([np.ones((n, 1)), times.astype(np.float64)], axis=1)
    k = int(max(true.max(), called.max())) + 1
    total, folds = np.zeros((len(called), repeats + 1)), np.zeros(repeats + 1)
    for part in scores.fold_slices:
        present, group = np.unique(scores.group_index[part], return_inverse=True)
        weights = drawn[present]
        of_fold = _of_fold(true[part], called[:, part], group, weights, k)
        there = np.bincount(group) @ weights > 0  # a draw may have none of a small fold's groups
        total[:, there] += of_fold[:, there]
        folds += there
    mean = total / folds
    weight = np.bincount(scores.group_index) / len(true)
    df = 1 / (weight**2).sum() - 1
    return MacroF1(mean[:, 0], mean[:, 1:], float(df) if n > 1 else float("nan"))


def _of_fold(
    true: NDArray[np.intp],
    called: NDArray[np.intp],
    group: NDArray[np.intp],
    weights: Array,
    k: int,
) -> Array:
    """Macro F1 of each cell in each draw: (K, B), of k classes in one fold."""
    n = len(weights)

    def counted(label: NDArray[np.intp], which: NDArray[np.bool_] | None = None) -> Array:
        """Count each class's rows in every draw: (k, B)."""
        chosen = slice(None) if which is None else which
        table = np.bincount(label[chosen] * n + group[chosen], minlength=k * n)
        return np.asarray(table.reshape(k, n) @ weights)

    occurs = counted(true)
    found = np.empty((len(called), weights.shape[1]))
    for cell, labels in enumerate(called):
        hits, all_ = counted(true, labels == true), occurs + counted(labels)
        known = all_ > 0
        f1 = np.where(known, 2 * hits / np.where(known, all_, 1), 0.0)
        found[cell] = f1.sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return found
