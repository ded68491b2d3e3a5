"""What models of vectors refuse before they learn from it, said in one sentence."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.utils.validation import check_is_fitted

from merbench.components import fit_estimator
from merbench.errors import MerbenchError

Floats = NDArray[np.float64]


class CheckedRegressor(RegressorMixin, BaseEstimator):
    """A scikit-learn regressor that is given sound features and labels or none.

    Parameters
    ----------
    regressor
        Fitted on arrays (n, d) and (n, columns). It may return float32.
    """

    def __init__(self, regressor: Any) -> None:
        self.regressor = regressor

    def fit(self, X: Any, Y: Any, groups: Any = None, copy_of: Any = None) -> CheckedRegressor:
        """Fit a clone of the regressor, which is told what it asks for.

        Raises
        ------
        MerbenchError
            Where `X` and `Y` are not (n, d) and (n, columns), or not finite.
        """
        X = checked_features(X)
        Y = checked_labels(Y, len(X))
        self.n_features_in_ = X.shape[1]
        self.regressor_ = fit_estimator(clone(self.regressor), X, Y, groups=groups, copy_of=copy_of)
        return self

    def predict(self, X: Any) -> Floats:
        """Return the regressor's predictions, shape (n, columns), float64."""
        check_is_fitted(self)
        X = checked_features(X)
        check_width(X, self.n_features_in_)
        return np.asarray(self.regressor_.predict(X), dtype=np.float64)


def checked_features(X: Any) -> NDArray[Any]:
    """Return features as an array (n, d), or raise `MerbenchError`."""
    features: NDArray[Any] = np.asarray(X)
    if features.ndim != 2 or features.shape[1] == 0:
        raise MerbenchError(
            f"features must be an array of shape (clips, features), not {features.shape}; "
            "give this model a feature that is a vector"
        )
    _demand_finite(features, "features")
    return features


def check_width(X: NDArray[Any], fitted: int) -> None:
    """Raise `MerbenchError` where test clips have other than the `fitted` number of features."""
    if X.shape[1] != fitted:
        raise MerbenchError(
            f"the test clips have {X.shape[1]} features and the training clips had {fitted}; "
            "extract both alike"
        )


def checked_labels(Y: Any, n_clips: int) -> Floats:
    """Return the labels of `n_clips` clips as an array (n, columns), or raise `MerbenchError`."""
    labels: Floats = np.asarray(Y, dtype=np.float64)
    if labels.ndim != 2:
        raise MerbenchError(
            f"labels must be an array of shape (clips, columns), not {labels.shape}; "
            "give a row a clip"
        )
    if len(labels) != n_clips or n_clips == 0:
        raise MerbenchError(
            f"there are {len(labels)} rows of labels for {n_clips} training clips; "
            "give one a clip, and at least one clip"
        )
    _demand_finite(labels, "labels")
    return labels


def _demand_finite(array: NDArray[Any], what: str) -> None:
    bad = ~np.isfinite(array)
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise MerbenchError(
            f"{np.count_nonzero(bad)} values of the {what} are NaN or infinite, the first in "
            f"row {row}, column {column} (from 0); correct or leave out those clips"
        )


def count_clips(X: Any) -> int:
    """Return the clips in `X`: an array-like of them, or a tuple of such of one length."""
    if not isinstance(X, tuple):
        return len(X)
    lengths = {len(part) for part in X}
    if len(lengths) != 1:
        raise MerbenchError(
            f"a model's inputs have {sorted(lengths)} rows; give each one row a clip"
        )
    return lengths.pop()
