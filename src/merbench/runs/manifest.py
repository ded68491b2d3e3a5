"""The manifest of a run: what was run, with what, on what; enough to check and repeat it."""

from __future__ import annotations

import copy
import subprocess
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from merbench import __version__, installed, machine
from merbench.benchmark.document import Document
from merbench.benchmark.protocols import PROTOCOLS, sides
from merbench.components import Component
from merbench.components.base import components_in, source_digest
from merbench.engines.schedule import Outcome
from merbench.errors import MerbenchError
from merbench.identity import spec_hash
from merbench.planning.cell import Cell, LoadedDataset
from merbench.planning.plan import Plan
from merbench.plugins.provenance import about, provenance
from merbench.plugins.registry import KINDS
from merbench.runs.row_columns import role

SCHEMA = 2


def compose_manifest(
    plan: Plan,
    outcomes: Mapping[str, Outcome],
    errors: Sequence[Mapping[str, Any]],
    started: float,
    engine: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Describe a run that is done.

    Parameters
    ----------
    plan
        What it did.
    outcomes
        What became of its tasks.
    errors
        Of each failed fold: cell, fold and traceback.
    started
        When, in seconds since the epoch.
    engine
        Name and parameters of the engine that did it; None where nothing says.

    Returns
    -------
    dict
        JSON values.
    """
    from merbench import evaluation

    document = plan.benchmark.document
    spec = plan.benchmark.spec.model_dump(mode="json")
    failures = {o.work.title: o.error for o in outcomes.values() if o.error and not o.inherited}
    return {
        "schema": SCHEMA,
        "merbench": __version__,
        "name": spec["name"],
        "run": uuid.uuid4().hex,
        "started": datetime.fromtimestamp(started, UTC).isoformat(timespec="seconds"),
        "seconds": round(time.time() - started, 3),
        "spec": spec,
        "spec_hash": spec_hash(spec),
        "base": str(document.folder),
        "bases": _bases(document),
        "evaluator": {"version": evaluation.VERSION, "hash": evaluation.source_hash()},
        "protocol": plan.benchmark.protocol.identity(),
        "datasets": [_dataset_entry(data) for data in plan.datasets],
        "cells": [_cell_entry(cell, plan) for cell in plan.cells],
        "plugins": plugins_of(plan),
        "skipped": [{**skip.names, "reason": skip.reason} for skip in plan.skipped],
        "tasks": {"done": len(outcomes), "cached": dict(plan.cached)},
        "failures": failures,
        "errors": [dict(error) for error in errors],
        **({"engine": dict(engine)} if engine else {}),
        "packages": installed.versions(),
        "git": _git(),
        "hardware": machine.hardware(),
    }


def plugins_of(plan: Plan) -> list[dict[str, Any]]:
    """Describe the plugins that a plan uses: what each says of itself, and where it can be had."""
    found: dict[tuple[str, str], type[Component]] = {}

    def note(component: Component) -> None:
        kind = next((kind for kind, base in KINDS.items() if isinstance(component, base)), "")
        found.setdefault((kind, component.name), type(component))
        for _, value in component:
            for inner in components_in(value):
                note(inner)

    protocol = plan.benchmark.protocol
    if type(protocol) not in PROTOCOLS.values():
        note(protocol)
    for data in plan.datasets:
        note(data.dataset)
    for cell in plan.cells:
        for part in parts_of_cell(cell):
            note(part)
    return [
        {"kind": kind, "name": name, **_plugin_entry(cls)}
        for (kind, name), cls in sorted(found.items())
    ]


def _plugin_entry(cls: type[Component]) -> dict[str, Any]:
    summary, more = about(cls)
    said = {
        "version": cls.version,
        "summary": summary,
        "description": more,
        **{name: _of_class(cls, name) for name in ("authors", "citation", "paper")},
    }
    return {key: value for key, value in (said | asdict(provenance(cls))).items() if value}


def _of_class(cls: type[Component], name: str) -> str | list[str]:
    """Return what a class says of itself: nothing, where its users say it of their data."""
    said = getattr(cls, name)
    return list(said) if isinstance(said, tuple) else said if isinstance(said, str) else ""


def uncommitted(manifest: Mapping[str, Any]) -> str:
    """Say where a run was made by a checkout of merbench with changes that no commit has."""
    git = manifest.get("git") or {}
    if not git.get("dirty"):
        return ""
    return (
        f"the run was made by a checkout of merbench with changes that commit "
        f"{str(git.get('commit'))[:12]} does not have, so that nobody else can repeat it exactly"
    )


def document(manifest: Mapping[str, Any], run: object) -> Document:
    """Return a run's benchmark as if its file had been read again, `--set` included.

    Parameters
    ----------
    manifest
        The run's.
    run
        What messages call it.

    Raises
    ------
    MerbenchError
        The manifest is a published one, which does not say where data lie.
    """
    if "base" not in manifest:
        raise MerbenchError(
            f"{run} is a published submission, which does not say where its data lie; use the run "
            "it was made from"
        )
    name = f"the benchmark in {run}"
    places = {
        tuple(entry["at"]): (name, Path(entry["base"])) for entry in manifest.get("bases", ())
    }
    return Document(name, Path(manifest["base"]), copy.deepcopy(manifest["spec"]), places)


def _bases(document: Document) -> list[dict[str, Any]]:
    """Values whose relative paths start from another folder: those given by `--set`."""
    return [
        {"at": list(path), "base": str(folder)}
        for path, (_, folder) in document.places.items()
        if folder != document.folder
    ]


def _dataset_entry(data: LoadedDataset) -> dict[str, Any]:
    dataset, clips = data.dataset, data.clips
    listed: dict[str, Any] = {
        "id": [clip.id for clip in clips],
        "group": [clip.group for clip in clips],
        "truth": list(data.truth_hashes),
    }
    if dataset.labels_public:
        # With labels and these at hand, anyone can compute the truth hashes.
        listed["audio"] = [data.audio[clip.audio] for clip in clips]
    return {
        "name": data.name,
        # Where it is not the plugin that gives the name: a table that its user named.
        **({} if data.name == dataset.name else {"plugin": dataset.name}),
        "version": dataset.version,
        "parameters": data.settings,
        "task": data.task.value,
        **({} if data.task.columns else {"classes": list(data.columns)}),
        "synthetic": dataset.synthetic,
        "labels_public": dataset.labels_public,
        "n_clips": len(clips),
        "n_groups": len({clip.group for clip in clips}),
        "data_hash": data.data_hash,
        "split_hash": data.split_hash,
        "n_folds": len(data.splits),
        "provenance": data.provenance,
        "homepage": dataset.homepage,
        "licence": dataset.licence,
        "citation": dataset.citation,
        **({"paper": dataset.paper} if dataset.paper else {}),
        **({"authors": list(dataset.authors)} if dataset.authors else {}),
        "source": source_digest(type(dataset)),
        "clips": listed,
        "sides": sides(data.splits, len(clips)),
    }


def _cell_entry(cell: Cell, plan: Plan) -> dict[str, Any]:
    return {
        "id": cell.id,
        **cell.names,
        "role": role(cell.model),
        "data_hash": cell.data.data_hash,
        "parameters": cell.settings,
        "identity": cell.identity,
        "sources": {part.name: source_digest(type(part)) for part in parts_of_cell(cell)},
        "tables": list(plan.tables.get(cell.id, ())),
        "seeds": [cell.fold_seed(split.fold) for split in cell.data.splits],
        # Only where it says more than the dataset's.
        **({"provenance": cell.provenance} if cell.provenance != cell.data.provenance else {}),
        "error": plan.unready.get(cell.id, ""),
    }


def parts_of_cell(cell: Cell) -> list[Component]:
    """Return the components of a cell in the order in which music goes through them."""
    parts: tuple[Component | None, ...] = (
        *cell.augmentations, cell.separator, *cell.features, cell.model
    )  # fmt: skip
    return [part for part in parts if part is not None]


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
