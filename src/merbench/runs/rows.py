"""The rows that folds leave in a run's two tables."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from merbench.planning.cell import Cell, LoadedDataset
from merbench.planning.plan import Plan
from merbench.runs import row_columns

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray


def prediction_rows(
    data: LoadedDataset,
    cell: str,
    names: Mapping[str, str],
    fold: int,
    truth: NDArray[np.float64],
    predicted: NDArray[np.float64],
    kl: NDArray[np.float64],
) -> pd.DataFrame:
    import pandas as pd

    clips = [data.clips[i] for i in data.splits[fold].test]
    labels = dict(zip(row_columns.truth_columns(data.columns), truth.T, strict=True))
    labels |= dict(zip(row_columns.predicted_columns(data.columns), predicted.T, strict=True))
    return pd.DataFrame(
        {"cell": cell, **names, "fold": fold, "clip": [c.id for c in clips]}
        | {"group": [c.group for c in clips], **labels, "kl": kl}
    )


def no_predictions(plan: Plan) -> pd.DataFrame:
    import pandas as pd

    columns = [*row_columns.PREDICTION_COLUMNS]
    for names in dict.fromkeys(data.columns for data in plan.datasets):
        columns += row_columns.truth_columns(names) + row_columns.predicted_columns(names)
    return pd.DataFrame(columns=[*columns, "kl"])


def fold_row(cell: Cell, fold: int, n_train: int, n_test: int) -> dict[str, Any]:
    return {
        "cell": cell.id,
        **cell.names,
        "parameters": _json(cell.settings),
        "role": row_columns.role(cell.model),
        "fold": fold,
        "seed": cell.fold_seed(fold),
        "n_train": n_train,
        "n_test": n_test,
        **data_columns(cell.data),
        "provenance": cell.provenance,
        "seconds": float("nan"),
        "cpu_seconds": float("nan"),
        "peak_memory_mb": float("nan"),
        "curve": "",
        "trials": "",
        "status": "ok",
        "error": "",
    }


def _json(settings: dict[str, Any]) -> str:
    return json.dumps(settings, sort_keys=True) if settings else ""


def data_columns(data: LoadedDataset) -> dict[str, Any]:
    return {
        "task": data.task.value,
        "dataset_parameters": _json(data.settings),
        "n_clips": len(data.clips),
        "synthetic": data.dataset.synthetic,
        "provenance": data.provenance,
        "split_hash": data.split_hash,
        "data_hash": data.data_hash,
    }


def ordered(folds: pd.DataFrame) -> pd.DataFrame:
    """Put the metrics last, behind `error`, whatever the first row had."""
    if folds.empty:
        return folds
    fixed = row_columns.FOLD_COLUMNS
    return folds[[*fixed, *(column for column in folds.columns if column not in fixed)]]
