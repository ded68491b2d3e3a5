"""Numbers that papers print, as facts: kept beside a leaderboard, never among its rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from merbench.delimited import read_delimited
from merbench.errors import MerbenchError

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ["system", "dataset", "metric", "value", "status", "source", "note"]
REPORTED, CORRECTED = "reported", "corrected"
"""As printed, or as it would have been without a mistake that the note names."""


def read_reported(paths: Sequence[Path]) -> pd.DataFrame:
    """Read files of published numbers, one below the other by the files' names.

    Raises
    ------
    MerbenchError
        With file and line, where a column is missing or a value no number.
    """
    import pandas as pd

    tables = []
    for path in sorted(paths, key=lambda path: path.name):
        read = read_delimited(path)
        table = pd.DataFrame([cells for _, cells in read.rows], columns=list(read.columns))
        if list(table.columns) != COLUMNS:
            raise MerbenchError(f"{path}: its columns must be {', '.join(COLUMNS)}")
        values = pd.to_numeric(table["value"], errors="coerce")
        for fault, bad in (
            ("value is no number", values.isna()),
            (f"status is neither {REPORTED} nor {CORRECTED}",
             ~table["status"].isin([REPORTED, CORRECTED])),
            ("there is no source", table["source"] == ""),
        ):  # fmt: skip
            if bad.any():
                line, _ = read.rows[int(bad.to_numpy().argmax())]
                raise MerbenchError(f"{path}:{line}: {fault}")
        tables.append(table.assign(value=values.astype(float)))
    return pd.concat(tables, ignore_index=True)
