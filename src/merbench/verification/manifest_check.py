"""Whether a run's manifest agrees with itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from merbench.benchmark.names import NONE
from merbench.benchmark.protocols import NEITHER, PROTOCOLS, TESTED, TRAINED, split_hash, splits_of
from merbench.errors import data_fault
from merbench.identity import data_hash, spec_hash
from merbench.planning.cell import cell_id, fold_seed
from merbench.runs.record import MANIFEST
from merbench.runs.row_columns import (
    BASELINE,
    SYSTEM,
)


def manifest_differences(manifest: Mapping[str, Any]) -> list[str]:
    """Compute a manifest's hashes, ids and seeds anew; say what differs, a sentence each."""
    try:
        return [f"{MANIFEST}: {found}" for found in _manifest_differences(manifest)]
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        return [f"{MANIFEST} is no manifest of a run ({data_fault(error)})"]


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
    if not _is_protocol(manifest["protocol"], manifest["spec"]["protocol"]):
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


def _is_protocol(recorded: Mapping[str, Any], choice: Any) -> bool:
    """Tell whether a protocol is the one that a benchmark chose; nobody's plugin is run for it."""
    name, parameters = (choice, {}) if isinstance(choice, str) else next(iter(choice.items()))
    parameters = parameters or {}
    if name in PROTOCOLS:
        return bool(recorded == PROTOCOLS[name].model_validate(parameters).identity())
    known = recorded["parameters"]
    return bool(recorded["name"] == name and {**known, **parameters} == known)


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
