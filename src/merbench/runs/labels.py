"""The true labels in a run's predictions: where a dataset's stand, and whether they are there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from merbench.runs.record import RunRecord

# --- truth ---------------------------------------------------------------------------------------


def withheld(entry: Mapping[str, Any]) -> bool:
    """Tell whether a data set's labels were left out when the run was published."""
    return bool(entry.get("labels_withheld", False))


def rows_of_dataset(run: RunRecord, entry: Mapping[str, Any]) -> Any:
    """Return which rows of the predictions are of a data set: booleans."""
    folds = run.folds
    own = folds[(folds["dataset"] == entry["name"]) & (folds["data_hash"] == entry["data_hash"])]
    return run.predictions["cell"].isin(set(own["cell"])).to_numpy()
