"""Accuracy of a table's systems, and how sure it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from merbench.leaderboard.results import Results, Row, columns_held, finished
from merbench.runs import row_columns
from merbench.tasks import Task

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["Accuracy", "accuracies"]


@dataclass(frozen=True)
class Accuracy:
    """How often a row is right.

    Parameters
    ----------
    row
        Of the leaderboard.
    mean
        Mean over folds, on [0, 1].
    low, high
        Ends of its 95 % interval; None where the labels of clips are not there.
    folds
        Shape (J,): of each fold.
    n_tests
        Clips tested, over all folds.
    """

    row: Row
    mean: float
    low: float | None
    high: float | None
    folds: Array
    n_tests: int

    @property
    def baseline(self) -> bool:
        """Whether it is a baseline's."""
        return bool(self.row["role"] != row_columns.SYSTEM)


def accuracies(content: Results, rows: Sequence[Row], most: int) -> list[Accuracy]:
    """Return the accuracies of one table's complete rows, the best first.

    The interval is the leaderboard's own, `evaluation.bootstrap`: groups of clips are drawn with
    replacement, and the mean over folds is computed again.

    Parameters
    ----------
    most
        Systems returned at most, the best; baselines are returned as well.
    """
    known = [row for row in finished(rows) if row.get("accuracy") is not None]
    known = [row for row in known if row["role"] != row_columns.PEOPLE]
    known.sort(key=lambda row: -row["accuracy"])
    systems = [row for row in known if row["role"] == row_columns.SYSTEM][:most]
    kept = {id(row) for row in systems}
    shown = [row for row in known if row["role"] != row_columns.SYSTEM or id(row) in kept]
    return [_accuracy(content, row) for row in shown]


def _accuracy(content: Results, row: Row) -> Accuracy:
    folds = content.folds_of(row)
    low, high = _interval(Task(row["task"]), content.predictions_of(row), folds)
    of_folds, n_tests = folds["accuracy"].to_numpy(float), int(folds["n_test"].sum())
    return Accuracy(row, row["accuracy"], low, high, of_folds, n_tests)


def _interval(
    task: Task, predictions: pd.DataFrame, folds: pd.DataFrame
) -> tuple[float | None, float | None]:
    import numpy as np

    from merbench.evaluation import Scores, bootstrap

    columns = columns_held(task, predictions)
    truth, predicted = row_columns.truth_columns(columns), row_columns.predicted_columns(columns)
    needed: list[Any] = [*truth, *predicted, "group"]
    if predictions.empty or not set(needed) <= set(predictions.columns):
        return None, None
    if predictions[needed].isna().any(axis=None):
        return None, None
    classes = [predictions[names].to_numpy(float).argmax(axis=1) for names in (truth, predicted)]
    missed = (classes[0] != classes[1]).astype(np.float64)
    n_train = dict(zip(folds["fold"].astype(int), folds["n_train"].astype(int), strict=True))
    drawn = bootstrap(
        Scores(
            ("missed",),
            predictions["fold"].to_numpy(np.int64),
            predictions["clip"].to_numpy(str),
            predictions["group"].to_numpy(str),
            n_train,
            missed[np.newaxis],
        )
    )
    return 1 - float(drawn.mean_high[0]), 1 - float(drawn.mean_low[0])
