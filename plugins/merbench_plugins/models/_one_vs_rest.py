"""Each class against the rest, by any estimator of distributions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_is_fitted

from merbench import fit_estimator
from merbench_plugins.models._checked import count_clips
from merbench_plugins.models._classification import checked_shares, smoothed

Floats = NDArray[np.float64]


class OneVsRestClassifier(BaseEstimator):
    """Fits one estimator a class, which tells it from the rest.

    The estimator is given distributions of the labels' shape too: a class's share, the rest's, and
    columns of zeros. Its probabilities of the classes are divided by their sum.

    Parameters
    ----------
    estimator
        Fitted to distributions (n, k), a clone for every class that is nobody's or everybody's
        alone.
    smoothing
        See `smoothed`; what a prediction rests on are the training clips.
    """

    def __init__(self, estimator: Any, smoothing: float = 0.0) -> None:
        self.estimator = estimator
        self.smoothing = smoothing

    def fit(self, X: Any, Y: Any, groups: Any = None, copy_of: Any = None) -> OneVsRestClassifier:
        """Fit to distributions `Y`, (n, k); `X` is whatever the estimator takes."""
        self.n_clips_ = count_clips(X)
        shares = checked_shares(Y, self.n_clips_)
        self.estimators_: list[Any] = []
        for share in shares.T:
            if share.min() == share.max() and share[0] in (0, 1):
                self.estimators_.append(float(share[0]))
                continue
            against = np.zeros_like(shares)
            against[:, 0], against[:, 1] = share, 1 - share
            fresh, against = clone(self.estimator), np.clip(against, 0, 1)
            self.estimators_.append(
                fit_estimator(fresh, X, against, groups=groups, copy_of=copy_of)
            )
        return self

    def predict(self, X: Any) -> Floats:
        """Return distributions, shape (n, k)."""
        check_is_fitted(self)
        one = np.empty((count_clips(X), len(self.estimators_)))
        for column, estimator in enumerate(self.estimators_):
            if isinstance(estimator, float):
                one[:, column] = estimator
                continue
            pair = np.asarray(estimator.predict(X), dtype=np.float64)[:, :2]
            one[:, column] = pair[:, 0] / pair.sum(axis=1)
        total = one.sum(axis=1, keepdims=True)
        # Where every class is denied, none is likelier than another.
        shares = np.divide(one, total, out=np.full_like(one, 1 / one.shape[1]), where=total > 0)
        return smoothed(shares, self.n_clips_, self.smoothing)
