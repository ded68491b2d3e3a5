"""How predictions of clips agree with their labels: distances, correlation, confusion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from merbench.runs import row_columns
from merbench.tasks import Task

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = [
    "Along", "Confusion", "OnPlane", "OneColumn", "along_axes", "confusion", "on_plane",
    "one_column",
]  # fmt: skip

_AXES: dict[Task, dict[str, list[int]]] = {
    Task.VA: {"valence mean": [0], "arousal mean": [1]},
    Task.QUADRANT: {"share of Q1 and Q4, valence": [0, 3], "share of Q1 and Q2, arousal": [0, 1]},
}
"""Along what labels and predictions of a task can be ordered: sums of these columns."""


@dataclass(frozen=True)
class OnPlane:
    """Predictions on the valence-arousal plane against their labels.

    Parameters
    ----------
    mean_distance, largest_distance
        Distance between the centres of prediction and label, in the mean and at most.
    wider
        Clips whose prediction has a greater mean standard deviation than the label.
    """

    mean_distance: float
    largest_distance: float
    wider: int


def on_plane(truth: Array, predicted: Array) -> OnPlane:
    """Compare predictions with labels: (n, 4), valence and arousal, then standard deviations."""
    away = np.hypot(*(predicted[:, :2] - truth[:, :2]).T)
    wider = np.abs(predicted[:, 2:]).mean(axis=1) > truth[:, 2:].mean(axis=1)
    return OnPlane(float(away.mean()), float(away.max()), int(wider.sum()))


@dataclass(frozen=True)
class OneColumn:
    """One column of predictions against that of labels.

    Parameters
    ----------
    correlation
        Pearson's; None where either is constant.
    rmse
        Root mean squared error.
    outside
        Predictions outside of [0, 1].
    """

    correlation: float | None
    rmse: float
    outside: int


def one_column(truth: Array, predicted: Array) -> OneColumn:
    """Compare predictions with labels, each of shape (n,)."""
    spread = np.ptp(truth) > 0 and np.ptp(predicted) > 0
    return OneColumn(
        float(np.corrcoef(truth, predicted)[0, 1]) if spread else None,
        float(np.sqrt(((predicted - truth) ** 2).mean())),
        int(((predicted < 0) | (predicted > 1)).sum()),
    )


@dataclass(frozen=True, eq=False)
class Along:
    """Labels and predictions along one axis of the plane of valence and arousal.

    Parameters
    ----------
    name
        Of the axis.
    truth, predicted
        Shape (n,), on [0, 1].
    graded
        Whether labels lie between the ends too; a confusion matrix says all of the others.
    """

    name: str
    truth: Array
    predicted: Array
    graded: bool


def along_axes(task: Task, truth: Array, predicted: Array) -> list[Along]:
    """Return labels and predictions, (n, k), along the axes of a task; none where it has none."""
    found = []
    for name, columns in _AXES.get(task, {}).items():
        labels, guesses = (rows[:, columns].sum(axis=1) for rows in (truth, predicted))
        graded = not set(labels.round(9)) <= {0, 1}
        found.append(Along(name, labels, guesses, graded))
    return found


@dataclass(frozen=True, eq=False)
class Confusion:
    """Which class was taken for which.

    Parameters
    ----------
    classes
        The k classes shown; of more than were asked for, the last is all the less frequent ones.
    counts
        Shape (k, k), clips over all tests: rows are true classes, columns predicted ones.
    right
        Clips whose class was found, before classes were gathered.
    """

    classes: tuple[str, ...]
    counts: NDArray[np.int64]
    right: int


def confusion(predictions: pd.DataFrame, classes: Sequence[str], most: int) -> Confusion:
    """Count which class was taken for which.

    Parameters
    ----------
    predictions
        A cell's rows, as a run keeps them.
    classes
        Names of the classes.
    most
        Classes shown; of more, the least frequent are gathered in one.
    """
    from merbench.evaluation.metrics import confusion_matrix

    counts = confusion_matrix(
        predictions[row_columns.truth_columns(classes)].to_numpy(float),
        predictions[row_columns.predicted_columns(classes)].to_numpy(float),
    )
    right = int(counts.trace())
    if len(classes) <= most:
        return Confusion(tuple(classes), counts, right)
    first = np.argsort(-counts.sum(axis=1), kind="stable")
    place = np.full(len(classes), most - 1)
    place[first[: most - 1]] = np.arange(most - 1)
    gathered = np.zeros((most, most), np.int64)
    np.add.at(gathered, (place[:, None], place), counts)
    others = f"{len(classes) - most + 1} others"
    return Confusion((*(classes[i] for i in first[: most - 1]), others), gathered, right)
