"""Wide tables of numbers as users bring them, with errors that say which line and column."""

from __future__ import annotations

import difflib
import math
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from merbench.bounds import parquet_table
from merbench.delimited import UNREADABLE, read_delimited, require_once, shown
from merbench.errors import MerbenchError
from merbench.numerals import has_decimal_commas, number

__all__ = ["WideTable", "read_table"]


@dataclass(frozen=True)
class WideTable:
    """A table's cells as text, and where each row stands."""

    header: str
    """Where the column names stand: `predictions.csv:1`, or `predictions.parquet`."""
    columns: tuple[str, ...]
    rows: list[list[str]]
    places: list[str]
    """One a row: `predictions.csv:12`, or `predictions.parquet, row 12`."""

    def text(self, column: str) -> list[str]:
        """Return a column's cells, none of them empty."""
        at = self._position(column)
        cells = [row[at].strip() for row in self.rows]
        for place, cell in zip(self.places, cells, strict=True):
            if not cell:
                raise MerbenchError(
                    f"{place}: column {column!r} is empty; fill it in or leave the row out"
                )
            if UNREADABLE in cell:
                raise MerbenchError(
                    f"{place}: column {column!r} holds bytes that are not UTF-8 ({cell!r}); save "
                    "the file as UTF-8"
                )
        return cells

    def unique(self, column: str) -> list[str]:
        """Return a column's cells, no two of them equal."""
        cells = self.text(column)
        first: dict[str, str] = {}
        for place, cell in zip(self.places, cells, strict=True):
            if cell in first:
                raise MerbenchError(
                    f"{place}: {column!r} {cell} stands already at {first[cell]}; "
                    "give every clip one row"
                )
            first[cell] = place
        return cells

    def numbers(self, columns: Sequence[str]) -> NDArray[np.float64]:
        """Return columns as finite numbers, shape (rows, columns)."""
        for column in columns:
            self._position(column, columns)
        return np.column_stack([list(self._parsed(column)) for column in columns])

    def _parsed(self, column: str) -> Iterator[float]:
        cells = self.text(column)
        decimal_comma = any("," in cell for cell in cells) and has_decimal_commas(cells)
        for place, cell in zip(self.places, cells, strict=True):
            try:
                value = number(cell, decimal_comma=decimal_comma)
            except ValueError:
                value = math.nan
            if not math.isfinite(value):
                raise MerbenchError(
                    f"{place}: column {column!r} holds {cell!r}, which is no finite number; "
                    "correct it or leave the row out"
                )
            yield value

    def _position(self, column: str, asked: Sequence[str] = ()) -> int:
        """Return where a column stands, or raise: with the nearest name that is not asked for."""
        if column in self.columns:
            return self.columns.index(column)
        near = difflib.get_close_matches(column, set(self.columns) - set(asked), n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {shown(self.columns)}"
        raise MerbenchError(f"{self.header}: there is no column {column!r}; {hint}")


def read_table(path: Path) -> WideTable:
    """Read a table of text, as `merbench.delimited` does, or a Parquet file (`.parquet`).

    Raises
    ------
    MerbenchError
        Where the file is missing, empty, neither of the two, or ragged.
    """
    table = _read_parquet(path) if path.suffix == ".parquet" else _read_text(path)
    require_once(table.header, table.columns, table.columns)
    if not table.rows:
        raise MerbenchError(f"{path} has no rows below its header; give one a clip")
    return table


def _read_text(path: Path) -> WideTable:
    table = read_delimited(path)
    if len(table.columns) == 1:
        raise MerbenchError(
            f"{table.header}: the header is a single column; give a CSV file with a column for "
            "every number, parted by commas, semicolons, tabs or bars"
        )
    places = [f"{path}:{line}" for line, _ in table.rows]
    return WideTable(table.header, table.columns, [cells for _, cells in table.rows], places)


def _read_parquet(path: Path) -> WideTable:
    if not path.is_file():
        raise MerbenchError(f"{path} is no file; check its name")
    try:
        table = parquet_table(path, plain=True)
    except (OSError, ValueError) as error:
        raise MerbenchError(f"{path} cannot be read as Parquet; write it again") from error
    # str keeps every digit of a float, and widens a float32 as it stands.
    columns = [
        ["" if cell is None else unicodedata.normalize("NFC", str(cell)) for cell in cells]
        for cells in (column.to_pylist() for column in table.columns)
    ]
    rows = [list(row) for row in zip(*columns, strict=True)]
    places = [f"{path}, row {i}" for i in range(1, len(rows) + 1)]
    return WideTable(str(path), tuple(name.strip() for name in table.column_names), rows, places)
