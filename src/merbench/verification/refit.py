"""Fitting a few of a run's folds again, and holding what they predict against what it stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from merbench import devices
from merbench.engines.schedule import Outcome
from merbench.planning.cell import Cell
from merbench.planning.planner import make_plan
from merbench.plugins.registry import Registry
from merbench.runs import manifest, record, trust
from merbench.runs.record import RunRecord
from merbench.runs.row_columns import PEOPLE, joined, predicted_columns, told_apart
from merbench.steps.fitting import Fit
from merbench.steps.step import Step
from merbench.steps.store import Store
from merbench.verification.score_check import rows_of_folds

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TOLERANCE = 1e-6
"""Largest difference of a predicted number, on the [0, 1] scale, that counts as none: other
processors and numbers of threads add in other orders."""


@dataclass(frozen=True)
class Refit:
    """What fitting again showed.

    Parameters
    ----------
    folds
        What was fitted, a line each.
    differences
        Where predictions are not those stored, or could not be made, a sentence each.
    """

    folds: tuple[str, ...]
    differences: tuple[str, ...]


def rerun(
    folder: Path,
    count: int,
    store: Store,
    work: Callable[[Mapping[str, Step], Sequence[Path]], Mapping[str, Outcome]],
    *,
    seed: int = 0,
    assignments: Sequence[str] = (),
    trusted: bool = False,
    registry: Registry | None = None,
) -> Refit:
    """Fit sampled folds of a run again, from its benchmark.

    Features come from the store where it has them, and are extracted again where not.

    Parameters
    ----------
    folder
        The run's.
    count
        How many folds; all where there are no more.
    store
        Holds features, and takes those made anew; predictions do not go there.
    work
        Does tasks, given the plugin files that it must know: those that make missing features.
    seed
        What the sample is drawn from.
    assignments
        `--set` assignments, such as where data now lie.
    trusted
        Whether the plugins that the run names may run here.
    registry
        Plugins; by default those that the benchmark names.

    Raises
    ------
    MerbenchError
        The run says too little to be repeated, or its data cannot be read, or it names plugins
        that are not trusted.
    """
    run = record.read_record(folder)
    document = manifest.document(run.manifest, folder)
    for assignment in assignments:
        document.assign(assignment)
    benchmark, paths = trust.resolved(document, folder, trusted=trusted, registry=registry)
    chosen = sample(run, count, seed)
    planned = make_plan(benchmark, store, again=chosen)
    cells = {cell.id: cell for cell in planned.cells}
    features = {key: task for key, task in planned.tasks.items() if not isinstance(task, Fit)}
    outcomes = work(features, paths) if features else {}
    failed = {key: outcome.error for key, outcome in outcomes.items() if outcome.error}
    fits = {
        (cell.id, task.fold): task
        for cell in planned.cells
        for key in planned.fits.get(cell.id, ())
        if isinstance(task := planned.tasks.get(key), Fit)
    }
    names = _names(run.manifest)
    folds, differences = [], []
    for cell_id, fold in chosen:
        title = f"{names[cell_id]}, fold {fold}"
        folds.append(title)
        difference = _difference(
            run, cells.get(cell_id), planned.unready, failed, fits.get((cell_id, fold)), fold, store
        )
        if difference:
            differences.append(f"{title}: {difference}")
    return Refit(tuple(folds), tuple(differences))


def sample(run: RunRecord, count: int, seed: int) -> list[tuple[str, int]]:
    """Draw cells and folds that have results, without people's: the same for the same seed."""
    import numpy as np

    folds = run.folds
    if folds.empty:
        return []
    fitted = folds[(folds["status"] == "ok") & (folds["role"] != PEOPLE)]
    keys = sorted(zip(fitted["cell"].tolist(), map(int, fitted["fold"]), strict=True))
    drawn = np.random.default_rng(seed).permutation(len(keys))[:count]
    return [keys[i] for i in sorted(drawn.tolist())]


def _difference(
    run: RunRecord,
    cell: Cell | None,
    unready: Mapping[str, str],
    failed: Mapping[str, str],
    fit: Fit | None,
    fold: int,
    store: Store,
) -> str:
    """Say how a fold's predictions differ from those stored, or why there are none."""
    import numpy as np

    if cell is None:
        return (
            "the benchmark no longer makes this cell: its data, a parameter, or the version of a "
            "component is another"
        )
    if cell.id in unready:
        return f"it cannot be fitted here: {unready[cell.id]}"
    assert fit is not None
    reason = next((failed[need] for need in fit.needs if need in failed), "")
    if reason:
        return f"it cannot be fitted here: {reason}"
    aside = _Aside(store.folder)
    try:
        with devices.turn(store.folder, fit.occupies):
            fit.run(aside)
    except Exception as error:
        return f"it cannot be fitted: {type(error).__name__}: {error}"
    again = aside.predictions
    rows = rows_of_folds(run.predictions)[cell.id, fold]
    columns = predicted_columns(cell.data.columns)
    stored = run.predictions[columns].to_numpy(np.float64)[rows]
    if again.shape != stored.shape:
        return f"{len(again)} clips are predicted where {len(stored)} are stored"
    distance = np.abs(again - stored)
    if not (distance <= TOLERANCE).all():
        row, column = np.unravel_index(int(distance.argmax()), distance.shape)
        clip = run.predictions["clip"].to_numpy(object)[rows[row]]
        return (
            f"{columns[column]} of clip {clip} is {stored[row, column]:.6g} as stored and "
            f"{again[row, column]:.6g} when fitted again"
        )
    return ""


class _Aside(Store):
    """A store whose artifacts can be read, and that keeps new ones to itself."""

    predictions: NDArray[np.float64]

    def put(self, key: str, arrays: Mapping[str, NDArray[Any]], info: Mapping[str, Any]) -> None:
        self.predictions = arrays["predictions"]


def _names(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Return a name for each of a run's cells that no other has, by the cell's id."""
    cells = manifest["cells"]
    texts = told_apart(cells)
    return {
        cell["id"]: f"{text['dataset']}: {joined(text)}"
        for cell, text in zip(cells, texts, strict=True)
    }
