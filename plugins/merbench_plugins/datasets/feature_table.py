"""Published feature vectors, one line of a table a clip."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from merbench_plugins.datasets.label_table import LabelError, LabelTable, Row, shown

__all__ = ["feature_columns", "feature_vector"]


def feature_columns(
    table: LabelTable, patterns: Sequence[str], without: Sequence[str] = ()
) -> tuple[str, ...]:
    """Return the columns that patterns such as `mfcc_*` name, in the table's order.

    A column without a name, as programs write row numbers, is no feature.

    Raises
    ------
    LabelError
        A pattern names no column, or a column that one names stands twice.
    """
    for pattern in patterns:
        if not any(fnmatchcase(column, pattern) for column in table.columns):
            raise LabelError(
                table.header,
                f"no column is named by '{pattern}', which is to hold features; there are "
                f"{shown(table.columns)}",
            )
    columns = tuple(
        column
        for column in dict.fromkeys(table.columns)
        if column
        and column not in without
        and any(fnmatchcase(column, pattern) for pattern in patterns)
    )
    table.require(columns)
    return columns


def feature_vector(row: Row, columns: Sequence[str]) -> tuple[float, ...]:
    """Return a line's features; each must be a finite number."""
    return row.numbers(columns)
