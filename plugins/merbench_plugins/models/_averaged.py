"""The mean of what several estimators predict."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from merbench import fit_estimator


class AveragedEstimator(BaseEstimator):
    """Fits each of some estimators to the same rows; see `averaged.AveragedModels`.

    Parameters
    ----------
    estimators
        Two at least.
    """

    def __init__(self, estimators: Sequence[Any]) -> None:
        self.estimators = estimators

    def fit(
        self, X: Any, Y: Any, groups: Any = None, copy_of: Any = None, every_clip: Any = None
    ) -> AveragedEstimator:
        """Fit to labels (n, columns); `X` is whatever the estimators take."""
        for estimator in self.estimators:
            fit_estimator(estimator, X, Y, groups=groups, copy_of=copy_of, every_clip=every_clip)
        self.fitted_ = True
        return self

    def predict(self, X: Any) -> NDArray[np.float64]:
        """Return the mean of the predictions, (n, columns)."""
        check_is_fitted(self, "fitted_")
        predicted = [np.asarray(one.predict(X), dtype=np.float64) for one in self.estimators]
        mean: NDArray[np.float64] = np.mean(predicted, axis=0)
        return mean
