"""What labels and predictions are, task by task: their columns, loss, metrics and best constant.

A task is an object here, so that nothing else asks which one it is.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from merbench.errors import MerbenchError
from merbench.evaluation.divergence import (
    VALENCE_AND_AROUSAL,
    Divergence,
    categorical_kl,
    check_normals,
    check_shares,
    gaussian_kl,
)
from merbench.evaluation.metrics import classification, errors

__all__ = ["LabelKind", "best_constant", "divergence", "labels_of"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class LabelKind(ABC):
    """What a row of a task's labels, and of its predictions, is.

    Parameters
    ----------
    columns
        Names of a row's columns in their order; empty where each dataset names its own.
    baseline
        Name of the model that predicts `constant` for every clip.
    words
        What the first columns hold, for warnings.
    heard
        Which columns a system that hears the music must correlate with, for warnings.
    """

    columns: tuple[str, ...]
    baseline: str
    words: str
    heard: str

    @abstractmethod
    def check(
        self, truth: ArrayLike, predicted: ArrayLike, *, ids: Sequence[str] | None = None
    ) -> tuple[Array, Array]:
        """Return both as float64 of shape (n, k), or say which rows cannot be scored and why."""

    @abstractmethod
    def kl(
        self, truth: ArrayLike, predicted: ArrayLike, *, ids: Sequence[str] | None = None
    ) -> Divergence:
        """KL[truth || predicted] of every clip, in nats."""

    @abstractmethod
    def constant(self, truth: ArrayLike) -> Array:
        """Return the one prediction (k,) for all clips that has the least mean KL from them.

        Minimising mean KL[P_i || Q] over an exponential family matches Q's moments to those of
        the mixture of the P_i (Bishop 2006, "Pattern recognition and machine learning", Section
        10.7).
        """

    @abstractmethod
    def metrics(
        self, truth: Array, predicted: Array, scored: Divergence, classes: Sequence[str]
    ) -> dict[str, float]:
        """Metrics of one test set beside its KL: name to number, flat."""

    @abstractmethod
    def located(self, rows: Array) -> Array:
        """Return the columns that must correlate with the truth where the music was heard."""


class NormalLabels(LabelKind):
    """A normal distribution over valence and arousal: two means, then two deviations."""

    def check(
        self, truth: ArrayLike, predicted: ArrayLike, *, ids: Sequence[str] | None = None
    ) -> tuple[Array, Array]:
        return check_normals(truth, predicted, self.columns, ids)

    def kl(
        self, truth: ArrayLike, predicted: ArrayLike, *, ids: Sequence[str] | None = None
    ) -> Divergence:
        return gaussian_kl(truth, predicted, ids=ids)

    def constant(self, truth: ArrayLike) -> Array:
        """Return the moment-matched normal: the mean of the means, s^2 = mean(s_i^2) + var(m_i)."""
        rows, _ = self.check(truth, truth)
        constant: Array = rows.mean(axis=0)
        means, stds = rows[:, :2], rows[:, 2:]
        constant[2:] = np.sqrt((stds**2).mean(axis=0) + means.var(axis=0))
        return constant

    def metrics(
        self, truth: Array, predicted: Array, scored: Divergence, classes: Sequence[str]
    ) -> dict[str, float]:
        return errors(self.columns, truth, predicted) | {
            "n_nonpositive_std": scored.n_nonpositive,
            "n_floored_std": scored.n_floored,
        }

    def located(self, rows: Array) -> Array:
        return rows[..., :2]


class ClassLabels(LabelKind):
    """A distribution over classes: a probability, or a share of votes, a class."""

    def check(
        self, truth: ArrayLike, predicted: ArrayLike, *, ids: Sequence[str] | None = None
    ) -> tuple[Array, Array]:
        return check_shares(truth, predicted, self.columns, ids)

    def kl(
        self, truth: ArrayLike, predicted: ArrayLike, *, ids: Sequence[str] | None = None
    ) -> Divergence:
        return categorical_kl(*self.check(truth, predicted, ids=ids))

    def constant(self, truth: ArrayLike) -> Array:
        """Return the mean distribution."""
        rows, _ = self.check(truth, truth)
        mean: Array = rows.mean(axis=0)
        return mean

    def metrics(
        self, truth: Array, predicted: Array, scored: Divergence, classes: Sequence[str]
    ) -> dict[str, float]:
        names = self.columns or classes
        return classification(names, truth, predicted, scored.kl) | {
            "n_floored_probability": scored.n_floored
        }

    def located(self, rows: Array) -> Array:
        return rows


_BY_TASK: dict[str, LabelKind] = {
    "va": NormalLabels(
        VALENCE_AND_AROUSAL, "constant-moments", "means", "valence_mean or arousal_mean"
    ),
    "quadrant": ClassLabels(
        ("Q1", "Q2", "Q3", "Q4"), "constant-mean", "probabilities", "any quadrant"
    ),
    "classes": ClassLabels((), "constant-mean", "probabilities", "any class"),
}


def labels_of(task: str) -> LabelKind:
    """Return what a task's labels are, by its name: `va`, `quadrant` or `classes`.

    Raises
    ------
    MerbenchError
        There is no such task.
    """
    try:
        return _BY_TASK[task]
    except KeyError:
        raise MerbenchError(
            f"there is no task {task!r}; the tasks are {', '.join(_BY_TASK)}"
        ) from None


def divergence(
    task: str, truth: ArrayLike, predicted: ArrayLike, *, ids: Sequence[str] | None = None
) -> Divergence:
    """KL[truth || predicted] of every clip, by the closed form that fits the task.

    Parameters
    ----------
    task
        What the columns are: `gaussian_kl` for `va`, `categorical_kl` for `quadrant` and `classes`.
    truth, predicted
        Shape (n, 4), columns as in `VALENCE_AND_AROUSAL`; for classes (n, k), a column a class.
    ids
        The clips' names for error messages; by default their row numbers, from 0.

    Raises
    ------
    MerbenchError
        As the two functions do.
    """
    return labels_of(task).kl(truth, predicted, ids=ids)


def best_constant(task: str, truth: ArrayLike) -> Array:
    """Return the one prediction for all clips that has the least mean KL from their truths.

    Parameters
    ----------
    task
        What the columns are.
    truth
        Shape (n, 4), columns as in `VALENCE_AND_AROUSAL`; for classes (n, k), a column a class.

    Returns
    -------
    ndarray
        Shape (4,); for classes (k,). See `LabelKind.constant`.
    """
    return labels_of(task).constant(truth)
