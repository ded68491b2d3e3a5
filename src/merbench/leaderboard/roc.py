"""How well each class is told from the others: ROC curves, areas under them, precision and recall.

A clip is of its likeliest class, as for accuracy; of several where these are equally likely, as a
track's tags are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from merbench.runs import row_columns

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = [
    "POINTS", "Curve", "areas", "average_precisions", "mean_of_folds", "members", "roc_curves",
]  # fmt: skip

POINTS = 201
"""Points of a curve, evenly spread over the others' share."""


@dataclass(frozen=True)
class Curve:
    """One class against the others, over all thresholds of its predicted probability.

    Parameters
    ----------
    name
        Name of the class.
    false, true
        Shape (p,), from 0 to 1: share of the others' clips, and of its own, above a threshold;
        the second is a mean over folds.
    auc
        Area under the curve, a mean over folds; 0.5 is chance.
    n_clips
        Clips of the class.
    """

    name: str
    false: Array
    true: Array
    auc: float
    n_clips: int


def members(truth: Array) -> NDArray[np.bool_]:
    """Tell which classes each clip is of: the likeliest, or those that are so together.

    Parameters
    ----------
    truth
        Shape (n, k): each clip's shares.

    Returns
    -------
    ndarray
        Shape (n, k).
    """
    found: NDArray[np.bool_] = truth == truth.max(axis=1, keepdims=True)
    return found


def areas(of_class: NDArray[np.bool_], probabilities: Array) -> Array:
    """Return the area under each class's curve, in one fold.

    It is the probability that a clip of the class has a higher probability than one of the others
    (Hanley and McNeil 1982), which is what the trapezoids under the curve sum to.

    Parameters
    ----------
    of_class
        Shape (n, k): whether a clip is of a class.
    probabilities
        Shape (..., n, k): predicted of each class.

    Returns
    -------
    ndarray
        Shape (..., k); NaN for a class that none of the clips has, or all of them.
    """
    import numpy as np
    from scipy.stats import rankdata

    n = len(of_class)
    own = of_class.sum(axis=0)
    ranks = (rankdata(probabilities, axis=-2) * of_class).sum(axis=-2)
    pairs = own * (n - own)
    return np.where(pairs > 0, ranks - own * (own + 1) / 2, np.nan) / np.where(pairs > 0, pairs, 1)


def average_precisions(of_class: NDArray[np.bool_], probabilities: Array) -> Array:
    """Return each class's average precision, in one fold: the area under precision over recall.

    It is the mean, over the clips of the class, of the share of its clips among all that have at
    least as high a probability (as scikit-learn's `average_precision_score`: nothing is
    interpolated, and ties count together). Chance is the share of the class's clips.

    Parameters
    ----------
    of_class, probabilities
        See `areas`.

    Returns
    -------
    ndarray
        Shape (..., k); NaN for a class that none of the clips has, or all of them.
    """
    import numpy as np
    from scipy.stats import rankdata

    n, k = of_class.shape
    as_likely = n + 1 - rankdata(probabilities, method="min", axis=-2)
    found = np.full((*probabilities.shape[:-2], k), np.nan)
    for i in range(k):
        own = of_class[:, i]
        count = int(own.sum())
        if 0 < count < n:
            ranks = rankdata(probabilities[..., own, i], method="min", axis=-1)
            found[..., i] = ((count + 1 - ranks) / as_likely[..., own, i]).mean(axis=-1)
    return found


def mean_of_folds(
    quantity: Callable[[NDArray[np.bool_], Array], Array],
    folds: Sequence[slice],
    of_class: NDArray[np.bool_],
    probabilities: Array,
) -> NDArray[np.float64]:
    """Return a mean of K cells: over folds, then over classes.

    Parameters
    ----------
    quantity
        `areas` or `average_precisions`.
    folds
        The slice of rows of each fold.
    of_class
        Shape (n, k): whether a row is of a class.
    probabilities
        Shape (K, n, k).

    Returns
    -------
    ndarray
        Shape (K,); NaN where no fold has a class that some clips are of, and some are not.
    """
    import numpy as np

    found = np.stack([quantity(of_class[rows], probabilities[:, rows]) for rows in folds])
    told = np.isfinite(found[:, 0]).any(axis=0)  # the same classes for every cell
    if not told.any():
        return np.full(len(probabilities), np.nan)
    return np.asarray(np.nanmean(found[..., told], axis=0).mean(axis=-1))


def roc_curves(predictions: pd.DataFrame, columns: Sequence[str]) -> list[Curve]:
    """Return a curve a class, the class of most clips first.

    Each fold has a curve of its own, and these are averaged: probabilities of models that were
    fitted to different clips are not held against each other. A fold says nothing of a class that
    none of its clips has, or all of them.

    Parameters
    ----------
    predictions
        A cell's rows, as a run keeps them.
    columns
        The classes.
    """
    import numpy as np
    from sklearn.metrics import roc_curve

    truth, predicted = row_columns.truth_columns(columns), row_columns.predicted_columns(columns)
    if not {*truth, *predicted} <= set(predictions.columns):
        return []
    known = predictions.dropna(subset=[*truth, *predicted])
    own = members(known[truth].to_numpy(float))
    probabilities = known[predicted].to_numpy(float)
    folds = [np.flatnonzero(known["fold"] == fold) for fold in known["fold"].unique()]
    areas_of = [areas(own[rows], probabilities[rows]) for rows in folds]
    grid = np.linspace(0, 1, POINTS)
    found = []
    for column, name in enumerate(columns):
        heights, known_areas = [], []
        for rows, of_fold in zip(folds, areas_of, strict=True):
            of_class = own[rows, column]
            if 0 < of_class.sum() < len(of_class):
                false, true, _ = roc_curve(of_class, probabilities[rows, column])
                heights.append(np.interp(grid, false, true))
                known_areas.append(of_fold[column])
        if known_areas:
            clips = set(known["clip"].to_numpy()[own[:, column]])
            found.append(
                Curve(
                    name,
                    np.append(0.0, grid),
                    np.append(0.0, np.mean(heights, axis=0)),
                    float(np.mean(known_areas)),
                    len(clips),
                )
            )
    return sorted(found, key=lambda curve: -curve.n_clips)
