"""Wide tables of numbers as users bring them, with errors that say which line and column."""

from __future__ import annotations

import csv
import difflib
import io
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from merbench.errors import MerbenchError

__all__ = ["WideTable", "read_table"]


_SHOWN = 10


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
            self._position(column)
        return np.column_stack([list(self._parsed(column)) for column in columns])

    def _parsed(self, column: str) -> Iterator[float]:
        for place, cell in zip(self.places, self.text(column), strict=True):
            number = _number(cell)
            if not math.isfinite(number):
                raise MerbenchError(
                    f"{place}: column {column!r} holds {cell!r}, which is no finite number; "
                    "correct it or leave the row out"
                )
            yield number

    def _position(self, column: str) -> int:
        if column in self.columns:
            return self.columns.index(column)
        near = difflib.get_close_matches(column, self.columns, n=1)
        shown = ", ".join(self.columns[:_SHOWN]) + (", ..." if len(self.columns) > _SHOWN else "")
        hint = f"did you mean {near[0]!r}?" if near else f"there are {shown}"
        raise MerbenchError(f"{self.header}: there is no column {column!r}; {hint}")


def read_table(path: Path) -> WideTable:
    """Read a CSV file (commas, one header line, UTF-8) or a Parquet file (`.parquet`).

    Raises
    ------
    MerbenchError
        Where the file is missing, empty, neither of the two, or ragged.
    """
    table = _read_parquet(path) if path.suffix == ".parquet" else _read_csv(path)
    for column, count in Counter(table.columns).items():
        if count > 1:
            raise MerbenchError(f"{table.header}: column {column!r} stands there twice; rename one")
    if not table.rows:
        raise MerbenchError(f"{path} has no rows below its header; give one a clip")
    return table


def _number(cell: str) -> float:
    # Python reads 1_000 as a number; no other program does.
    if "_" in cell:
        return math.nan
    try:
        return float(cell)
    except ValueError:
        return math.nan


def _read_csv(path: Path) -> WideTable:
    remedy = "give a CSV file with commas, one header line and UTF-8 text"
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise MerbenchError(f"{path} cannot be read ({error.strerror}); check its name") from error
    except UnicodeDecodeError as error:
        raise MerbenchError(f"{path} is not a text file: {remedy}") from error
    if not text.strip():
        raise MerbenchError(f"{path} is empty: {remedy}")
    if "\0" in text:
        raise MerbenchError(f"{path} is not a text file: {remedy}")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header = ""
    columns: tuple[str, ...] = ()
    rows, places = [], []
    try:
        for row in reader:
            place = f"{path}:{reader.line_num}"
            if not any(cell.strip() for cell in row):
                continue
            if not columns:
                header, columns = place, tuple(cell.strip() for cell in row)
                if len(columns) == 1:
                    raise MerbenchError(f"{place}: the header is a single column: {remedy}")
            elif len(row) != len(columns):
                raise MerbenchError(
                    f"{place}: there are {len(row)} cells under {len(columns)} column names; "
                    "give every column a cell"
                )
            else:
                rows.append(row)
                places.append(place)
    except csv.Error as error:
        raise MerbenchError(
            f"{path}:{reader.line_num}: this is not CSV ({error}): {remedy}"
        ) from error
    return WideTable(header, columns, rows, places)


def _read_parquet(path: Path) -> WideTable:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not path.is_file():
        raise MerbenchError(f"{path} is no file; check its name")
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise MerbenchError(f"{path} cannot be read as Parquet; write it again") from error
    # str keeps every digit of a float, and widens a float32 as it stands.
    columns = [
        ["" if cell is None else str(cell) for cell in column.to_pylist()]
        for column in table.columns
    ]
    rows = [list(row) for row in zip(*columns, strict=True)]
    places = [f"{path}, row {i}" for i in range(1, len(rows) + 1)]
    return WideTable(str(path), tuple(name.strip() for name in table.column_names), rows, places)
