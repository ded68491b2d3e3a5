"""Whether a run is what its manifest and its predictions say."""

from __future__ import annotations

from pathlib import Path

from merbench.errors import MerbenchError, data_fault
from merbench.leaderboard import run_results
from merbench.runs import record
from merbench.runs.record import RunRecord
from merbench.verification.manifest_check import manifest_differences
from merbench.verification.score_check import csv_differences, score_differences
from merbench.verification.table_check import table_differences


def verify_run(folder: Path) -> list[str]:
    """Recompute every number of a run from its predictions; return what differs.

    Raises
    ------
    MerbenchError
        A file is missing or damaged.
    """
    run = record.read_record(folder)
    differences = recorded_differences(run)
    try:
        texts = run_results.derived_texts(run_results.RunResults.of(run))
    except (MerbenchError, LookupError) as error:
        return [*differences, f"no leaderboard follows from the tables: {data_fault(error)}"]
    for name, text in texts.items():
        path = folder / name
        differences += csv_differences(name, path.read_bytes() if path.is_file() else None, text)
    return differences


def recorded_differences(run: RunRecord) -> list[str]:
    """Return what differs between a run's manifest, folds and predictions, a sentence each."""
    differences = manifest_differences(run.manifest)
    for check in (score_differences,) if differences else (table_differences, score_differences):
        try:
            differences += check(run)
        except (LookupError, TypeError, ValueError) as error:
            differences.append(f"the tables are not a run's ({data_fault(error)})")
    return differences
