"""How well each class is told from the others: ROC curves and the areas under them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from merbench.runs import row_columns

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["POINTS", "Curve", "areas", "mean_areas", "roc_curves"]

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


def areas(classes: NDArray[np.intp], probabilities: Array) -> Array:
    """Return the area under each class's curve, in one fold.

    It is the probability that a clip of the class has a higher probability than one of the others
    (Hanley and McNeil 1982), which is what the trapezoids under the curve sum to.

    Parameters
    ----------
    classes
        Shape (n,): each clip's class.
    probabilities
        Shape (..., n, k): predicted of each class.

    Returns
    -------
    ndarray
        Shape (..., k); NaN for a class that none of the clips has, or all of them.
    """
    import numpy as np
    from scipy.stats import rankdata

    n, k = probabilities.shape[-2:]
    of_class = np.eye(k)[classes]
    own = of_class.sum(axis=0)
    ranks = (rankdata(probabilities, axis=-2) * of_class).sum(axis=-2)
    pairs = own * (n - own)
    return np.where(pairs > 0, ranks - own * (own + 1) / 2, np.nan) / np.where(pairs > 0, pairs, 1)


def mean_areas(
    folds: Sequence[slice], classes: NDArray[np.intp], probabilities: Array
) -> NDArray[np.float64]:
    """Return the mean area of K cells: over folds, then over classes.

    Parameters
    ----------
    folds
        The slice of rows of each fold.
    classes
        Shape (n,): each row's class.
    probabilities
        Shape (K, n, k).

    Returns
    -------
    ndarray
        Shape (K,); NaN where no fold has clips of two classes.
    """
    import numpy as np

    found = np.stack([areas(classes[rows], probabilities[:, rows]) for rows in folds])
    told = np.isfinite(found[:, 0]).any(axis=0)  # the same classes for every cell
    if not told.any():
        return np.full(len(probabilities), np.nan)
    return np.asarray(np.nanmean(found[..., told], axis=0).mean(axis=-1))


def roc_curves(predictions: pd.DataFrame, columns: Sequence[str]) -> list[Curve]:
    """Return a curve a class, the class of most clips first.

    Each fold has a curve of its own, and these are averaged: probabilities of models that were
    fitted to different clips are not held against each other. A clip's class is its likeliest, as
    for accuracy. A fold says nothing of a class that none of its clips has, or all of them.

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
    likeliest = known[truth].to_numpy(float).argmax(axis=1)
    probabilities = known[predicted].to_numpy(float)
    folds = [np.flatnonzero(known["fold"] == fold) for fold in known["fold"].unique()]
    areas_of = [areas(likeliest[rows], probabilities[rows]) for rows in folds]
    grid = np.linspace(0, 1, POINTS)
    found = []
    for column, name in enumerate(columns):
        heights, known_areas = [], []
        for rows, of_fold in zip(folds, areas_of, strict=True):
            of_class = likeliest[rows] == column
            if 0 < of_class.sum() < len(of_class):
                false, true, _ = roc_curve(of_class, probabilities[rows, column])
                heights.append(np.interp(grid, false, true))
                known_areas.append(of_fold[column])
        if known_areas:
            clips = set(known["clip"].to_numpy()[likeliest == column])
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
