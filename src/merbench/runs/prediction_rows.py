"""The rows that folds leave in a run's table of predictions."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from merbench.planning.cell import LoadedDataset
from merbench.planning.plan import Plan
from merbench.runs import row_columns

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

Columns = Mapping[str, Any]
"""Rows of a table, column by column: lists of names and whole numbers, arrays of the others."""


def prediction_rows(
    data: LoadedDataset,
    cell: str,
    names: Mapping[str, str],
    fold: int,
    truth: NDArray[np.float64],
    predicted: NDArray[np.float64],
    kl: NDArray[np.float64],
) -> Columns:
    """Return a fold's rows of the table of predictions, column by column."""
    clips = [data.clips[i] for i in data.splits[fold].test]
    labels = dict(zip(row_columns.truth_columns(data.columns), truth.T, strict=True))
    labels |= dict(zip(row_columns.predicted_columns(data.columns), predicted.T, strict=True))
    fixed = {"cell": cell, **names, "fold": fold}
    return {name: [value] * len(clips) for name, value in fixed.items()} | {
        "clip": [c.id for c in clips],
        "group": [c.group for c in clips],
        **labels,
        "kl": kl,
    }


def predictions_table(parts: Sequence[Columns]) -> pd.DataFrame:
    """Put the rows of many folds below each other: one frame for all that have like columns.

    A frame for each of a thousand folds would cost more than all that is done with them.
    """
    import numpy as np
    import pandas as pd

    frames = []
    for names, alike in itertools.groupby(parts, key=tuple):
        several = list(alike)
        columns: dict[str, Any] = {}
        for name in names:
            values = [part[name] for part in several]
            if isinstance(values[0], list):
                columns[name] = list(itertools.chain.from_iterable(values))
            else:
                columns[name] = np.concatenate(values)
        frames.append(pd.DataFrame(columns))
    return frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)


def no_predictions(plan: Plan) -> pd.DataFrame:
    """Return the table of predictions of a run in which no fold has any."""
    import pandas as pd

    columns = [*row_columns.PREDICTION_COLUMNS]
    for names in dict.fromkeys(data.columns for data in plan.datasets):
        columns += row_columns.truth_columns(names) + row_columns.predicted_columns(names)
    return pd.DataFrame(columns=[*columns, "kl"])
