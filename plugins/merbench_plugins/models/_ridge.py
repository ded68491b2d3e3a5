"""Ridge regressions whose penalty is that of least error on clips, or groups, left out.

Of single clips scikit-learn finds that error in closed form; here is the same for groups.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import Ridge, RidgeClassifier, RidgeClassifierCV, RidgeCV
from sklearn.preprocessing import LabelBinarizer

from merbench_plugins.models._inner_folds import TrainingRows, demand_two
from merbench_plugins.models._scaling import FeatureScaler, Scaling

Floats = NDArray[np.float64]

ALPHAS: Floats = np.logspace(-3, 4, 15)
"""Penalties among which the best is sought."""


def left_out_errors(X: Floats, Y: Floats, units: NDArray[np.intp]) -> Floats:
    """Return the mean squared error of units left out one after the other, for each penalty.

    A ridge regression with an intercept predicts its own training clips as H y. Without the rows G
    its errors on them would be (I - H)[G, G]^-1 times those that it has with them: the formula of
    leave-one-out (Rifkin and Lippert, MIT-CSAIL-TR-2007-025) for more than one.

    Parameters
    ----------
    X, Y
        Features (n, d) and targets (n, k).
    units
        Shape (n,): what is left out together, see `TrainingRows.units`.

    Returns
    -------
    ndarray
        Shape (penalties, k), in the order of `ALPHAS`.
    """
    n = len(X)
    centred, targets = X - X.mean(axis=0), Y - Y.mean(axis=0)
    if n <= X.shape[1]:
        squares, vectors = np.linalg.eigh(centred @ centred.T)
    else:
        vectors, singular, _ = np.linalg.svd(centred, full_matrices=False)
        squares = singular**2
    squares = np.maximum(squares, 0)
    rows = [np.flatnonzero(units == unit) for unit in np.unique(units)]
    projected = vectors.T @ targets
    errors = np.empty((len(ALPHAS), Y.shape[1]))
    for i, alpha in enumerate(ALPHAS):
        kept = squares / (squares + alpha)
        residuals = targets - vectors @ (kept[:, np.newaxis] * projected)
        for own in rows:
            hat = 1 / n + (vectors[own] * kept) @ vectors[own].T
            residuals[own] = np.linalg.solve(np.eye(len(own)) - hat, residuals[own])
        errors[i] = (residuals**2).mean(axis=0)
    return errors


class ChosenRidge(RegressorMixin, BaseEstimator):
    """Ridge regression on scaled features, with a penalty chosen for each target.

    Parameters
    ----------
    scaling
        See `FeatureScaler`.

    Attributes
    ----------
    alpha_
        The penalties, shape (k,).
    """

    def __init__(self, scaling: Scaling = "rank") -> None:
        self.scaling = scaling

    def fit(self, X: Any, Y: Any, groups: Any = None, copy_of: Any = None) -> ChosenRidge:
        """Fit to features (n, d) and targets (n, k)."""
        known = TrainingRows.of(len(X), groups, copy_of)
        self.scaler_ = FeatureScaler(self.scaling).fit(X)
        scaled = self.scaler_.transform(X)
        if known.whole:
            self.regression_ = RidgeCV(alphas=ALPHAS, alpha_per_target=True).fit(scaled, Y)
            self.alpha_ = self.regression_.alpha_
            return self
        demand_two(known.units)
        self.alpha_ = ALPHAS[left_out_errors(scaled, Y, known.units).argmin(axis=0)]
        self.regression_ = Ridge(self.alpha_).fit(scaled, Y)
        return self

    def predict(self, X: Any) -> Floats:
        """Return predictions, shape (n, k)."""
        predicted: Floats = self.regression_.predict(self.scaler_.transform(X))
        return predicted


class ChosenRidgeClassifier(RidgeClassifier):
    """Ridge classifier with one penalty, chosen for all classes; it asks for groups."""

    def __init__(self) -> None:
        super().__init__()

    def fit(self, X: Any, y: Any, groups: Any = None) -> ChosenRidgeClassifier:
        """Fit to features (n, d) and classes (n,)."""
        known = TrainingRows.of(len(X), groups, None)
        if known.whole:
            self.alpha = RidgeClassifierCV(ALPHAS).fit(X, y).alpha_
        else:
            demand_two(known.units)
            signs = LabelBinarizer(pos_label=1, neg_label=-1).fit_transform(y).astype(np.float64)
            self.alpha = ALPHAS[left_out_errors(X, signs, known.units).mean(axis=1).argmin()]
        super().fit(X, y)
        return self
