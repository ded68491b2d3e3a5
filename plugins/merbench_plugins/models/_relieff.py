"""ReliefF: how well each feature tells clips of different classes that are alike apart."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from merbench import fit_estimator
from merbench_plugins.models._checked import check_width, checked_features
from merbench_plugins.models._classification import checked_shares
from merbench_plugins.models._inner_folds import TrainingRows

Floats = NDArray[np.float64]
Integers = NDArray[np.intp]


def relieff(X: NDArray[Any], classes: Integers, neighbours: int = 10) -> Floats:
    """Weigh features by ReliefF.

    Kononenko, "Estimating attributes: analysis and extensions of RELIEF", ECML 1994; Robnik-Šikonja
    and Kononenko, "Theoretical and empirical analysis of ReliefF and RReliefF", Machine Learning
    53, 2003, Figure 2. Every clip is looked at. scikit-rebate computes the same and takes minutes
    where this takes a second, for it compares feature by feature in Python.

    Parameters
    ----------
    X
        Shape (n, d).
    classes
        Shape (n,).
    neighbours
        Of each class that a clip is compared with, the nearest; all of a smaller class.

    Returns
    -------
    ndarray
        Shape (d,), on [-1, 1]: the more, the better.
    """
    low, spread = X.min(axis=0), np.ptp(X, axis=0).astype(np.float64)
    # A feature that does not vary tells nothing, and nothing is divided by 0 for it.
    scaled = (X.astype(np.float64) - low) / np.where(spread > 0, spread, np.inf)
    distance = cdist(scaled, scaled, "cityblock")
    np.fill_diagonal(distance, np.inf)
    shares = np.bincount(classes) / len(classes)
    weights = np.zeros(X.shape[1])
    for other in np.flatnonzero(shares):
        members = np.flatnonzero(classes == other)
        for row in range(len(X)):
            hit = classes[row] == other
            count = min(neighbours, len(members) - int(hit))
            if not count:
                continue
            nearest = members[np.argsort(distance[row, members], kind="stable")[:count]]
            difference = np.abs(scaled[nearest] - scaled[row]).mean(axis=0)
            weights += (
                -difference if hit else shares[other] / (1 - shares[classes[row]]) * difference
            )
    return weights / len(X)


class RankedEstimator(BaseEstimator):
    """Fits an estimator to the features that ReliefF ranks first; parameters as in `ranked.Ranked`.

    Attributes
    ----------
    chosen_
        Columns that are kept, the best first.
    """

    def __init__(self, estimator: Any, keep: int, neighbours: int) -> None:
        self.estimator = estimator
        self.keep = keep
        self.neighbours = neighbours

    def fit(
        self, X: Any, Y: Any, groups: Any = None, copy_of: Any = None, every_clip: Any = None
    ) -> RankedEstimator:
        """Rank on the training clips' originals, then fit to all of them."""
        X = checked_features(X)
        shares = checked_shares(Y, len(X))
        known = TrainingRows.of(len(X), groups, copy_of)
        self.n_features_in_ = X.shape[1]
        own = known.original
        ranked = (X[own], shares[own]) if every_clip is None else every_clip
        weights = relieff(ranked[0], ranked[1].argmax(axis=1), self.neighbours)
        self.chosen_ = np.argsort(-weights, kind="stable")[: self.keep]
        fit_estimator(self.estimator, X[:, self.chosen_], shares, **known.told)
        self.curve_ = getattr(self.estimator, "curve_", [])
        self.trials_ = getattr(self.estimator, "trials_", [])
        return self

    def predict(self, X: Any) -> Floats:
        """Return the estimator's predictions, (n, columns)."""
        check_is_fitted(self, "chosen_")
        X = checked_features(X)
        check_width(X, self.n_features_in_)
        return np.asarray(self.estimator.predict(X[:, self.chosen_]), dtype=np.float64)
