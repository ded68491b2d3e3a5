"""Whether a run's manifest agrees with itself, and its tables with the manifest."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from merbench.benchmark.names import AXES, NONE
from merbench.benchmark.protocols import NEITHER, PROTOCOLS, TESTED, TRAINED, split_hash, splits_of
from merbench.errors import MerbenchError
from merbench.identity import data_hash, spec_hash, truth_hash
from merbench.planning.cell import cell_id, fold_seed
from merbench.runs.labels import rows_of_dataset, withheld
from merbench.runs.parameter_text import written_parameters
from merbench.runs.record import FOLDS, MANIFEST, PREDICTIONS, RunRecord
from merbench.runs.row_columns import (
    BASELINE,
    HUMAN_CEILING,
    PEOPLE,
    PREDICTED,
    SYSTEM,
    label_columns,
    truth_columns,
)

if TYPE_CHECKING:
    import pandas as pd


# --- the manifest --------------------------------------------------------------------------------


def manifest_differences(manifest: Mapping[str, Any]) -> list[str]:
    """Compute a manifest's hashes, ids and seeds anew; say what differs, a sentence each."""
    try:
        return [f"{MANIFEST}: {found}" for found in _manifest_differences(manifest)]
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        reason = f"{type(error).__name__}: {error}"
        return [f"{MANIFEST} is no manifest of a run ({reason})"]


def _manifest_differences(manifest: Mapping[str, Any]) -> Iterator[str]:
    from merbench import evaluation

    if manifest["spec_hash"] != spec_hash(manifest["spec"]):
        yield "spec_hash is not the hash of the benchmark in it"
    evaluator = manifest["evaluator"]
    if not evaluation.same_scores(evaluator["version"], evaluator["hash"]):
        yield (
            f"it was scored by evaluator {evaluator['version']} of source "
            f"{evaluator['hash'][:12]}; this merbench has evaluator {evaluation.VERSION} of source "
            f"{evaluation.source_hash()[:12]}"
        )
    if manifest["protocol"] != _protocol(manifest["spec"]["protocol"]):
        yield "protocol is not the one of the benchmark in it"
    grouped = manifest["protocol"]["parameters"].get("grouped", True)
    for entry in manifest["datasets"]:
        for found in _dataset_differences(entry, grouped=grouped):
            yield f"{entry['name']}: {found}"
    known = {(entry["name"], entry["data_hash"]): entry for entry in manifest["datasets"]}
    seen: set[str] = set()
    for cell in manifest["cells"]:
        where = f"cell {cell['id']}"
        if cell["id"] in seen:
            yield f"{where} stands twice"
        seen.add(cell["id"])
        entry = known.get((cell["dataset"], cell["data_hash"]))
        if entry is None:
            yield f"{where}: its data are not among the data sets"
            continue
        yield from (f"{where}: {found}" for found in _cell_differences(cell, entry))


def _protocol(choice: Any) -> dict[str, Any]:
    name, parameters = (choice, {}) if isinstance(choice, str) else next(iter(choice.items()))
    return PROTOCOLS[name].model_validate(parameters or {}).identity()


def _dataset_differences(entry: Mapping[str, Any], *, grouped: bool) -> Iterator[str]:
    clips, sides = entry["clips"], entry["sides"]
    ids, groups = clips["id"], clips["group"]
    if len({len(values) for values in clips.values()}) != 1 or len(set(ids)) != len(ids):
        yield "its clips are not listed once each"
        return
    marks = {TRAINED, TESTED, NEITHER}
    if any(len(side) != len(ids) or not set(side) <= marks for side in sides):
        yield "its folds do not give each clip a side"
        return
    splits = splits_of(sides)
    if entry["data_hash"] != data_hash(ids, groups, clips["truth"]):
        yield "data_hash is not the hash of the clips listed"
    if entry["split_hash"] != split_hash(splits, ids):
        yield "split_hash is not the hash of the sides listed"
    counted = {"n_clips": len(ids), "n_groups": len(set(groups)), "n_folds": len(sides)}
    for name, count in counted.items():
        if entry[name] != count:
            yield f"{name} is {entry[name]} where {count} are listed"
    for split in splits:
        shared = {groups[i] for i in split.train} & {groups[i] for i in split.test}
        if grouped and shared:
            yield f"fold {split.fold} has group {min(shared)!r} on both sides"
        if not split.train or not split.test:
            yield f"fold {split.fold} has nothing to train on, or nothing to test"


def _cell_differences(cell: Mapping[str, Any], entry: Mapping[str, Any]) -> Iterator[str]:
    identity = cell["identity"]
    if cell["id"] != cell_id(identity, entry["data_hash"]):
        yield "its id is not the hash of its identity and data"
    if cell["seeds"] != [fold_seed(identity, fold) for fold in range(len(entry["sides"]))]:
        yield "its seeds do not follow from its identity"
    if cell["role"] not in (SYSTEM, BASELINE):
        yield f"its role {cell['role']!r} is neither {SYSTEM} nor {BASELINE}"
    separator = identity["separator"]
    named = {
        "dataset": [identity["dataset"]],
        "augmentation": identity.get("augmentations", []),
        "separator": [separator] if separator else [],
        "features": identity["features"],
        "model": [identity["model"]],
    }
    for axis, components in named.items():
        names = [component["name"] for component in components]
        if not (_is_title(cell[axis], names) if names else cell[axis] == NONE):
            yield f"{axis} is {cell[axis]!r}, which its identity is not"


def _is_title(text: str, names: Sequence[str]) -> bool:
    """Tell whether a text is these names joined by ` + `, each perhaps with more in brackets.

    A wrapper's title goes on with what it wraps. Where each name may end is kept for all of them
    at once: a pattern would try every combination, which a stranger's text can make endless.
    """
    closed = [at + 1 for at, sign in enumerate(text) if sign == ")"]
    ends = {0}
    for position, name in enumerate(names):
        wanted = f" + {name}" if position else name
        after = {end + len(wanted) for end in ends if text.startswith(wanted, end)}
        opened = [at for at in after if text.startswith(("(", " ("), at)]
        ends = after | {at for at in closed if opened and at > min(opened) + 1}
    return len(text) in ends


# --- the tables ----------------------------------------------------------------------------------


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


def labels_of(
    entry: Mapping[str, Any], clips: Iterable[tuple[str, Sequence[float], str]]
) -> tuple[dict[str, Sequence[float]], list[str]]:
    """Take a data set's labels from a reader's own copy, and check them against their hashes.

    Parameters
    ----------
    entry
        The data set in the manifest.
    clips
        Id, label and file digest of each clip in the copy.

    Returns
    -------
    tuple
        Labels by clip id, and a sentence for each clip that is not the one that was scored.
    """
    own = {clip: (label, audio) for clip, label, audio in clips}
    labels: dict[str, Sequence[float]] = {}
    found = []
    for clip, truth in zip(entry["clips"]["id"], entry["clips"]["truth"], strict=True):
        # A copy that was dealt out as a clip of its own has its clip's label and file.
        origin = clip if clip in own else clip.rpartition(" (")[0]
        if origin not in own:
            found.append(f"clip {clip} of {entry['name']} is not in the copy given")
            continue
        label, audio = own[origin]
        if truth_hash(clip, label, audio) != truth:
            found.append(
                f"clip {clip} of {entry['name']}: its label or file in the copy given is not the "
                "one that was scored"
            )
            continue
        labels[clip] = label
    return labels, found


def with_labels(
    run: RunRecord, entry: Mapping[str, Any], labels: Mapping[str, Sequence[float]]
) -> RunRecord:
    """Return a run with a data set's labels filled in.

    Raises
    ------
    MerbenchError
        A clip that was tested has no label.
    """
    import numpy as np

    columns = label_columns(entry)
    rows = rows_of_dataset(run, entry)
    ids = run.predictions["clip"].to_numpy(object)[rows].tolist()
    if missing := [clip for clip in ids if clip not in labels]:
        raise MerbenchError(f"clip {missing[0]} of {entry['name']} has no label")
    values = np.asarray([labels[clip] for clip in ids], float).reshape(-1, len(columns))
    predictions = run.predictions.copy(deep=False)
    for column, filled in zip(truth_columns(columns), values.T, strict=True):
        whole = predictions[column].to_numpy(float).copy()
        whole[rows] = filled
        predictions[column] = whole
    manifest = run.manifest | {
        "datasets": [
            {k: v for k, v in e.items() if k != "labels_withheld"} if e is entry else e
            for e in run.manifest["datasets"]
        ]
    }
    return RunRecord(manifest, run.folds, predictions)
