"""Executing a plan, and what a run leaves on disk: a manifest and two tables."""

from __future__ import annotations

import importlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from merbench import engine, recorded, results, stems, timings
from merbench import manifest as manifests
from merbench.cells import Cell, LoadedDataset
from merbench.components import Clip, Task
from merbench.engine import Engine, Outcome
from merbench.errors import MerbenchError
from merbench.plan import Plan
from merbench.recorded import MANIFEST as MANIFEST
from merbench.recorded import UNFINISHED, Recorded, csv_text, replacing
from merbench.results import HUMAN_CEILING
from merbench.spec import NONE
from merbench.store import Store

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

LEADERBOARD, COMPARISONS, STEMS = "leaderboard.csv", "comparisons.csv", "stems.parquet"


@dataclass(frozen=True)
class Run(Recorded):
    """One execution of a benchmark file: what it recorded, and what follows from that.

    Parameters
    ----------
    leaderboard
        One row a cell.
    comparisons
        One row a pair of cells.
    stems
        One row a separated clip and stem, as `stems.table` gives.
    """

    leaderboard: pd.DataFrame
    comparisons: pd.DataFrame
    stems: pd.DataFrame

    @property
    def failed(self) -> list[dict[str, Any]]:
        """Rows of the cells that failed."""
        rows = self.leaderboard[self.leaderboard["status"] == "failed"].to_dict("records")
        return [{str(key): value for key, value in row.items()} for row in rows]


def execute(
    plan: Plan,
    store: Store,
    where: Engine | None,
    report: Callable[[Outcome], None] | None = None,
) -> Run:
    """Do a plan's tasks and score what they predict.

    Parameters
    ----------
    plan
        From `plan.make_plan`.
    store
        Where tasks leave their artifacts.
    where
        The engine that runs them; None where the plan has no tasks left.
    report
        Called with each task's outcome.
    """
    started = time.time()

    def settled(outcome: Outcome) -> None:
        _remember(store, outcome)
        if report:
            report(outcome)

    # What scores and compares takes a second or two to load, which the workers' time hides.
    threading.Thread(target=_load_evaluation, args=(len(plan.cells),), daemon=True).start()
    outcomes = engine.execute(plan.tasks, where, settled) if where else {}
    folds, predictions, errors = _collect(plan, store, outcomes)
    manifest = manifests.compose(plan, outcomes, errors, started)
    manifest["shift"] = stems.shifts(plan.described, store, plan.benchmark.spec.seed)
    return assemble(manifest, folds, predictions, stems.table(plan.described, store))


def _load_evaluation(cells: int) -> None:
    importlib.import_module("pandas")
    importlib.import_module("merbench.evaluation")
    if cells > 1:
        importlib.import_module("scipy.stats")


def assemble(
    manifest: dict[str, Any],
    folds: pd.DataFrame,
    predictions: pd.DataFrame,
    levels: pd.DataFrame | None = None,
) -> Run:
    """Derive a run's leaderboard and comparisons from its tables; levels of stems go along."""
    from merbench.leaderboard import tables

    board = tables.build([Recorded(manifest, folds, predictions)])
    if levels is None:
        levels = stems.no_rows()
    return Run(manifest, folds, predictions, board.leaderboard, board.comparisons, levels)


def _remember(store: Store, outcome: Outcome) -> None:
    component = outcome.work.component
    if outcome.error or component is None:
        return
    info = store.info(outcome.work.key)
    if "seconds" in info:
        timings.record(
            store.folder, outcome.work.stage, component.title, info["seconds"], info["bytes"] / 1e6
        )


# --- the two tables ------------------------------------------------------------------------------


def _collect(
    plan: Plan, store: Store, outcomes: Mapping[str, Outcome]
) -> tuple[pd.DataFrame, pd.DataFrame, list[dict[str, Any]]]:
    import pandas as pd

    folds: list[dict[str, Any]] = []
    predictions: list[pd.DataFrame] = []
    errors: list[dict[str, Any]] = []
    for cell in plan.cells:
        keys = plan.fits.get(cell.id, [""] * len(cell.data.splits))
        for split, key in zip(cell.data.splits, keys, strict=True):
            row = _fold_row(cell, split.fold, len(split.train), len(split.test))
            try:
                frame, measured = _score(cell, split.fold, key, plan, store, outcomes)
                row |= measured
                predictions.append(frame)
            except MerbenchError as error:
                row |= {"status": "failed", "error": str(error)}
                trace = outcomes[key].trace if key in outcomes else ""
                errors.append({"cell": cell.id, "fold": split.fold, "trace": trace})
            folds.append(row)
    if plan.benchmark.spec.baselines:
        for data in plan.datasets:
            for row, frame in _human_ceiling(data, plan.benchmark.spec.seed):
                folds.append(row)
                predictions.append(frame)
    table = pd.concat(predictions, ignore_index=True) if predictions else _no_predictions(plan)
    return _ordered(pd.DataFrame(folds)), table, errors


def _score(
    cell: Cell, fold: int, key: str, plan: Plan, store: Store, outcomes: Mapping[str, Outcome]
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return a fold's rows of the table of predictions, and its row's measured part."""
    if cell.id in plan.unready:
        raise MerbenchError(plan.unready[cell.id])
    if key in outcomes and outcomes[key].error:
        raise MerbenchError(outcomes[key].error)
    artifact = store.get(key)
    predicted = artifact.arrays["predictions"]
    frame, metrics = _scored(cell.data, cell.id, cell.names, fold, predicted)
    info = artifact.info
    measured = {name: info[name] for name in ("seconds", "cpu_seconds", "peak_memory_mb")}
    measured["curve"] = json.dumps(info["curve"]) if info["curve"] else ""
    return frame, measured | metrics


def _scored(
    data: LoadedDataset,
    cell: str,
    names: Mapping[str, str],
    fold: int,
    predicted: NDArray[np.float64],
) -> tuple[pd.DataFrame, dict[str, float]]:
    import numpy as np

    task = data.task
    clips = [data.clips[i] for i in data.splits[fold].test]
    truth = np.asarray([clip.label for clip in clips], dtype=np.float64)
    kl, metrics = results.score_fold(task, truth, predicted, [clip.id for clip in clips])
    frame = _prediction_rows(data, cell, names, fold, truth, predicted, kl)
    return frame, metrics


def _prediction_rows(
    data: LoadedDataset,
    cell: str,
    names: Mapping[str, str],
    fold: int,
    truth: NDArray[np.float64],
    predicted: NDArray[np.float64],
    kl: NDArray[np.float64],
) -> pd.DataFrame:
    import pandas as pd

    clips = [data.clips[i] for i in data.splits[fold].test]
    labels = dict(zip(results.truth_columns(data.columns), truth.T, strict=True))
    labels |= dict(zip(results.predicted_columns(data.columns), predicted.T, strict=True))
    return pd.DataFrame(
        {"cell": cell, **names, "fold": fold, "clip": [c.id for c in clips]}
        | {"group": [c.group for c in clips], **labels, "kl": kl}
    )


def _no_predictions(plan: Plan) -> pd.DataFrame:
    import pandas as pd

    columns = ["cell", *results.AXES, "fold", "clip", "group"]
    for names in dict.fromkeys(data.columns for data in plan.datasets):
        columns += results.truth_columns(names) + results.predicted_columns(names)
    return pd.DataFrame(columns=[*columns, "kl"])


def _fold_row(cell: Cell, fold: int, n_train: int, n_test: int) -> dict[str, Any]:
    return {
        "cell": cell.id,
        **cell.names,
        "parameters": _json(cell.settings),
        "role": results.role(cell.model),
        "fold": fold,
        "seed": cell.fold_seed(fold),
        "n_train": n_train,
        "n_test": n_test,
        **_data_columns(cell.data),
        "seconds": float("nan"),
        "cpu_seconds": float("nan"),
        "peak_memory_mb": float("nan"),
        "curve": "",
        "status": "ok",
        "error": "",
    }


def _json(settings: dict[str, Any]) -> str:
    return json.dumps(settings, sort_keys=True) if settings else ""


def _data_columns(data: LoadedDataset) -> dict[str, Any]:
    return {
        "task": data.task.value,
        "dataset_parameters": _json(data.settings),
        "n_clips": len(data.clips),
        "synthetic": data.dataset.synthetic,
        "provenance": data.provenance,
        "split_hash": data.split_hash,
        "data_hash": data.data_hash,
    }


def _ordered(folds: pd.DataFrame) -> pd.DataFrame:
    """Put the metrics last, behind `error`, whatever the first row had."""
    if folds.empty:
        return folds
    fixed = list(_columns_of_a_fold())
    return folds[fixed + [column for column in folds.columns if column not in fixed]]


def _columns_of_a_fold() -> tuple[str, ...]:
    return (
        "cell", *results.AXES, "parameters", "role", "fold", "seed", "n_train", "n_test", "task",
        "dataset_parameters", "n_clips", "synthetic", "provenance", "split_hash", "data_hash",
        "seconds", "cpu_seconds",
        "peak_memory_mb", "curve", "status", "error",
    )  # fmt: skip


def _human_ceiling(data: LoadedDataset, seed: int) -> Iterator[tuple[dict[str, Any], pd.DataFrame]]:
    """Yield the folds of the human ceilings: how well people predict what other people say."""
    import numpy as np

    if data.task is not Task.VA or data.origins:  # copies among the clips, which nobody rated
        return
    for estimate, kl in ceilings(data.clips, seed).items():
        names = dict.fromkeys(results.AXES, NONE) | {
            "dataset": data.name,
            "model": f"{HUMAN_CEILING}({estimate})",
        }
        cell = f"{HUMAN_CEILING}-{estimate}-{data.data_hash[:8]}-{data.split_hash[:8]}"
        for split in data.splits:
            test = np.asarray(split.test)
            row: dict[str, Any] = {
                "cell": cell, **names, "parameters": "", "role": results.PEOPLE,
                "fold": split.fold, "seed": seed,
                "n_train": len(split.train), "n_test": len(split.test), **_data_columns(data),
                "seconds": 0.0, "cpu_seconds": 0.0, "peak_memory_mb": 0.0, "curve": "",
                "status": "ok", "error": "", **results.ceiling_metrics(kl[test]),
            }  # fmt: skip
            truth = np.asarray([data.clips[i].label for i in split.test], dtype=np.float64)
            nothing = np.full(truth.shape, np.nan)
            yield row, _prediction_rows(data, cell, names, split.fold, truth, nothing, kl[test])


def ceilings(clips: Sequence[Clip], seed: int) -> dict[str, NDArray[np.float64]]:
    """Return what people reach, by estimate: the KL expected of each clip, in nats.

    Parameters
    ----------
    clips
        All of a data set, with their ratings.
    seed
        That of the benchmark.
    """
    import numpy as np

    if not any(clip.ratings for clip in clips):
        return {}
    from merbench.evaluation import human_ceiling

    ratings = [np.reshape(np.asarray(clip.ratings, float), (-1, 2)) for clip in clips]
    ceiling = human_ceiling(ratings, seed=seed)
    estimates = {"split-half": ceiling.split_half, "panel": ceiling.panel}
    return {name: kl for name, kl in estimates.items() if np.isfinite(kl).any()}


# --- on disk -------------------------------------------------------------------------------------


def check_writable(folder: Path) -> None:
    """See that a run can be written before hours are spent on it.

    Raises
    ------
    MerbenchError
        It cannot.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(folder / ".probe") as temporary:
            temporary.write_bytes(b"")
        (folder / ".probe").unlink()
    except OSError as error:
        raise MerbenchError(
            f"results cannot be written to {folder} ({error.strerror or error}); name another "
            "folder with --out"
        ) from error


def write(run: Run, folder: Path) -> None:
    """Write a run; each file appears whole, the manifest last.

    Raises
    ------
    MerbenchError
        The folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / UNFINISHED).touch()
        (folder / MANIFEST).unlink(missing_ok=True)  # an earlier run's would vouch for new tables
        for name, text in texts(run).items():
            with replacing(folder / name) as temporary:
                temporary.write_text(text, encoding="utf-8", newline="")
        (folder / STEMS).unlink(missing_ok=True)
        if len(run.stems):
            with replacing(folder / STEMS) as temporary:
                recorded.write_parquet([run.stems], temporary)
        recorded.write(run, folder)
        (folder / UNFINISHED).unlink()
    except OSError as error:
        raise MerbenchError(
            f"the run cannot be written to {folder} ({error.strerror or error}); name another "
            "folder with --out and run again: finished work is kept"
        ) from error


def texts(run: Run) -> dict[str, str]:
    """Return the files that follow from what a run recorded: name to content."""
    return {LEADERBOARD: csv_text(run.leaderboard), COMPARISONS: csv_text(run.comparisons)}


def read(folder: Path) -> Run:
    """Read a run and derive its tables.

    Raises
    ------
    MerbenchError
        A file is missing or damaged.
    """
    run = recorded.read(folder)
    return assemble(run.manifest, run.folds, run.predictions, stems.read(folder / STEMS))
