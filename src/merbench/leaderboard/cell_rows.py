"""One row a cell: what its folds come to."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from merbench.identity import canonical, digest, portable
from merbench.leaderboard.columns import LEADING, TRAILING
from merbench.leaderboard.marks import UNTRAINED, has_untrained
from merbench.runs.labels import withheld
from merbench.runs.parameter_text import read_parameters
from merbench.runs.record import RunRecord
from merbench.runs.row_columns import metric_columns

if TYPE_CHECKING:
    import pandas as pd


def in_order(runs: Iterable[RunRecord]) -> tuple[RunRecord, ...]:
    """Return runs by the time they were started."""
    return tuple(sorted(runs, key=lambda run: (run.manifest["started"], run.manifest["run"])))


# --- one row a cell ------------------------------------------------------------------------------


def summarise(run: RunRecord) -> list[dict[str, Any]]:
    """Return a run's rows, without what needs the other cells of their tables.

    A metric is the mean over folds of what it is in each; counts are summed; a cell with a failed
    fold has none, for a mean over the folds that happened to work compares with nothing.
    """
    from merbench.evaluation import is_count

    folds = run.folds
    if folds.empty:
        return []
    metrics = metric_columns(folds)
    done = folds[folds["status"] == "ok"]
    groups = done.groupby("cell", sort=False)
    means = groups[metrics].mean()
    for name in filter(is_count, metrics):
        means[name] = groups[name].sum(min_count=1)
    costs = _costs(done)
    n_done = groups.size().to_dict()
    known = {"mean": means.to_dict("index"), "cost": costs.to_dict("index")}
    common = _of_run(run.manifest)
    firsts = folds.drop_duplicates("cell").to_dict("records")
    n_folds = folds["cell"].value_counts().to_dict()
    errors = _first_errors(folds)
    rows = []
    for first in firsts:
        cell = first["cell"]
        complete = n_done.get(cell, 0) == n_folds[cell]
        mean = known["mean"][cell] if complete else dict.fromkeys(metrics, float("nan"))
        row = {column: first[column] for column in LEADING if column in first}
        row |= {column: first[column] for column in TRAILING if column in first}
        row |= common | known["cost"].get(cell, dict.fromkeys(costs.columns, float("nan")))
        parameters = portable(read_parameters(first["parameters"]))
        row |= {
            "dataset_version": _dataset_version(run.manifest, first),
            "parameters": parameters,
            "mark": UNTRAINED if has_untrained(parameters) else "",
            "dataset_parameters": portable(read_parameters(first["dataset_parameters"])),
            "synthetic": bool(first["synthetic"]),
            "status": "ok" if complete else "failed",
            "n_folds": n_folds[cell],
            "n_failed": n_folds[cell] - n_done.get(cell, 0),
            "withheld": _withheld(run.manifest, first),
            "error": errors.get(cell, ""),
            "kl_mean": mean.get("kl_mean", float("nan")),
            "kl_median": mean.get("kl_median", float("nan")),
            "_metrics": {k: v for k, v in mean.items() if k not in ("kl_mean", "kl_median")},
        }
        row["table"] = table_id(row)
        rows.append(row)
    return rows


def _first_errors(folds: pd.DataFrame) -> dict[str, str]:
    """Return the first error of each cell that has any."""
    failed = folds.loc[folds["error"].fillna("") != "", ["cell", "error"]].drop_duplicates("cell")
    return dict(zip(failed["cell"], failed["error"], strict=True))


def _costs(done: pd.DataFrame) -> pd.DataFrame:
    """Return what each cell's finished folds took; runs made before it was measured have NaN."""
    groups = done.groupby("cell", sort=False)
    costs = groups.agg({"seconds": "sum", "cpu_seconds": "sum", "peak_memory_mb": "max"})
    known = done.reindex(columns=["cell", "n_test", "fit_seconds", "predict_seconds"])
    sums = known.groupby("cell", sort=False).sum(min_count=1)
    costs["fit_seconds"] = sums["fit_seconds"].astype(float)
    costs["predict_seconds_per_clip"] = sums["predict_seconds"].astype(float) / sums["n_test"]
    return costs


_SAME_SPLITS = ("scale_before_splitting", "prepare_before_splitting")
"""Leaks that a protocol may repeat, and that leave data and splits as they are."""


def table_id(row: Mapping[str, Any]) -> str:
    """Return the table a row belongs to: rows of equal data, split and evaluator version.

    What was scaled or prepared before the split leaves data and split as they are, and no row of
    such a protocol may stand beside sound ones.
    """
    keys = ("dataset", "dataset_version", "data_hash", "split_hash", "evaluator_version")
    parameters = json.loads(row["protocol"])["parameters"]
    leaks = [leak for leak in _SAME_SPLITS if parameters.get(leak)]
    return digest([*(str(row[key]) for key in keys), *leaks])[:12]


def _of_run(manifest: Mapping[str, Any]) -> dict[str, Any]:
    versions = {"merbench": manifest["merbench"], **manifest["packages"]}
    return {
        "protocol": canonical(manifest["protocol"]).decode(),
        "spec_hash": manifest["spec_hash"],
        "evaluator_version": manifest["evaluator"]["version"],
        "evaluator_hash": manifest["evaluator"]["hash"],
        "versions": canonical(versions).decode(),
        "hardware": canonical(manifest["hardware"]).decode(),
        "run": manifest["run"],
        "started": manifest["started"],
    }


def _dataset_version(manifest: Mapping[str, Any], row: Mapping[str, Any]) -> str:
    for entry in manifest["datasets"]:
        if (entry["name"], entry["data_hash"]) == (row["dataset"], row["data_hash"]):
            return str(entry["version"])
    return ""


def _withheld(manifest: Mapping[str, Any], row: Mapping[str, Any]) -> str:
    """Say what of a cell is not among the published predictions."""
    if row["cell"] in manifest.get("predictions_withheld", ()):
        return "labels and predictions"
    hidden = {
        (entry["name"], entry["data_hash"]) for entry in manifest["datasets"] if withheld(entry)
    }
    return "labels" if (row["dataset"], row["data_hash"]) in hidden else ""
