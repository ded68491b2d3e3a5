"""Predicted standard deviations set right by out-of-fold residuals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.utils.validation import check_is_fitted

from merbench.errors import MerbenchError
from merbench.evaluation import STD_FLOOR
from merbench_plugins.models._checked import checked_labels, count_clips

Floats = NDArray[np.float64]
Method: TypeAlias = Literal["affine", "scale"]

SHARES = np.array([0, *1 / (1 + np.exp(-np.linspace(-14, 14, 561))), 1])
"""Shares of the constant among which the best is sought: odds of e^-14 to e^14, and all or none.

Divergence is so flat about the best that a step of 5 % in the odds costs less than 0.0002 nats.
"""


class Rescaling(NamedTuple):
    """variance = slope * predicted variance + constant, each of shape (2,)."""

    slope: Floats
    constant: Floats

    def __call__(self, rows: Floats) -> Floats:
        """Rescale the standard deviations of predictions, (n, 4)."""
        variance = self.slope * _variance(rows) + self.constant
        return np.concatenate([rows[:, :2], np.sqrt(variance)], axis=1)


def best_rescaling(truth: Floats, predicted: Floats, method: Method) -> Rescaling:
    """Return the rescaling of least mean KL[P_truth || Q_predicted].

    Where a clip's predicted variance is v, the terms of its divergence that depend on v are half
    of log v + t / v, t being its true variance plus its squared residual. Of all multiples c u of
    any u, the mean is least at c = mean(t / u), where it is log c + mean(log u) + 1. With `scale`
    u is the predicted variance itself; with `affine` a mixture of it and a constant, whose
    share is sought among `SHARES`.

    Parameters
    ----------
    truth, predicted
        Shape (n, 4): valence_mean, arousal_mean, valence_std, arousal_std.
    method
        `scale` or `affine`.
    """
    target = truth[:, 2:] ** 2 + (truth[:, :2] - predicted[:, :2]) ** 2
    variance = _variance(predicted)
    typical = variance.mean(axis=0)
    shares = SHARES if method == "affine" else np.zeros(1)
    factors, costs = np.empty((2, len(shares), 2))
    for i, share in enumerate(shares):
        mixture = (1 - share) * variance + share * typical
        factors[i] = (target / mixture).mean(axis=0)
        costs[i] = np.log(factors[i]) + np.log(mixture).mean(axis=0)
    best = costs.argmin(axis=0)
    factor = factors[best, np.arange(2)]
    return Rescaling(factor * (1 - shares[best]), factor * shares[best] * typical)


class CalibratedRegressor(RegressorMixin, BaseEstimator):
    """Fits an estimator, and rescales the standard deviations that it predicts.

    Parameters
    ----------
    estimator
        Clones of it are fitted: one to all training clips, and one to all but each fold.
    folds
        Number of folds; with fewer training clips, one a clip.
    method
        See `best_rescaling`.
    seed
        Of the clips' distribution over folds.
    """

    def __init__(
        self, estimator: Any, folds: int = 5, method: Method = "affine", seed: int = 0
    ) -> None:
        self.estimator = estimator
        self.folds = folds
        self.method = method
        self.seed = seed

    def fit(self, X: Any, Y: Any) -> CalibratedRegressor:
        """Fit to labels `Y`, (n, 4); `X` is whatever the estimator takes."""
        n_clips = count_clips(X)
        Y = checked_labels(Y, n_clips)
        if n_clips < 2:
            raise MerbenchError(
                "calibration needs at least 2 training clips, one to predict from the other"
            )
        order = np.random.default_rng(self.seed).permutation(n_clips)
        unseen = np.empty_like(Y)
        for fold in np.array_split(order, min(self.folds, n_clips)):
            rest = np.setdiff1d(order, fold)
            estimator = clone(self.estimator).fit(take_clips(X, rest), Y[rest])
            unseen[fold] = estimator.predict(take_clips(X, fold))
        self.rescaling_ = best_rescaling(Y, unseen, self.method)
        self.estimator_ = clone(self.estimator).fit(X, Y)
        self.curve_ = getattr(self.estimator_, "curve_", [])
        return self

    def predict(self, X: Any) -> Floats:
        """Return predictions (n, 4) with rescaled standard deviations, all positive."""
        check_is_fitted(self)
        return self.rescaling_(np.asarray(self.estimator_.predict(X), dtype=np.float64))


class Clips:
    """Some clips of an array-like that may lie on disk, and is left there.

    Parameters
    ----------
    source
        Indexed by one integer or an array of them.
    rows
        Which of its clips, in order.
    """

    def __init__(self, source: Any, rows: NDArray[np.intp]) -> None:
        self._source = source
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, item: Any) -> Any:
        return self._source[self._rows[item]]

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    @property
    def shape(self) -> tuple[int, ...]:
        """(clips, ...)."""
        return (len(self), *self._source.shape[1:])

    @property
    def ndim(self) -> int:
        """Number of axes of `shape`."""
        return len(self.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the values."""
        dtype: np.dtype[Any] = self._source.dtype
        return dtype


def take_clips(X: Any, rows: NDArray[np.intp]) -> Any:
    """Return some clips of `X`: of each part of a tuple, in memory only where they are vectors."""
    if isinstance(X, tuple):
        return tuple(take_clips(part, rows) for part in X)
    if isinstance(X, np.ndarray) and X.ndim <= 2:
        return X[rows]
    return Clips(X, rows)


def _variance(rows: Floats) -> Floats:
    """Return predicted variances, (n, 2), with the evaluator's floor under their magnitude."""
    return np.maximum(np.abs(rows[:, 2:]), STD_FLOOR) ** 2
