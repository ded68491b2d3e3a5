"""Recorded runs with predictions that miss by known amounts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from merbench import Task
from merbench.leaderboard.columns import Comparison, typed_rows
from merbench.runs.record import RunRecord
from merbench.runs.row_columns import predicted_columns, score_fold, truth_columns

STD = 0.1


def made(name: str, offsets: list[list[float]], **changes: Any) -> dict[str, Any]:
    """One cell whose predictions miss valence by `offsets`, a list a fold.

    With standard deviations right, KL is (offset / 0.1)^2 / 2 in nats: 0.5 for 0.1, 2 for 0.2.
    """
    settings = {
        "cell": name, "dataset": "d", "augmentation": "none", "separator": "s", "features": "f",
        "model": name, "parameters": "", "role": "system", "n_train": 8, "task": "va",
        "dataset_parameters": "", "n_clips": 10, "synthetic": False, "provenance": "",
        "split_hash": "split", "data_hash": "data",
    }  # fmt: skip
    return {"offsets": offsets, "failed": {}, "constant": False, **settings, **changes}


def tables(*cells: dict[str, Any]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The two tables of a run with these cells."""
    folds, predictions = [], []
    for cell in cells:
        ours = ("offsets", "failed", "n_train", "constant")
        fixed = {k: v for k, v in cell.items() if k not in ours}
        for fold, offsets in enumerate(cell["offsets"]):
            truth = np.tile((0.5, 0.5, STD, STD), (len(offsets), 1))
            truth[:, 0] = np.linspace(0.3, 0.7, len(offsets))
            predicted = truth.copy()
            predicted[:, 0] += offsets
            if cell["constant"]:
                predicted[:, 0] = 0.5
            clips = [f"c{i}" for i in range(len(offsets))]
            kl, metrics = score_fold(Task.VA, truth, predicted, clips)
            row = fixed | {
                "fold": fold, "seed": 0, "n_train": cell["n_train"], "n_test": len(offsets),
                "seconds": 2.0 + fold, "cpu_seconds": 1.0, "peak_memory_mb": 100.0 * (fold + 1),
                "curve": "", "status": "ok", "error": "",
            }  # fmt: skip
            if fold in cell["failed"]:
                folds.append(row | {"status": "failed", "error": cell["failed"][fold]})
                continue
            folds.append(row | metrics)
            names = ("cell", "dataset", "augmentation", "separator", "features", "model")
            frame = pd.DataFrame({name: cell[name] for name in names}, index=range(len(clips)))
            frame["fold"], frame["clip"], frame["kl"] = fold, clips, kl
            frame["group"] = [f"g{i // 2}" for i in range(len(clips))]
            frame[truth_columns(Task.VA.columns)] = truth
            frame[predicted_columns(Task.VA.columns)] = predicted
            predictions.append(frame)
    return pd.DataFrame(folds), pd.concat(predictions, ignore_index=True)


def recorded_run(*cells: dict[str, Any], run: str = "run-1", **manifest: Any) -> RunRecord:
    """A run with these cells; keywords change its manifest."""
    folds, predictions = tables(*cells)
    entries = {(c["dataset"], c["data_hash"]): c for c in cells}
    known = {
        "run": run, "started": "2026-01-01T00:00:00+00:00", "merbench": "0", "packages": {},
        "hardware": {}, "protocol": {"name": "monte-carlo", "parameters": {}}, "spec_hash": "spec",
        "evaluator": {"version": "1", "hash": "source"}, "name": "made",
        "spec": {"compare": [{"across": "separator"}, {"across": "model"}]},
        "datasets": [
            {"name": name, "data_hash": data, "version": "1", "task": cell["task"],
             "citation": "Who, What, 2000", "homepage": "https://example.org", "licence": "none",
             "synthetic": False}
            for (name, data), cell in entries.items()
        ],
    }  # fmt: skip
    return RunRecord(known | manifest, folds, predictions)


def comparison(**known: Any) -> Comparison:
    """Two cells compared, of which only this is known."""
    (row,) = typed_rows(Comparison, pd.DataFrame([known]))
    return row
