"""Executing a plan, and scoring what its steps predict."""

from __future__ import annotations

import importlib
import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from merbench.components.base import UNIT_SECONDS, Cost
from merbench.components.engine import Workplace
from merbench.engines import schedule
from merbench.engines.schedule import Outcome
from merbench.errors import MerbenchError
from merbench.planning.cell import Cell, LoadedDataset
from merbench.planning.plan import Plan
from merbench.postponed import postpone_unused
from merbench.runs import manifest as manifests
from merbench.runs import row_columns, stems
from merbench.runs.ceiling import human_ceiling_rows
from merbench.runs.fold_rows import FoldRow, fold_table
from merbench.runs.prediction_rows import (
    Columns,
    no_predictions,
    prediction_rows,
    predictions_table,
)
from merbench.runs.record import RunRecord
from merbench.steps import timings
from merbench.steps.store import Store

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray


def execute_plan(
    plan: Plan,
    store: Store,
    where: Workplace | None,
    report: Callable[[Outcome], None] | None = None,
    engine: Mapping[str, Any] | None = None,
) -> RunRecord:
    """Do a plan's tasks and score what they predict.

    Parameters
    ----------
    plan
        From `plan.make_plan`.
    store
        Where tasks leave their artifacts.
    where
        The engine at work that runs them; None where the plan has no tasks left.
    report
        Called with each task's outcome.
    engine
        Name and parameters of the engine, for the manifest.
    """
    started = time.time()

    def settled(outcome: Outcome) -> None:
        _remember(store, outcome)
        if report:
            report(outcome)

    # What scores and compares takes a second or two to load, which the workers' time hides.
    threading.Thread(target=_load_evaluation, daemon=True).start()
    outcomes = schedule.execute_steps(plan.tasks, where, settled) if where else {}
    folds, predictions, errors = _collect(plan, store, outcomes)
    manifest = manifests.compose_manifest(plan, outcomes, errors, started, engine)
    measured = [stems.read_measured(part, store) for part in plan.described]
    manifest["shift"] = stems.shifts(measured, plan.benchmark.spec.seed)
    return RunRecord(manifest, folds, predictions, stems.stem_table(measured))


def _load_evaluation() -> None:
    postpone_unused()
    importlib.import_module("pandas")
    importlib.import_module("merbench.evaluation")
    importlib.import_module("scipy.special")


def _remember(store: Store, outcome: Outcome) -> None:
    component = outcome.work.component
    if outcome.error or component is None:
        return
    info = store.info(outcome.work.key)
    if "seconds" in info:
        length = info.get("clip_seconds", UNIT_SECONDS)
        units, sizes = outcome.work.units(length), outcome.work.sizes(length)
        if units and sizes:
            cost = Cost(info["seconds"], info["bytes"] / 1e6).times(1 / units, 1 / sizes)
            timings.record(store.folder, outcome.work.stage, component.title, cost)


# --- the two tables ------------------------------------------------------------------------------


def _collect(
    plan: Plan, store: Store, outcomes: Mapping[str, Outcome]
) -> tuple[pd.DataFrame, pd.DataFrame, list[dict[str, Any]]]:
    folds: list[FoldRow] = []
    predictions: list[Columns] = []
    errors: list[dict[str, Any]] = []
    for cell in plan.cells:
        keys = plan.fits.get(cell.id, [""] * len(cell.data.splits))
        for split, key in zip(cell.data.splits, keys, strict=True):
            row = FoldRow.of_cell(cell, split.fold, row_columns.role(cell.model))
            try:
                frame, measured = _score(cell, split.fold, key, plan, store, outcomes)
                row = replace(row, **measured)
                predictions.append(frame)
            except MerbenchError as error:
                row = replace(row, status="failed", error=str(error))
                outcome = outcomes.get(key)
                errors.append(
                    {
                        "cell": cell.id,
                        "fold": split.fold,
                        "trace": outcome.trace if outcome else "",
                        "inherited": outcome.inherited if outcome else False,
                    }
                )
            folds.append(row)
    if plan.benchmark.spec.baselines:
        for data in plan.datasets:
            for row, frame in human_ceiling_rows(data, plan.benchmark.spec.seed, store):
                folds.append(row)
                predictions.append(frame)
    table = predictions_table(predictions) if predictions else no_predictions(plan)
    return fold_table(folds), table, errors


def _score(
    cell: Cell, fold: int, key: str, plan: Plan, store: Store, outcomes: Mapping[str, Outcome]
) -> tuple[Columns, dict[str, Any]]:
    """Return a fold's rows of the table of predictions, and what was measured of the fold."""
    if cell.id in plan.unready:
        raise MerbenchError(plan.unready[cell.id])
    if key in outcomes and outcomes[key].error:
        raise MerbenchError(outcomes[key].error)
    artifact = store.get(key)
    predicted = artifact.arrays["predictions"]
    frame, metrics = _scored(cell.data, cell.id, cell.names, fold, predicted)
    info = artifact.info
    measured = {name: info[name] for name in ("seconds", "cpu_seconds", "peak_memory_mb")}
    for part in ("fit_seconds", "predict_seconds"):
        measured[part] = info.get(part, math.nan)
    measured["host"] = info.get("host", "")
    for kept in ("curve", "trials"):
        measured[kept] = info[kept] or ()
    return frame, measured | {"metrics": metrics}


def _scored(
    data: LoadedDataset,
    cell: str,
    names: Mapping[str, str],
    fold: int,
    predicted: NDArray[np.float64],
) -> tuple[Columns, dict[str, float]]:
    import numpy as np

    task = data.task
    clips = [data.clips[i] for i in data.splits[fold].test]
    truth = np.asarray([clip.label for clip in clips], dtype=np.float64)
    kl, metrics = row_columns.score_fold(task, truth, predicted, [clip.id for clip in clips])
    frame = prediction_rows(data, cell, names, fold, truth, predicted, kl)
    return frame, metrics
