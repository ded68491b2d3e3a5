"""Accuracy of a table's systems, and how sure it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from merbench.leaderboard.results import Results, Row, finished
from merbench.runs import row_columns

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["SystemAccuracy", "accuracies"]


@dataclass(frozen=True)
class SystemAccuracy:
    """How often a row is right.

    Parameters
    ----------
    row
        The row of the leaderboard.
    mean
        Mean over folds, on [0, 1].
    low, high
        Ends of the 95 % interval of the mean; None where the labels of clips are not there.
    folds
        Shape (J,): accuracy in each fold.
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
        """Whether the row is a baseline's."""
        return bool(self.row["role"] != row_columns.SYSTEM)


def accuracies(content: Results, rows: Sequence[Row], most: int) -> list[SystemAccuracy]:
    """Return the accuracies of one table's complete rows, the best first.

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


def _accuracy(content: Results, row: Row) -> SystemAccuracy:
    folds = content.folds_of(row)
    of_folds, n_tests = folds["accuracy"].to_numpy(float), int(folds["n_test"].sum())
    low, high = row.get("accuracy_low"), row.get("accuracy_high")
    return SystemAccuracy(row, row["accuracy"], low, high, of_folds, n_tests)
