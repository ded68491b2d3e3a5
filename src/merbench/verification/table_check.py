"""Whether a run's two tables say what its manifest says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from merbench.benchmark.names import AXES, NONE
from merbench.benchmark.protocols import TESTED, TRAINED, splits_of
from merbench.identity import truth_hash
from merbench.runs.labels import rows_of_dataset, withheld
from merbench.runs.parameter_text import written_parameters
from merbench.runs.record import FOLDS, MANIFEST, PREDICTIONS, RunRecord
from merbench.runs.row_columns import (
    HUMAN_CEILING,
    PEOPLE,
    PREDICTED,
    label_columns,
    truth_columns,
)

if TYPE_CHECKING:
    import pandas as pd


def table_differences(run: RunRecord) -> list[str]:
    """Hold a run's two tables against its manifest; say what differs, a sentence each.

    The manifest itself must have passed `manifest_differences`.
    """
    wanted = list(_expected_folds(run))
    found = list(_fold_differences(run.folds, wanted))
    tested = _tested(run.manifest)
    found += _row_differences(run, tested)
    for entry in run.manifest["datasets"]:
        found += _truth_differences(run, entry)
    found += _left_out_differences(run)
    return found


def _left_out_differences(run: RunRecord) -> Iterator[str]:
    """Yield the cells whose predictions are said to be left out, and are there."""
    left_out = run.predictions["cell"].isin(set(run.manifest.get("predictions_withheld", ())))
    columns = [name for name in run.predictions if str(name).startswith(PREDICTED)]
    there = run.predictions[left_out.to_numpy()]
    there = there[there[columns].notna().any(axis=1)]
    for cell in dict.fromkeys(there["cell"].astype(str)):
        yield f"{PREDICTIONS}, cell {cell}: predictions that {MANIFEST} calls left out are there"


def _expected_folds(run: RunRecord) -> Iterator[dict[str, Any]]:
    """Yield what the manifest says of every cell's folds, and of people's where there are some."""
    entries = {(e["name"], e["data_hash"]): e for e in run.manifest["datasets"]}
    for cell in run.manifest["cells"]:
        entry = entries[cell["dataset"], cell["data_hash"]]
        row = {axis: cell[axis] for axis in AXES} | {"cell": cell["id"], "role": cell["role"]}
        row["parameters"] = written_parameters(cell["parameters"])
        provenance = cell.get("provenance", entry["provenance"])
        yield from _folds_of(entry | {"provenance": provenance}, row, cell["seeds"])
    people = run.folds[run.folds["role"] == PEOPLE] if len(run.folds) else run.folds
    for cell_name, part in people.groupby("cell", sort=False) if len(people) else ():
        first = part.iloc[0]
        entry = entries.get((first["dataset"], first["data_hash"]))
        estimate = re.fullmatch(rf"{HUMAN_CEILING}\(([a-z-]+)\)", str(first["model"]))
        if entry is None or estimate is None:
            continue
        row = dict.fromkeys(AXES, NONE) | {"dataset": entry["name"], "model": first["model"]}
        hashes = f"{entry['data_hash'][:8]}-{entry['split_hash'][:8]}"
        row |= {"role": PEOPLE, "parameters": "", "cell": cell_name}
        if cell_name == f"{HUMAN_CEILING}-{estimate[1]}-{hashes}":
            seed = run.manifest["spec"]["seed"]
            yield from _folds_of(entry, row, [seed] * entry["n_folds"])


def _folds_of(
    entry: Mapping[str, Any], row: Mapping[str, Any], seeds: Sequence[int]
) -> Iterator[dict[str, Any]]:
    of_data = {
        "task": entry["task"],
        "dataset_parameters": written_parameters(entry["parameters"]),
        "n_clips": entry["n_clips"],
        "synthetic": entry["synthetic"],
        "provenance": entry["provenance"],
        "split_hash": entry["split_hash"],
        "data_hash": entry["data_hash"],
    }
    for fold, (side, seed) in enumerate(zip(entry["sides"], seeds, strict=True)):
        sizes = {"n_train": side.count(TRAINED), "n_test": side.count(TESTED)}
        yield {**row, **of_data, **sizes, "fold": fold, "seed": seed}


def _fold_differences(folds: pd.DataFrame, wanted: Sequence[dict[str, Any]]) -> Iterator[str]:
    stored = {(row["cell"], row["fold"]): row for row in folds.to_dict("records")}
    if len(stored) < len(folds):
        yield f"{FOLDS}: a fold stands twice"
    for row in wanted:
        where = f"{FOLDS}, cell {row['cell']}, fold {row['fold']}"
        has = stored.pop((row["cell"], row["fold"]), None)
        if has is None:
            yield f"{where}: the row is missing"
            continue
        for column, value in row.items():
            if has.get(column) != value:
                yield f"{where}: {column} is {has.get(column)!r} where {MANIFEST} says {value!r}"
        if has.get("status") not in ("ok", "failed"):
            yield f"{where}: status is {has.get('status')!r}, which is neither ok nor failed"
        if has.get("status") == "ok" and has.get("error"):
            yield f"{where}: status is ok, and there is an error: {str(has['error'])[:80]!r}"
    for cell, fold in stored:
        yield f"{FOLDS}, cell {cell}, fold {fold}: {MANIFEST} knows no such cell and fold"


def _tested(manifest: Mapping[str, Any]) -> dict[tuple[str, str, int], list[tuple[str, str]]]:
    """Return by data set, data and fold: (id, group) of each tested clip, in order."""
    tested = {}
    for entry in manifest["datasets"]:
        pairs = list(zip(entry["clips"]["id"], entry["clips"]["group"], strict=True))
        for split in splits_of(entry["sides"]):
            key = entry["name"], entry["data_hash"], split.fold
            tested[key] = [pairs[i] for i in split.test]
    return tested


def _row_differences(
    run: RunRecord, tested: Mapping[tuple[str, str, int], list[tuple[str, str]]]
) -> Iterator[str]:
    from merbench.verification.score_check import rows_of_folds

    predictions = run.predictions
    at = rows_of_folds(predictions)
    clips, groups = (predictions[name].to_numpy(object) for name in ("clip", "group"))
    axes = {axis: predictions[axis].to_numpy(object) for axis in AXES}
    for row in run.folds.to_dict("records"):
        rows = at.pop((row["cell"], row["fold"]), None)
        where = f"{PREDICTIONS}, cell {row['cell']}, fold {row['fold']}"
        if row["status"] != "ok":
            if rows is not None:
                yield f"{where}: there are predictions of a fold that failed"
            continue
        wanted = tested.get((row["dataset"], row["data_hash"], row["fold"]))
        if rows is None or wanted is None:
            yield f"{where}: there are no predictions"
            continue
        has = list(zip(clips[rows].tolist(), groups[rows].tolist(), strict=True))
        if has != wanted:
            yield f"{where}: {_first_difference(has, wanted)}"
        for axis, names in axes.items():
            if set(names[rows].tolist()) != {row[axis]}:
                yield f"{where}: {axis} is not {row[axis]!r} in every row"
    for cell, fold in at:
        yield f"{PREDICTIONS}, cell {cell}, fold {fold}: {FOLDS} knows no such cell and fold"


def _first_difference(has: Sequence[tuple[str, str]], wanted: Sequence[tuple[str, str]]) -> str:
    ids, right = [clip for clip, _ in has], [clip for clip, _ in wanted]
    twice = [clip for clip in ids if ids.count(clip) > 1] if len(set(ids)) < len(ids) else []
    if twice:
        return f"clip {twice[0]} stands there twice"
    if missing := [clip for clip in right if clip not in set(ids)]:
        return f"clip {missing[0]}, which the fold tests, is missing"
    if more := [clip for clip in ids if clip not in set(right)]:
        return f"clip {more[0]} is there, which the fold does not test"
    if ids != right:
        return "its clips are not in the data set's order"
    clip, group = next(pair for pair, other in zip(has, wanted, strict=True) if pair != other)
    return f"clip {clip} is of group {group!r}, which {MANIFEST} does not say"


def _truth_differences(run: RunRecord, entry: Mapping[str, Any]) -> Iterator[str]:
    """Yield where a data set's labels differ between rows, or from their hashes."""
    import numpy as np

    if run.predictions.empty:
        return
    rows = run.predictions[rows_of_dataset(run, entry)]
    columns = truth_columns(label_columns(entry))
    labels = rows[columns].to_numpy(float)
    name = entry["name"]
    if withheld(entry):
        if not np.isnan(labels).all():
            yield f"{PREDICTIONS}: labels of {name} are there, which may not be republished"
        return
    ids = rows["clip"].to_numpy(object)
    first: dict[str, int] = {}
    positions = np.asarray([first.setdefault(clip, i) for i, clip in enumerate(ids.tolist())])
    differs = (labels != labels[positions]).any(axis=1) if len(ids) else np.zeros(0, bool)
    if differs.any():
        yield f"{PREDICTIONS}: clip {ids[differs.argmax()]} of {name} has several labels"
    clips = entry["clips"]
    if "audio" not in clips:
        return
    known = zip(clips["id"], clips["truth"], clips["audio"], strict=True)
    for clip, truth, audio in known:
        if clip in first and truth_hash(clip, labels[first[clip]].tolist(), audio) != truth:
            yield f"{PREDICTIONS}: the label of clip {clip} of {name} does not have its hash"
