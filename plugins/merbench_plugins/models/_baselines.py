"""Estimators that never look at the music."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.utils.validation import check_is_fitted

from merbench import fit_estimator
from merbench_plugins.models._checked import checked_labels, count_clips

Floats = NDArray[np.float64]


class ConstantRegressor(RegressorMixin, BaseEstimator):
    """One row for every clip.

    Parameters
    ----------
    statistic
        `mean`: the mean of every column. `moments`: for columns valence_mean, arousal_mean,
        valence_std, arousal_std, mean and standard deviation of the mixture of all labels.
        `majority`: for shares of classes, 1 for the class that has most clips, where a clip is of
        the class of its largest share; the first of equals.
    """

    def __init__(self, statistic: Literal["mean", "moments", "majority"] = "mean") -> None:
        self.statistic = statistic

    def fit(self, X: Any, Y: Any) -> ConstantRegressor:
        """Learn the row from the labels `Y`, (n, 4); `X` counts the clips only."""
        Y = checked_labels(Y, count_clips(X))
        self.row_ = Y.mean(axis=0)
        if self.statistic == "moments":
            means, deviations = Y[:, :2], Y[:, 2:]
            self.row_[2:] = np.sqrt((deviations**2).mean(axis=0) + means.var(axis=0))
        if self.statistic == "majority":
            counts = np.bincount(Y.argmax(axis=1), minlength=Y.shape[1])
            self.row_ = np.eye(Y.shape[1])[counts.argmax()]
        return self

    def predict(self, X: Any) -> Floats:
        """Return the row once a clip."""
        check_is_fitted(self)
        return np.tile(self.row_, (count_clips(X), 1))


class RandomRows(RegressorMixin, BaseEstimator):
    """Gives every clip the label of a training clip drawn by chance.

    Parameters
    ----------
    seed
        Of the draws. The same clips in the same order are given the same labels.
    """

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def fit(self, X: Any, Y: Any) -> RandomRows:
        """Keep the labels `Y`, (n, 4); `X` counts the clips only."""
        self.rows_ = checked_labels(Y, count_clips(X)).copy()
        return self

    def predict(self, X: Any) -> Floats:
        """Draw a row for each clip, with replacement."""
        check_is_fitted(self)
        drawn = np.random.default_rng(self.seed).integers(len(self.rows_), size=count_clips(X))
        return self.rows_[drawn]


class PermutedLabels(RegressorMixin, BaseEstimator):
    """Fits an estimator to labels permuted among the training clips.

    Parameters
    ----------
    estimator
        A clone of it is fitted.
    seed
        Of the permutation.
    """

    def __init__(self, estimator: Any, seed: int = 0) -> None:
        self.estimator = estimator
        self.seed = seed

    def fit(self, X: Any, Y: Any, groups: Any = None, copy_of: Any = None) -> PermutedLabels:
        """Permute the rows of `Y`, (n, 4), and fit; `X` is whatever the estimator takes."""
        Y = checked_labels(Y, count_clips(X))
        permuted = np.random.default_rng(self.seed).permutation(Y)
        self.estimator_ = fit_estimator(
            clone(self.estimator), X, permuted, groups=groups, copy_of=copy_of
        )
        self.curve_ = getattr(self.estimator_, "curve_", [])
        self.trials_ = getattr(self.estimator_, "trials_", [])
        return self

    def predict(self, X: Any) -> Floats:
        """Return the fitted estimator's predictions, (n, 4)."""
        check_is_fitted(self)
        return np.asarray(self.estimator_.predict(X), dtype=np.float64)
