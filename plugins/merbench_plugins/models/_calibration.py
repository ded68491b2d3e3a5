"""Predicted distributions set right by out-of-fold predictions."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.utils.validation import check_is_fitted

from merbench import Task, fit_estimator
from merbench.errors import MerbenchError
from merbench.evaluation import PROBABILITY_FLOOR, STD_FLOOR
from merbench_plugins.models._checked import checked_labels, count_clips
from merbench_plugins.models._inner_folds import TrainingRows, fold_of_each
from merbench_plugins.models._out_of_fold import out_of_fold

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


TEMPERATURES = np.exp(np.linspace(np.log(0.05), np.log(50), 93))
"""Temperatures among which the best is sought, in steps of 8 %."""

PRIOR_SHARES = np.array([0, *1 / (1 + np.exp(-np.linspace(-7, 7, 57))), 1])
"""Shares of the prior among which the best is sought."""


class Tempering(NamedTuple):
    """Probabilities to the power 1 / temperature, and a share of the prior mixed in."""

    temperature: float
    share: float
    prior: Floats
    """(4,)"""

    def __call__(self, rows: Floats) -> Floats:
        """Temper distributions, (n, k)."""
        return (1 - self.share) * _tempered(rows, self.temperature) + self.share * self.prior


def best_tempering(truth: Floats, predicted: Floats, method: Method) -> Tempering:
    """Return the tempering of least mean KL[P_truth || Q_predicted].

    Both parameters are sought on a grid, among `TEMPERATURES` and `PRIOR_SHARES`, finer than the
    divergence is sharp. The prior is the mean true distribution, one clip of every class added.

    Parameters
    ----------
    truth, predicted
        Distributions over the classes, shape (n, k).
    method
        `scale`: temperature alone (Guo et al., On calibration of modern neural networks, ICML
        2017). `affine`: a share of the prior as well.
    """
    prior = (truth.sum(axis=0) + 1) / (truth.sum() + truth.shape[1])
    shares = PRIOR_SHARES if method == "affine" else np.zeros(1)
    best, least = Tempering(1.0, 0.0, prior), np.inf
    for temperature in TEMPERATURES:
        rows = _tempered(predicted, temperature)
        for share in shares:
            mixed = np.maximum((1 - share) * rows + share * prior, PROBABILITY_FLOOR)
            cost = -(truth * np.log(mixed)).sum()
            if cost < least:
                best, least = Tempering(float(temperature), float(share), prior), cost
    return best


class CalibratedRegressor(RegressorMixin, BaseEstimator):
    """Fits an estimator, and sets the distributions right that it predicts.

    Parameters
    ----------
    estimator
        Clones of it are fitted: one to all training clips, and one to all but each fold.
    folds
        Number of folds, none of which divides a group; with fewer groups, one a group.
    method
        See `best_rescaling` and `best_tempering`.
    seed
        Of the groups' distribution over folds.
    task
        `va`: standard deviations are rescaled. Else probabilities are tempered.
    """

    def __init__(
        self,
        estimator: Any,
        folds: int = 5,
        method: Method = "affine",
        seed: int = 0,
        task: Task = Task.VA,
    ) -> None:
        self.estimator = estimator
        self.folds = folds
        self.method = method
        self.seed = seed
        self.task = task

    def fit(self, X: Any, Y: Any, groups: Any = None, copy_of: Any = None) -> CalibratedRegressor:
        """Fit to labels `Y`, (n, 4); `X` is whatever the estimator takes.

        What is predicted out of fold are originals, as test clips are; their augmented copies are
        in their fold, and trained on in the others.
        """
        n_clips = count_clips(X)
        Y = checked_labels(Y, n_clips)
        if n_clips < 2:
            raise MerbenchError(
                "calibration needs at least 2 training clips, one to predict from the other"
            )
        known = TrainingRows.of(n_clips, groups, copy_of)
        strata = None if self.task is Task.VA else Y.argmax(axis=1)
        fold = fold_of_each(known.units, self.folds, strata=strata, seed=self.seed)
        unseen = out_of_fold(lambda: clone(self.estimator), X, Y, known, fold)
        best = best_rescaling if self.task is Task.VA else best_tempering
        self.rescaling_ = best(Y[known.original], unseen, self.method)
        self.estimator_ = fit_estimator(clone(self.estimator), X, Y, **known.told)
        self.curve_ = getattr(self.estimator_, "curve_", [])
        self.trials_ = getattr(self.estimator_, "trials_", [])
        return self

    def predict(self, X: Any) -> Floats:
        """Return predictions (n, 4), standard deviations or probabilities all positive."""
        check_is_fitted(self)
        return self.rescaling_(np.asarray(self.estimator_.predict(X), dtype=np.float64))


def _variance(rows: Floats) -> Floats:
    """Return predicted variances, (n, 2), with the evaluator's floor under their magnitude."""
    return np.maximum(np.abs(rows[:, 2:]), STD_FLOOR) ** 2


def _tempered(rows: Floats, temperature: float) -> Floats:
    """Return distributions to the power 1 / temperature, zeros raised to the evaluator's floor."""
    logits = np.log(np.maximum(rows, PROBABILITY_FLOOR)) / temperature
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    tempered: Floats = powers / powers.sum(axis=1, keepdims=True)
    return tempered
