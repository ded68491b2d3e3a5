"""Executing a plan, and what a run leaves on disk: a manifest and two tables."""

from __future__ import annotations

import importlib
import json
import math
import os
import platform
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from merbench import __version__, engine, results, threads, timings
from merbench.components import Component, Task, source_digest
from merbench.engine import Engine, Outcome
from merbench.errors import MerbenchError
from merbench.plan import Cell, LoadedDataset, Plan
from merbench.results import HUMAN_CEILING
from merbench.spec import NONE
from merbench.store import Store

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

MANIFEST, FOLDS, PREDICTIONS = "manifest.json", "folds.parquet", "predictions.parquet"
LEADERBOARD, COMPARISONS = "leaderboard.csv", "comparisons.csv"
SCHEMA = 1

_PACKAGES = (
    "audiomentations", "demucs", "librosa", "numba", "numpy", "opensmile", "pandas", "pydantic",
    "scikit-learn", "scipy", "skorch", "soundfile", "soxr", "tinysoundfont", "torch", "xgboost",
)  # fmt: skip


@dataclass(frozen=True)
class Run:
    """One execution of a benchmark file.

    Parameters
    ----------
    manifest
        What was run, with what, on what.
    folds
        One row a cell and fold.
    predictions
        One row a cell, fold and clip.
    leaderboard
        One row a cell, from `folds`.
    comparisons
        One row a pair of cells, from both tables.
    """

    manifest: dict[str, Any]
    folds: pd.DataFrame
    predictions: pd.DataFrame
    leaderboard: pd.DataFrame
    comparisons: pd.DataFrame

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
    manifest = _manifest(plan, outcomes, errors, started)
    return assemble(manifest, folds, predictions)


def _load_evaluation(cells: int) -> None:
    importlib.import_module("pandas")
    importlib.import_module("merbench.evaluation")
    if cells > 1:
        importlib.import_module("scipy.stats")


def assemble(manifest: dict[str, Any], folds: pd.DataFrame, predictions: pd.DataFrame) -> Run:
    """Derive a run's leaderboard and comparisons from its two tables."""
    families = [family["across"] for family in manifest["spec"]["compare"]]
    return Run(
        manifest,
        folds,
        predictions,
        results.summarise(folds),
        results.compare(folds, predictions, families),
    )


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
    table = pd.concat(predictions, ignore_index=True) if predictions else _no_predictions()
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

    task = data.dataset.task
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

    task = data.dataset.task
    clips = [data.clips[i] for i in data.splits[fold].test]
    frame = pd.DataFrame(
        {"cell": cell, **names, "fold": fold, "clip": [c.id for c in clips]}
        | {"group": [c.group for c in clips]}
    )
    frame[results.truth_columns(task)] = truth
    frame[results.predicted_columns(task)] = predicted
    frame["kl"] = kl
    return frame


def _no_predictions() -> pd.DataFrame:
    import pandas as pd

    columns = ["cell", *results.AXES, "fold", "clip", "group"]
    columns += results.truth_columns(Task.VA) + results.predicted_columns(Task.VA)
    return pd.DataFrame(columns=[*columns, "kl"])


def _fold_row(cell: Cell, fold: int, n_train: int, n_test: int) -> dict[str, Any]:
    return {
        "cell": cell.id,
        **cell.names,
        "parameters": _json(cell.settings),
        "role": results.BASELINE if cell.model.baseline else results.SYSTEM,
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
        "task": data.dataset.task.value,
        "dataset_parameters": _json(data.dataset.settings),
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

    if data.dataset.task is not Task.VA or not any(clip.ratings for clip in data.clips):
        return
    if data.origins:  # copies among the clips, which nobody rated
        return
    from merbench.evaluation import human_ceiling

    ratings = [np.reshape(np.asarray(clip.ratings, float), (-1, 2)) for clip in data.clips]
    ceiling = human_ceiling(ratings, seed=seed)
    estimates = {"split-half": ceiling.split_half, "panel": ceiling.panel}
    for estimate, kl in estimates.items():
        if not np.isfinite(kl).any():
            continue
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


# --- the manifest --------------------------------------------------------------------------------


def _manifest(
    plan: Plan, outcomes: Mapping[str, Outcome], errors: list[dict[str, Any]], started: float
) -> dict[str, Any]:
    spec = plan.benchmark.spec
    failures = {o.work.title: o.error for o in outcomes.values() if o.error and o.seconds}
    return {
        "schema": SCHEMA,
        "merbench": __version__,
        "name": spec.name,
        "run": uuid.uuid4().hex,
        "started": datetime.fromtimestamp(started, UTC).isoformat(timespec="seconds"),
        "seconds": round(time.time() - started, 3),
        "spec": spec.model_dump(mode="json"),
        "protocol": plan.benchmark.protocol.identity(),
        "datasets": [_dataset_entry(data) for data in plan.datasets],
        "cells": [_cell_entry(cell, plan) for cell in plan.cells],
        "skipped": [{**skip.names, "reason": skip.reason} for skip in plan.skipped],
        "tasks": {"done": len(outcomes), "cached": dict(plan.cached)},
        "failures": failures,
        "errors": errors,
        "packages": _versions(),
        "git": _git(),
        "hardware": _hardware(),
    }


def _dataset_entry(data: LoadedDataset) -> dict[str, Any]:
    dataset = data.dataset
    return {
        "name": data.name,
        "version": dataset.version,
        "parameters": dataset.settings,
        "task": dataset.task.value,
        "synthetic": dataset.synthetic,
        "clips": len(data.clips),
        "groups": len({clip.group for clip in data.clips}),
        "data_hash": data.data_hash,
        "split_hash": data.split_hash,
        "folds": len(data.splits),
        "provenance": data.provenance,
        "homepage": dataset.homepage,
        "licence": dataset.licence,
        "citation": dataset.citation,
        "source": source_digest(type(dataset)),
    }


def _cell_entry(cell: Cell, plan: Plan) -> dict[str, Any]:
    parts: tuple[Component | None, ...] = (
        *cell.augmentations, cell.separator, *cell.features, cell.model
    )  # fmt: skip
    return {
        "id": cell.id,
        **cell.names,
        "parameters": cell.settings,
        "identity": cell.identity,
        "sources": {part.name: source_digest(type(part)) for part in parts if part is not None},
        "seeds": [cell.fold_seed(split.fold) for split in cell.data.splits],
        "error": plan.unready.get(cell.id, ""),
    }


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def _git() -> dict[str, Any]:
    """Commit of merbench's own checkout, where it runs from one."""
    folder = Path(__file__).resolve().parent

    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    try:
        return {"commit": git("rev-parse", "HEAD"), "dirty": bool(git("status", "--porcelain"))}
    except (OSError, subprocess.CalledProcessError):
        return {"commit": None, "dirty": None}


def _hardware() -> dict[str, Any]:
    import psutil

    return {
        "platform": platform.platform(),
        "machine": platform.machine(),
        "cpu": _cpu_name(),
        "cores": threads.cores(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
    }


def _cpu_name() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor()


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
        with _replacing(folder / ".probe") as temporary:
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
        (folder / MANIFEST).unlink(missing_ok=True)  # an earlier run's would vouch for new tables
        for name, text in _texts(run).items():
            with _replacing(folder / name) as temporary:
                temporary.write_text(text, encoding="utf-8")
        for name, table in ((FOLDS, run.folds), (PREDICTIONS, run.predictions)):
            with _replacing(folder / name) as temporary:
                table.to_parquet(temporary, index=False)
        with _replacing(folder / MANIFEST) as temporary:
            temporary.write_text(json.dumps(run.manifest, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise MerbenchError(
            f"the run cannot be written to {folder} ({error.strerror or error}); name another "
            "folder with --out and run again: finished work is kept"
        ) from error


def _texts(run: Run) -> dict[str, str]:
    return {
        LEADERBOARD: run.leaderboard.to_csv(index=False, lineterminator="\n"),
        COMPARISONS: run.comparisons.to_csv(index=False, lineterminator="\n"),
    }


@contextmanager
def _replacing(target: Path) -> Iterator[Path]:
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        yield temporary
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def read(folder: Path) -> Run:
    """Read a run and derive its tables.

    Raises
    ------
    MerbenchError
        A file is missing or damaged.
    """
    return assemble(*_read(folder))


def _read(folder: Path) -> tuple[dict[str, Any], pd.DataFrame, pd.DataFrame]:
    import pandas as pd

    for name in (MANIFEST, FOLDS, PREDICTIONS):
        if not (folder / name).is_file():
            raise MerbenchError(
                f"{folder} is no run: {name} is missing; name the folder that `merbench run` wrote"
            )
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        folds = pd.read_parquet(folder / FOLDS)
        predictions = pd.read_parquet(folder / PREDICTIONS)
    except (OSError, ValueError) as error:
        raise MerbenchError(f"the run {folder} cannot be read ({error}); run it again") from None
    return manifest, folds, predictions


def verify(folder: Path) -> list[str]:
    """Recompute every number of a run from its predictions; return what differs.

    Raises
    ------
    MerbenchError
        A file is missing or damaged.
    """
    manifest, folds, predictions = _read(folder)
    differences = _differences(folds, predictions)
    try:
        texts = _texts(assemble(manifest, folds, predictions))
    except (MerbenchError, LookupError) as error:
        return [*differences, f"no leaderboard follows from the tables: {error}"]
    for name, text in texts.items():
        path = folder / name
        if not path.is_file():
            differences.append(f"{name} is missing")
        elif path.read_bytes() != text.encode():
            differences.append(f"{name} is not what the folds and predictions give")
    return differences


def _differences(folds: pd.DataFrame, predictions: pd.DataFrame) -> list[str]:
    """Say where the two tables do not agree, fold by fold."""
    done = folds[folds["status"] == "ok"]
    rows = {(row["cell"], row["fold"]): row for row in done.to_dict("records")}
    parts = dict(iter(predictions.groupby(["cell", "fold"], sort=False)))
    metrics = results.metric_columns(folds)
    found = []
    if len(rows) < len(done):
        found.append(f"{FOLDS}: a fold stands twice")
    for cell, fold in {**rows, **parts}:
        where = f"cell {cell}, fold {fold}"
        row, part = rows.get((cell, fold)), parts.get((cell, fold))
        if row is None or part is None:
            found.append(f"{where}: its predictions or its row are missing")
            continue
        if len(part) != row["n_test"] or part["clip"].duplicated().any():
            found.append(f"{where}: its predictions are not one for each of {row['n_test']} clips")
        try:
            kl, again = results.rescore_fold(Task(row["task"]), part)
        except MerbenchError as error:
            found.append(f"{where}: {error}")
            continue
        found += [
            f"{where}: {metric} is stored as {row[metric]:.6g}, its predictions give "
            f"{again.get(metric, math.nan):.6g}"
            for metric in metrics
            if not _close(row[metric], again.get(metric, math.nan))
        ]
        found += [
            f"{where}, clip {clip}: KL is stored as {stored:.6g}, its prediction gives {given:.6g}"
            for clip, stored, given in zip(part["clip"], part["kl"], kl, strict=True)
            if not _close(stored, given)
        ]
    return found


def _close(stored: float, computed: float) -> bool:
    both_undefined = math.isnan(stored) and math.isnan(computed)
    return both_undefined or math.isclose(stored, computed, rel_tol=1e-9, abs_tol=1e-12)
