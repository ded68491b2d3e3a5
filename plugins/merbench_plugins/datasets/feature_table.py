"""Published feature vectors, one line of a table a clip."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from merbench_plugins.datasets.label_table import LabelError, LabelTable, Row

__all__ = ["feature_columns", "feature_vector"]


def feature_columns(
    table: LabelTable, patterns: Sequence[str], without: Sequence[str] = ()
) -> tuple[str, ...]:
    """Return the columns that patterns such as `mfcc_*` name, in the table's order.

    Raises
    ------
    LabelError
        A pattern names no column.
    """
    for pattern in patterns:
        if not any(fnmatchcase(column, pattern) for column in table.columns):
            raise LabelError(
                f"{table.path}:1",
                f"no column is named by '{pattern}', which is to hold features; there are "
                f"{', '.join(table.columns[:8])}{', …' if len(table.columns) > 8 else ''}",
            )
    named = (c for c in table.columns if any(fnmatchcase(c, pattern) for pattern in patterns))
    return tuple(column for column in dict.fromkeys(named) if column not in without)


def feature_vector(row: Row, columns: Sequence[str]) -> tuple[float, ...]:
    """Return a line's features; each must be a finite number."""
    return tuple(row.number(column) for column in columns)
