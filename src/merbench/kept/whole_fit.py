"""Fitting a finished run's system on all its clips, and keeping it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from merbench import devices, evaluation, installed
from merbench.benchmark.names import AXES
from merbench.components.base import source_digest
from merbench.engines.schedule import Outcome
from merbench.errors import MerbenchError, reason
from merbench.kept.clip_vectors import clip_vectors, inputs_of
from merbench.kept.folder import KeptModel, read_model, write_model
from merbench.planning.cell import Cell, originals
from merbench.planning.planner import make_plan
from merbench.plugins.registry import Registry
from merbench.runs import manifest as manifests
from merbench.runs import record, trust
from merbench.runs.row_columns import PEOPLE, joined, told_apart
from merbench.steps.fitting import Fit
from merbench.steps.step import Step
from merbench.steps.store import Store

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Work = Callable[[Mapping[str, Step], Sequence[Path]], Mapping[str, Outcome]]
"""Does tasks, given the plugin files that it must know."""

_COMPARED = 16
"""Clips on which what was kept is held against what was fitted."""


def fit_on_all_clips(
    run_folder: Path,
    system: str | None,
    store: Store,
    work: Work,
    out: Path | None = None,
    *,
    assignments: Sequence[str] = (),
    trusted: bool = False,
    overwrite: bool = False,
    registry: Registry | None = None,
) -> KeptModel:
    """Fit a system of a run on all clips of its dataset, and keep it in a folder.

    Parameters
    ----------
    run_folder
        The run's.
    system
        Which: its name as tables show it, or the id of its cell; None for the only one.
    store
        Holds features, and takes those that are missing.
    work
        Does tasks.
    out
        The model's folder; by default `model-ID` in the run's.
    assignments
        `--set` assignments, such as where data now lie.
    trusted
        Whether the plugins that the run names may run here.
    overwrite
        Whether another model in the folder is replaced.
    registry
        Plugins; by default those that the benchmark names.

    Raises
    ------
    MerbenchError
        There is no such system, it cannot be used on new music, or it cannot be kept.
    """
    run = record.read_record(run_folder)
    chosen = chosen_system(run.manifest, system)
    document = manifests.document(run.manifest, run_folder)
    for assignment in assignments:
        document.assign(assignment)
    benchmark, paths = trust.resolved(document, run_folder, trusted=trusted, registry=registry)
    planned = make_plan(benchmark, store, again=[(chosen["id"], 0)])
    if not planned.cells:
        raise MerbenchError(
            f"the benchmark of {run_folder} no longer makes this system: its data, a parameter, or "
            "the version of a component is another; run it again"
        )
    (cell,) = planned.cells
    _refuse(cell)
    if cell.id in planned.unready:
        raise MerbenchError(f"it cannot be fitted here: {planned.unready[cell.id]}")
    features = {key: task for key, task in planned.tasks.items() if not isinstance(task, Fit)}
    outcomes = work(features, paths) if features else {}
    for outcome in outcomes.values():
        if outcome.error:
            raise MerbenchError(f"it cannot be fitted: {outcome.error}")
    fit = next(task for task in planned.tasks.values() if isinstance(task, Fit))
    fit = _on_all(fit, cell)
    with devices.turn(store.folder, fit.occupies):
        estimator = _fitted(fit, store)
        shown = [i for i, (_, copy) in enumerate(cell.rows) if copy is None]
        given = fit.inputs(store, shown[:_COMPARED])
        predicted = _array(estimator.predict(given))
    from merbench.evaluation.novelty import Familiar

    vectors = clip_vectors(fit.inputs(store, shown), cell.kinds)
    familiar = Familiar.of(vectors, _array([cell.rows[i][0].group for i in shown]))
    said = _manifest(run.manifest, chosen, cell, fit, document.places, given)
    folder = out or run_folder / f"model-{cell.id}"
    try:
        kept = write_model(folder, estimator, cell.model, familiar, said, overwrite=overwrite)
    except MerbenchError as error:
        raise error.within(f"{cell.label} cannot be kept") from None
    _compare(kept, cell, given, predicted)
    return kept


def _array(values: Any) -> NDArray[Any]:
    """Return values as an array."""
    import numpy as np

    return np.asarray(values)


def chosen_system(manifest: Mapping[str, Any], wanted: str | None) -> dict[str, Any]:
    """Return the entry of a run's cell that somebody names; None where there is but one.

    Raises
    ------
    MerbenchError
        None is meant, or several are.
    """
    cells = [cell for cell in manifest["cells"] if cell["role"] != PEOPLE]
    texts = told_apart(cells)
    several = len({cell["dataset"] for cell in cells}) > 1
    names = [joined(text) for text in texts]
    shown = [
        f"{text['dataset']}: {name}" if several else name
        for text, name in zip(texts, names, strict=True)
    ]
    if wanted is None:
        found = [i for i, cell in enumerate(cells) if cell["features"] != "none"]
    else:
        exact = [i for i, cell in enumerate(cells) if wanted in (cell["id"], names[i], shown[i])]
        found = exact or [
            i
            for i in range(len(cells))
            if _parts(wanted) <= _parts(shown[i].replace(": ", " x "))
            or _parts(wanted) <= {cells[i][axis] for axis in AXES}
        ]
    if len(found) == 1:
        return dict(cells[found[0]])
    which = [shown[i] for i in found] or shown
    listed = "; ".join(which[:12]) + ("; …" if len(which) > 12 else "")
    if wanted is None:
        raise MerbenchError(f"the run has {len(which)} systems; name one with --system: {listed}")
    what = "no system" if not found else f"{len(found)} systems"
    raise MerbenchError(f"the run has {what} {wanted!r}; name one of: {listed}")


def _parts(name: str) -> set[str]:
    return {part.strip() for part in name.split(" x ")}


def _refuse(cell: Cell) -> None:
    """Raise where a system is none that new music can be given to."""
    data = cell.data
    published = [f.name for f in cell.features if f.needs_published]
    if not cell.features:
        why = "it never hears the music"
    elif published:
        why = f"{published[0]} is published with the clips, and nobody can extract it from others"
    elif cell.separator is not None and cell.separator.needs_true_stems:
        why = f"{cell.separator.name} needs true stems, which new music does not have"
    elif cell.scaled or cell.prepared or data.origins:
        why = "its protocol repeats a leak of a paper; take one that keeps test clips apart"
    else:
        return
    raise MerbenchError(f"{cell.label} is of no use for new music: {why}")


def _on_all(fit: Fit, cell: Cell) -> Fit:
    """Return a fit of all rows: every clip, and the copies of those that a fold trains on."""
    rows = cell.rows
    return dataclasses.replace(
        fit,
        # That of a fold that no run has.
        seed=cell.fold_seed(len(cell.data.splits)),
        train=tuple(range(len(rows))),
        test=(),
        labels=tuple(clip.label for clip, _ in rows),
        groups=tuple(clip.group for clip, _ in rows),
        copy_of=originals(rows),
        clip_ids=(),
    )


def _fitted(fit: Fit, store: Store) -> Any:
    try:
        return fit.fitted(store)[0]
    except MerbenchError:
        raise
    except Exception as error:
        raise MerbenchError(f"{fit.label} cannot be fitted ({reason(error)})") from error


def _manifest(
    run: Mapping[str, Any],
    chosen: Mapping[str, Any],
    cell: Cell,
    fit: Fit,
    places: Mapping[Any, Any],
    given: Any,
) -> dict[str, Any]:
    data = cell.data
    parts = manifests.parts_of_cell(cell)
    described = next(
        entry
        for entry in run["datasets"]
        if entry["name"] == data.name and entry["task"] == data.task.value
    )
    return {
        **{name: run[name] for name in ("merbench", "name", "spec", "base", "bases")},
        "run": run.get("run", ""),
        "cell": cell.id,
        "system": {axis: chosen[axis] for axis in AXES},
        "parameters": cell.settings,
        "identity": cell.identity,
        "sources": {part.name: source_digest(type(part)) for part in parts},
        "task": data.task.value,
        "columns": list(data.columns),
        "seed": fit.seed,
        "device": fit.device,
        "inputs": [list(part.shape[1:]) for part in inputs_of(given)],
        "dataset": {
            key: described[key]
            for key in (
                "name", "version", "parameters", "n_clips", "n_groups", "data_hash", "provenance",
                "homepage", "licence", "citation", "synthetic",
            )
        },
        "suffixes": sorted({clip.audio.suffix.lower() for clip in data.clips}),
        "clips": [clip.id for clip in data.clips],
        "plugins": [
            entry
            for entry in run["plugins"]
            if entry["name"] in {part.name for part in parts} | {data.dataset.name}
        ],
        "evaluator": {"version": evaluation.VERSION, "hash": evaluation.source_hash()},
        "packages": installed.versions(),
    }  # fmt: skip


def _compare(kept: KeptModel, cell: Cell, given: Any, predicted: NDArray[np.float64]) -> None:
    """See that what was kept predicts what was fitted, to the last bit."""
    import shutil

    import numpy as np

    try:
        again = np.asarray(read_model(kept.folder).estimator(cell.model).predict(given))
        if not np.array_equal(again, predicted):
            raise MerbenchError("read back, it predicts something else")
    except Exception as error:
        shutil.rmtree(kept.folder)
        why = str(error) if isinstance(error, MerbenchError) else reason(error)
        raise MerbenchError(
            f"{cell.label} cannot be kept: {why}; give its model `keep` and `restore`"
        ) from error
