"""What a benchmark finds, beside what the paper that it reproduces prints."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from merbench.planning.cell import Cell
from merbench.planning.reported_figure import figures_of

if TYPE_CHECKING:
    from merbench.benchmark.schema import Reported
    from merbench.leaderboard.run_results import RunResults

__all__ = ["Reproduced", "reproduced"]


@dataclass(frozen=True)
class Reproduced:
    """One number of a paper's table, and the same here.

    Parameters
    ----------
    system, dataset
        What the paper calls the system; the dataset, with the parameters that tell it from others.
    cell
        Id of the cell that is the system.
    metric
        What is compared.
    paper, status, source, note
        The paper's number, `reported` as printed or `corrected`, where it stands, and what is to be
        known of it.
    folds
        How many there are here.
    ours, low, high
        The mean over folds here and the ends of its 95 % interval; None where the cell failed, the
        interval also where there is a single fold.
    difference, difference_low, difference_high
        Ours less the paper's, whose own error nobody knows: the interval is ours alone.
    error
        Why there is no number here; empty where there is one.
    mark
        What speaks against the number here, such as weights that are random; empty for nothing.
    """

    system: str
    dataset: str
    cell: str
    metric: str
    paper: float
    status: str
    source: str
    note: str
    folds: int
    ours: float | None
    low: float | None
    high: float | None
    difference: float | None
    difference_low: float | None
    difference_high: float | None
    error: str
    mark: str


def reproduced(
    cells: Sequence[Cell],
    reported: Reported,
    run: RunResults | None,
    unready: Mapping[str, str],
) -> list[Reproduced]:
    """Set what a run found beside what a paper prints, in the order of the paper's rows.

    Intervals are those of `evaluation.corrected`, which allow for the overlap of folds.

    Parameters
    ----------
    cells
        What was planned.
    reported
        The paper's table.
    run
        What came of it; None where nothing could be run.
    unready
        Why cells could not be run here, by their ids.
    """
    from merbench.benchmark.names import full_title

    marks = {} if run is None else {row["cell"]: row["mark"] or "" for row in run.rows}
    found = []
    for cell in cells:
        for figure in figures_of(cell, reported):
            folds, ours, low, high, error = _ours(cell.id, figure.metric, run, unready)
            found.append(
                Reproduced(
                    figure.system,
                    full_title((cell.data.dataset,)),
                    cell.id,
                    figure.metric,
                    figure.value,
                    figure.status,
                    figure.source,
                    figure.note,
                    folds,
                    ours,
                    low,
                    high,
                    _less(ours, figure.value),
                    _less(low, figure.value),
                    _less(high, figure.value),
                    error,
                    marks.get(cell.id, ""),
                )
            )
    order = [entry.system for entry in reported.systems]
    return sorted(found, key=lambda row: order.index(row.system))


_SHARES = ("accuracy", "balanced_accuracy", "macro_f1")
"""Metrics on [0, 1]: an interval, which knows the spread of the folds alone, ends there."""

_Ours = tuple[int, float | None, float | None, float | None, str]


def _ours(cell: str, metric: str, run: RunResults | None, unready: Mapping[str, str]) -> _Ours:
    import numpy as np

    from merbench.evaluation import corrected

    if cell in unready:
        return 0, None, None, None, unready[cell]
    folds = None if run is None else run.folds[run.folds["cell"] == cell]
    if folds is None or folds.empty:
        return 0, None, None, None, "it was not run"
    failed = folds[folds["status"] != "ok"]
    if len(failed):
        return len(folds), None, None, None, str(failed["error"].iloc[0])
    if metric not in folds or folds[metric].isna().any():
        return len(folds), None, None, None, f"its folds have no {metric}"
    ratio = float((folds["n_test"] / folds["n_train"]).mean())
    mean = corrected(folds[metric].to_numpy(float), ratio)
    ends = np.asarray(mean.interval(), float)
    low, high = map(_known, ends.clip(0, 1) if metric in _SHARES else ends)
    return len(folds), float(mean.mean), low, high, ""


def _known(value: object) -> float | None:
    number = float(value)  # type: ignore[arg-type]
    return number if math.isfinite(number) else None


def _less(number: float | None, value: float) -> float | None:
    return None if number is None else number - value
