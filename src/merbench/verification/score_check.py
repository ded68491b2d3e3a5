"""Whether a run's scores follow from its predictions, and a CSV file from its tables."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from merbench.errors import MerbenchError
from merbench.runs import row_columns
from merbench.runs.record import FOLDS, RunRecord
from merbench.tasks import Task

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

_RELATIVE, _ABSOLUTE = 1e-9, 1e-12
"""How far numbers may differ that another machine computes in another order."""


def score_differences(run: RunRecord) -> list[str]:
    """Recompute every clip's KL and every fold's metrics; say what differs, a sentence each.

    Where the truth is not there (empty: labels that may not be republished) KL is taken as stored,
    and only what follows from it and from predictions alone is checked. So it is for the cells
    whose predictions the manifest says were left out.
    """
    import numpy as np

    folds, predictions = run.folds, run.predictions
    if folds.empty:
        return [] if predictions.empty else [f"{FOLDS} is empty and there are predictions"]
    found: list[str] = []
    done = folds[folds["status"] == "ok"]
    metrics = row_columns.metric_columns(folds)
    stored = done[metrics].to_numpy(float)
    keys = list(zip(done["cell"].tolist(), done["fold"].tolist(), strict=True))
    tasks, sizes, models = (done[name].tolist() for name in ("task", "n_test", "model"))
    of_data = {
        (entry["name"], entry["data_hash"]): row_columns.label_columns(entry)
        for entry in run.manifest["datasets"]
    }
    data = list(zip(done["dataset"], done["data_hash"], strict=True))
    if len(set(keys)) < len(keys):
        found.append(f"{FOLDS}: a fold stands twice")
    at = rows_of_folds(predictions)
    for cell, fold in at.keys() - set(keys):
        found.append(f"cell {cell}, fold {fold}: its predictions or its row are missing")
    table = _Predictions(predictions)
    blank = set(run.manifest.get("predictions_withheld", ()))
    for i, key in enumerate(keys):
        where = f"cell {key[0]}, fold {key[1]}"
        if key not in at or data[i] not in of_data:
            found.append(f"{where}: its predictions or its row are missing")
            continue
        rows, scored = at[key], _Fold(Task(tasks[i]), of_data[data[i]], models[i])
        clips = table.clips[table.clip[rows]]
        if len(rows) != sizes[i] or len(set(clips.tolist())) < len(rows):
            found.append(f"{where}: its predictions are not one for each of {sizes[i]} clips")
        try:
            if key[0] in blank:
                kl, again = table.kl[rows], row_columns.kl_metrics(table.kl[rows])
            else:
                kl, again = table.score(scored, rows, clips)
        except MerbenchError as error:
            found.append(f"{where}: {error}")
            continue
        given = np.asarray([again.get(name, math.nan) for name in metrics])
        checked = np.ones(len(metrics), bool)
        if key[0] in blank or table.withheld(scored, rows):
            checked = np.asarray([name in again for name in metrics])
        for j in np.flatnonzero(checked & ~close(stored[i], given)):
            found.append(
                f"{where}: {metrics[j]} is stored as {stored[i, j]:.6g}, its predictions give "
                f"{given[j]:.6g}"
            )
        impossible = ~(table.kl[rows] >= -_ABSOLUTE) & (not row_columns.is_ceiling(scored.model))
        for j in np.flatnonzero(impossible | np.isinf(table.kl[rows])):
            found.append(
                f"{where}, clip {clips[j]}: KL is stored as {table.kl[rows[j]]:.6g}, and no KL is "
                "negative, infinite or missing"
            )
        for j in np.flatnonzero(~close(table.kl[rows], kl)):
            found.append(
                f"{where}, clip {clips[j]}: KL is stored as {table.kl[rows[j]]:.6g}, its "
                f"prediction gives {kl[j]:.6g}"
            )
    return found


def close(stored: NDArray[np.float64], computed: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which numbers are equal but for rounding, or both undefined."""
    import numpy as np

    return np.isclose(stored, computed, rtol=_RELATIVE, atol=_ABSOLUTE, equal_nan=True)


def rows_of_folds(predictions: pd.DataFrame) -> dict[tuple[str, int], NDArray[np.intp]]:
    """Return where the rows of each cell and fold stand."""
    import numpy as np
    import pandas as pd

    if predictions.empty:
        return {}
    code, cells = pd.factorize(predictions["cell"])
    fold = predictions["fold"].to_numpy(np.int64)
    order = np.lexsort((fold, code))  # stable: rows keep their order within a fold
    code, fold = code[order], fold[order]
    starts = np.flatnonzero(np.r_[True, (code[1:] != code[:-1]) | (fold[1:] != fold[:-1])])
    ends = [*starts[1:].tolist(), len(order)]
    return {
        (str(cells[code[a]]), int(fold[a])): order[a:b]
        for a, b in zip(starts.tolist(), ends, strict=True)
    }


class _Fold(NamedTuple):
    """What says how a fold's predictions are to be scored."""

    task: Task
    columns: tuple[str, ...]
    model: str


class _Predictions:
    """The table of predictions as arrays."""

    def __init__(self, predictions: pd.DataFrame) -> None:
        import numpy as np
        import pandas as pd

        self.kl = predictions["kl"].to_numpy(np.float64)
        self.clip, clips = pd.factorize(predictions["clip"])
        self.clips = np.asarray(clips, object)
        self._labels: dict[tuple[str, ...], NDArray[np.float64]] = {}
        self._predictions = predictions

    def truth(self, fold: _Fold, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        return self._stacked(row_columns.truth_columns(fold.columns))[rows]

    def withheld(self, fold: _Fold, rows: NDArray[np.intp]) -> bool:
        """Tell whether a fold's labels are not there."""
        import numpy as np

        return not row_columns.is_ceiling(fold.model) and bool(
            np.isnan(self.truth(fold, rows)).all()
        )

    def score(
        self, fold: _Fold, rows: NDArray[np.intp], clips: Sequence[str]
    ) -> tuple[NDArray[np.float64], dict[str, float]]:
        import numpy as np

        if row_columns.is_ceiling(fold.model):
            kl = self.kl[rows]
            return kl, row_columns.ceiling_metrics(kl)
        predicted = self._stacked(row_columns.predicted_columns(fold.columns))[rows]
        if self.withheld(fold, rows):
            # Any truth tells what must be done to predictions, and whether they can be scored.
            truth = np.full(predicted.shape, 1 / len(fold.columns))
            _, metrics = row_columns.score_fold(fold.task, truth, predicted, clips)
            known = {k: v for k, v in metrics.items() if k in row_columns.OF_PREDICTIONS}
            return self.kl[rows], known | row_columns.kl_metrics(self.kl[rows])
        return row_columns.score_fold(fold.task, self.truth(fold, rows), predicted, clips)

    def _stacked(self, names: Sequence[str]) -> NDArray[np.float64]:
        import numpy as np

        key = tuple(names)
        if key not in self._labels:
            self._labels[key] = self._predictions[list(names)].to_numpy(np.float64)
        return self._labels[key]


# --- CSV files -----------------------------------------------------------------------------------


def csv_differences(name: str, stored: bytes | None, expected: str) -> list[str]:
    """Say cell by cell where a CSV file is not what it must be.

    Parameters
    ----------
    name
        What to call the file.
    stored
        Its content; None where it is missing.
    expected
        What follows from the tables.
    """
    if stored is None:
        return [f"{name} is missing"]
    if stored == expected.encode():
        return []
    return list(_cell_differences(name, stored, expected))


def _cell_differences(name: str, stored: bytes, expected: str) -> Iterator[str]:
    try:
        text = stored.decode()
    except UnicodeDecodeError:
        yield f"{name} is no text"
        return
    if "\r" in text and "\r" not in expected:
        yield f"{name} has other line ends than it must have"
        return
    has, wants = (list(csv.reader(io.StringIO(t, newline=""))) for t in (text, expected))
    if not has or has[0] != wants[0]:
        yield f"{name} has other columns than follow from the predictions"
        return
    if len(has) != len(wants):
        yield f"{name} has {len(has) - 1} rows where the predictions give {len(wants) - 1}"
        return
    header = wants[0]
    for line, (row, wanted) in enumerate(zip(has[1:], wants[1:], strict=True), start=2):
        if len(row) != len(header):
            yield f"{name}, line {line}: it has {len(row)} cells where {len(header)} belong"
            continue
        for column, cell, right in zip(header, row, wanted, strict=True):
            if cell != right and not _same_number(cell, right):
                yield (
                    f"{name}, line {line}, {column}: {_quoted(cell)} stands where "
                    f"{_quoted(right)} follows from the predictions"
                )


def _same_number(stored: str, expected: str) -> bool:
    try:
        a, b = float(stored), float(expected)
    except ValueError:
        return False
    # Both are written to ten digits.
    return math.isclose(a, b, rel_tol=1e-8, abs_tol=_ABSOLUTE)


def _quoted(cell: str) -> str:
    shown = cell if len(cell) <= 60 else f"{cell[:60]}…"
    return f"{shown!r}" if shown else "nothing"
