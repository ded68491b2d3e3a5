"""Predictions that no ranking should show without a mark."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from merbench.errors import MerbenchError
from merbench.evaluation.labels import LabelKind, labels_of

__all__ = ["CORRELATION_ALPHA", "UNCORRELATED", "WORSE", "Suspicion", "suspect"]

Array = NDArray[np.float64]

CORRELATION_ALPHA = 0.001
"""Level at which some correlation with the truth must show before a system goes without a mark.

One-sided, and shared by all coefficients of a system (Bonferroni): the mark is for predictions
that have nothing to do with their clips, and those must not slip through by chance.
"""

UNCORRELATED = "uncorrelated with truth"
WORSE = "worse than a constant"

_ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class Suspicion:
    """What speaks against each of K cells; every array has shape (K,).

    Parameters
    ----------
    correlation
        Largest coefficient, of Pearson's and Spearman's in each column, of predictions with the
        truth over clips; NaN where none is defined.
    uncorrelated
        Whether no coefficient is significantly above 0, or predictions are the same for all clips.
        With fewer than three clips there is no telling, and no mark.
    same
        Whether predictions are the same for all clips.
    kl_mean, constant_kl_mean
        Mean KL of the predictions, and of a constant; see `suspect`.
    worse
        Whether the former is greater.
    """

    correlation: Array
    uncorrelated: NDArray[np.bool_]
    same: NDArray[np.bool_]
    kl_mean: Array
    constant_kl_mean: Array
    worse: NDArray[np.bool_]

    @property
    def marks(self) -> tuple[str, ...]:
        """Mark of each cell: empty, or words joined by "; "."""
        words = ((self.uncorrelated, UNCORRELATED), (self.worse, WORSE))
        return tuple(
            "; ".join(word for found, word in words if found[cell])
            for cell in range(len(self.worse))
        )


def suspect(
    task: str,
    truth: ArrayLike,
    predicted: ArrayLike,
    *,
    fold: ArrayLike | None = None,
    clip: ArrayLike | None = None,
) -> Suspicion:
    """Find cells whose predictions don't correlate with the truth, or lose to a constant.

    A clip's predictions are averaged over its tests before they are correlated, since tests of one
    clip are no independent evidence. `va` correlates the means of valence and of arousal,
    `quadrant` and `classes` the probability of each class.

    The constant is `best_constant`. With folds it is fitted, for each fold, on the clips of the
    other folds that this one does not test, as a baseline would be; a fold that leaves no clip over
    (a single one) has the constant that fits its own truth best (in-sample), which is a little
    stricter.

    Parameters
    ----------
    task
        What the columns are.
    truth
        Shape (R, 4), columns as in the task's; for `classes` (R, k).
    predicted
        Shape (K, R, 4): of each cell, in the truth's order.
    fold, clip
        Shape (R,): the fold and the clip of a row. Without them all rows are one fold's, and each
        is a clip.

    Raises
    ------
    MerbenchError
        For shapes that do not fit, and as `divergence` does.
    """
    true, cells = np.asarray(truth, np.float64), np.asarray(predicted, np.float64)
    if cells.ndim != 3 or cells.shape[1:] != true.shape:
        raise MerbenchError(
            f"predictions of shape {cells.shape} do not fit a truth of shape {true.shape}; give "
            "(cells, rows, columns)"
        )
    folds = np.zeros(len(true), np.int64) if fold is None else np.asarray(fold)
    clips = np.arange(len(true)) if clip is None else np.asarray(clip)
    _, first, index = np.unique(clips, return_index=True, return_inverse=True)
    labels = labels_of(task)
    constant = _constants(labels, true, folds, index, first)
    constant_kl = _fold_mean(labels.kl(true, constant).kl, folds)
    kl = np.array([_fold_mean(labels.kl(true, rows).kl, folds) for rows in cells])
    means = _clip_means(labels.located(cells), index)
    coefficients = _coefficients(labels.located(true[first]), means)
    same = (np.ptp(means, axis=1) == 0).all(axis=1)
    none = np.isnan(coefficients).all(axis=1)
    largest = np.where(none, -np.inf, np.nan_to_num(coefficients, nan=-np.inf).max(axis=1))
    return Suspicion(
        np.where(none, np.nan, largest),
        same | ~_correlated(coefficients, len(first)),
        same,
        kl,
        np.full(len(cells), constant_kl),
        # Up to rounding: the constant itself is not worse than the constant.
        kl > constant_kl * (1 + _ROUNDING),
    )


def _constants(
    labels: LabelKind,
    truth: Array,
    folds: NDArray,
    clip: NDArray[np.intp],
    first: NDArray[np.intp],
) -> Array:
    """Return the constant that stands against each row: (R, 4)."""
    constants = np.empty_like(truth)
    for fold in np.unique(folds):
        tested = folds == fold
        others = np.ones(len(first), bool)
        others[clip[tested]] = False
        known = truth[first[others]] if others.any() else truth[tested]
        constants[tested] = labels.constant(known)
    return constants


def _fold_mean(kl: Array, folds: NDArray) -> float:
    index = np.unique(folds, return_inverse=True)[1]
    return float((np.bincount(index, weights=kl) / np.bincount(index)).mean())


def _clip_means(cells: Array, clip: NDArray[np.intp]) -> Array:
    """Average (K, R, columns) over the rows of each clip: (K, C, columns)."""
    order = np.argsort(clip, kind="stable")
    counts = np.bincount(clip)
    starts = np.cumsum(counts) - counts
    return np.asarray(np.add.reduceat(cells[:, order], starts, axis=1) / counts[:, None])


def _coefficients(truth: Array, predicted: Array) -> Array:
    """Pearson's and Spearman's coefficient of each column: (K, 2 x columns); NaN if undefined."""
    return np.concatenate(
        [_pearson(truth, predicted), _pearson(_ranks(truth, 0), _ranks(predicted, 1))], axis=1
    )


def _ranks(values: Array, axis: int) -> Array:
    """Return the ranks along an axis, equals sharing their mean, NaN where one is among them.

    As scipy.stats.rankdata does, which takes most of a second to load.
    """
    columns = np.moveaxis(values, axis, -1)
    order = np.argsort(columns, axis=-1, kind="stable")
    ordered = np.take_along_axis(columns, order, axis=-1)
    place = np.arange(1.0, columns.shape[-1] + 1)
    new = np.ones(ordered.shape, bool)
    new[..., 1:] = ordered[..., 1:] != ordered[..., :-1]
    last = np.roll(new, -1, axis=-1)
    last[..., -1] = True
    lowest = np.maximum.accumulate(np.where(new, place, 0.0), axis=-1)
    highest = np.minimum.accumulate(np.where(last, place, np.inf)[..., ::-1], axis=-1)[..., ::-1]
    ranks = np.empty(columns.shape)
    np.put_along_axis(ranks, order, (lowest + highest) / 2, axis=-1)
    ranks[np.isnan(columns).any(axis=-1)] = np.nan
    return np.moveaxis(ranks, -1, axis)


def _pearson(truth: Array, predicted: Array) -> Array:
    """Correlate (C, columns) with (K, C, columns): (K, columns); NaN where either is constant."""
    constant = (np.ptp(truth, axis=0) == 0) | (np.ptp(predicted, axis=1) == 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        t, p = truth - truth.mean(axis=0), predicted - predicted.mean(axis=1, keepdims=True)
        # Scaled first, so that the squares of tiny spreads do not vanish.
        t, p = t / np.abs(t).max(axis=0), p / np.abs(p).max(axis=1, keepdims=True)
        r = (t * p).sum(axis=1) / np.sqrt((t**2).sum(axis=0) * (p**2).sum(axis=1))
    return np.where(constant, np.nan, np.clip(r, -1, 1))


def _correlated(coefficients: Array, clips: int) -> NDArray[np.bool_]:
    """Tell which cells have a coefficient above 0, at `CORRELATION_ALPHA`, or too few clips."""
    from scipy import special

    df = clips - 2
    made = (~np.isnan(coefficients)).sum(axis=1)
    if df < 1:
        return np.ones(len(coefficients), bool)
    # A coefficient of 1 would have an infinite t.
    t = coefficients * np.sqrt(df / np.maximum(1 - coefficients**2, 1e-12))
    p = np.nan_to_num(special.stdtr(df, -t), nan=1.0).min(axis=1, initial=1.0)
    return np.asarray((made == 0) | (p < CORRELATION_ALPHA / np.maximum(made, 1)))
