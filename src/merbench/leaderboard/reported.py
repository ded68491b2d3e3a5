"""Numbers that papers print, as facts: kept beside a leaderboard, never among its rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

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
        try:
            table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
        except (OSError, ValueError) as error:
            raise MerbenchError(f"{path} cannot be read ({error}); give a CSV file") from None
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
                raise MerbenchError(f"{path}:{int(bad.to_numpy().argmax()) + 2}: {fault}")
        tables.append(table.assign(value=values.astype(float)))
    return pd.concat(tables, ignore_index=True)
