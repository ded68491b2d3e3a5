"""Whether a run is what its manifest and its predictions say."""

from __future__ import annotations

from pathlib import Path

from merbench import recorded, runs
from merbench.consistency import manifest_differences, table_differences
from merbench.errors import MerbenchError
from merbench.recorded import Recorded
from merbench.rescoring import csv_differences, score_differences


def verify(folder: Path) -> list[str]:
    """Recompute every number of a run from its predictions; return what differs.

    Raises
    ------
    MerbenchError
        A file is missing or damaged.
    """
    run = recorded.read(folder)
    differences = recorded_differences(run)
    try:
        texts = runs.texts(runs.assemble(run.manifest, run.folds, run.predictions))
    except (MerbenchError, LookupError) as error:
        return [*differences, f"no leaderboard follows from the tables: {error}"]
    for name, text in texts.items():
        path = folder / name
        differences += csv_differences(name, path.read_bytes() if path.is_file() else None, text)
    return differences


def recorded_differences(run: Recorded) -> list[str]:
    """Return what differs between a run's manifest, folds and predictions, a sentence each."""
    differences = manifest_differences(run.manifest)
    for check in (score_differences,) if differences else (table_differences, score_differences):
        try:
            differences += check(run)
        except (LookupError, TypeError, ValueError) as error:
            differences.append(f"the tables are not a run's ({type(error).__name__}: {error})")
    return differences
