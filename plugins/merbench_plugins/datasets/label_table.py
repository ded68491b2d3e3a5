"""Label tables: CSV files whose every fault is told with file, line and column."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from merbench.delimited import UNREADABLE, Delimited, read_delimited, require_once, shown
from merbench.errors import TableError as LabelError
from merbench.numerals import LEAST_STD, has_decimal_commas, number
from merbench_plugins.datasets.problems import Problems

__all__ = [
    "LabelError",
    "LabelTable",
    "Row",
    "group_name",
    "shown",
]

_FLOAT_ID = re.compile(r"\d+\.0")
NAMELESS = frozenset({"", "-", "?", "n/a", "na", "nan", "none", "null", "unknown", "<unknown>"})


class Row:
    """One line of a label table.

    Parameters
    ----------
    table
        What it is a line of.
    line
        Number of the line, counted from 1, the header included.
    values
        Its cells, spaces around them removed.
    """

    __slots__ = ("line", "table", "values")

    def __init__(self, table: LabelTable, line: int, values: Sequence[str]) -> None:
        self.table, self.line, self.values = table, line, values

    @property
    def cells(self) -> Mapping[str, str]:
        """Column name to text."""
        return _Cells(self.table.positions, self.values)

    @property
    def where(self) -> str:
        """File and line, as an editor takes them."""
        return f"{self.table.path}:{self.line}"

    def text(self, column: str) -> str:
        """Return a cell that must not be empty."""
        text = self.optional(column)
        if not text:
            raise LabelError(self.where, f"column '{column}' is empty; fill it in")
        return text

    def optional(self, column: str) -> str:
        """Return a cell that may be empty: artists whose letters cannot be read are not one."""
        text = self.cells[column]
        if UNREADABLE in text:
            raise LabelError(
                self.where,
                f"column '{column}' is '{text}', with bytes that are not UTF-8; save the file as "
                "UTF-8",
            )
        return text

    def id(self, column: str) -> str:
        """Return a cell that names a clip: `7` where a program wrote a column of ids as `7.0`."""
        text = self.text(column)
        return text.removesuffix(".0") if self.table.has_float_ids(column) else text

    def number(self, column: str) -> float:
        """Return a cell that must be a finite number."""
        text = self.text(column)
        try:
            value = number(text, decimal_comma="," in text and self.table.has_commas(column))
        except ValueError:
            raise LabelError(
                self.where,
                f"column '{column}' is '{text}', not a number (decimals take a point, or a comma "
                "in the whole column); correct it",
            ) from None
        if not math.isfinite(value):
            raise LabelError(
                self.where,
                f"column '{column}' is {text}; correct it, or remove the line if the clip has no "
                "label",
            )
        return value

    def numbers(self, columns: Sequence[str]) -> tuple[float, ...]:
        """Return cells that must be finite numbers: `number` of each, in a fraction of the time."""
        positions, values = self.table.positions, self.values
        texts = [values[positions[column]] for column in columns]
        try:
            if "_" not in "".join(texts):
                numbers = tuple(map(float, texts))
                if all(map(math.isfinite, numbers)):
                    return numbers
        except ValueError:
            pass
        return tuple(self.number(column) for column in columns)

    def mean(self, column: str, scale: tuple[float, float] = (0.0, 1.0)) -> float:
        """Return a mean rating, moved from `scale` to [0, 1]."""
        low, high = scale
        value = self.number(column)
        if not low <= value <= high:
            raise LabelError(
                self.where,
                f"column '{column}' is {value:g}, outside the scale [{low:g}, {high:g}]; correct "
                "it, or the scale",
            )
        return (value - low) / (high - low)

    def std(self, column: str, scale: tuple[float, float] = (0.0, 1.0)) -> float:
        """Return a standard deviation of ratings, moved from `scale` to [0, 1]."""
        low, high = scale
        value = self.number(column)
        if value <= 0:
            raise LabelError(
                self.where,
                f"column '{column}' is {value:g}, but a standard deviation must be above 0 (the KL "
                "divergence from a label without spread is infinite); correct it, or remove the "
                "line",
            )
        if value < LEAST_STD * (high - low):
            raise LabelError(
                self.where,
                f"column '{column}' is {value:g}, less than a millionth of the scale [{low:g}, "
                f"{high:g}]: no raters disagree by so little; correct it, or remove the line",
            )
        if value > high - low:
            raise LabelError(
                self.where,
                f"column '{column}' is {value:g}, more than the whole scale [{low:g}, {high:g}] is "
                "wide; correct it, or the scale",
            )
        return value / (high - low)


class LabelTable:
    """A table of delimited text with a header line, as `merbench.delimited` reads it.

    Parameters
    ----------
    table
        Its content.
    casefold
        Whether names are turned to lower case.
    """

    def __init__(self, table: Delimited, *, casefold: bool = False) -> None:
        self.path, self.header = table.path, table.header
        self.columns = tuple(map(str.casefold, table.columns)) if casefold else table.columns
        self.positions = {name: i for i, name in enumerate(self.columns)}
        self.comments = table.comments
        self.rows = tuple(Row(self, line, cells) for line, cells in table.rows)
        self._commas: dict[str, bool] = {}
        self._float_ids: dict[str, bool] = {}

    @classmethod
    def read(
        cls,
        path: Path,
        columns: Sequence[str] = (),
        *,
        delimiter: str | None = None,
        ragged: bool = False,
        overflow: str = "",
        casefold: bool = False,
        hint: str = "check the dataset's root",
    ) -> LabelTable:
        """Read a table and check its shape.

        Parameters
        ----------
        path
            The file.
        columns
            Names that the header must hold, each once.
        delimiter, ragged
            As `merbench.delimited.read_delimited` takes them.
        overflow
            The last column, where it takes all cells that a line has from there on; the delimiter
            stays between them.
        casefold
            Whether names are turned to lower case, for tables that differ in it.
        hint
            What to do when the file is missing.

        Raises
        ------
        LabelError
            With file and line.
        """
        if not path.is_file():
            raise LabelError(path, f"this file is missing; {hint}")
        found = read_delimited(path, delimiter=delimiter, ragged=ragged, overflow=bool(overflow))
        table = cls(found, casefold=casefold)
        table.require(columns)
        if overflow and table.columns[-1] != overflow:
            raise LabelError(table.header, f"the last column must be '{overflow}'")
        if not table.rows:
            raise LabelError(path, "there are no lines after the header; restore the file")
        return table

    def require(self, columns: Sequence[str]) -> None:
        """Raise unless there is one column of each name.

        Raises
        ------
        LabelError
            With the header's line, and the nearest name that is not asked for itself.
        """
        require_once(self.header, self.columns, columns)
        for column in columns:
            if column not in self.positions:
                advice = self._advice(column, columns)
                raise LabelError(self.header, f"there is no column '{column}'; {advice}")

    def _advice(self, column: str, asked: Sequence[str]) -> str:
        named = re.compile(rf"(?<!\w){re.escape(column)}(?!\w)")
        if any(map(named.search, self.comments)):
            return "a line before names it behind a #, as a comment; remove the #"
        free = {name.casefold(): name for name in self.columns if name not in asked}
        near = difflib.get_close_matches(column.casefold(), free, n=1, cutoff=0.5)
        return f"did you mean '{free[near[0]]}'?" if near else f"there are {shown(self.columns)}"

    def has_commas(self, column: str) -> bool:
        """Tell whether a column's numbers are written with decimal commas."""
        if column not in self._commas:
            position = self.positions[column]
            self._commas[column] = has_decimal_commas(row.values[position] for row in self.rows)
        return self._commas[column]

    def has_float_ids(self, column: str) -> bool:
        """Tell whether all ids of a column are whole numbers written as decimals."""
        if column not in self._float_ids:
            position = self.positions[column]
            cells = [row.values[position] for row in self.rows]
            self._float_ids[column] = all(_FLOAT_ID.fullmatch(cell) for cell in cells if cell)
        return self._float_ids[column]

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def keyed(self, column: str, problems: Problems) -> dict[str, Row]:
        """Return the rows by what stands in `column`, in the file's order.

        It must not be empty and differ from line to line: what else there is, `problems` learns,
        and the first of several lines counts.
        """
        rows: dict[str, Row] = {}
        for row in self.rows:
            with problems:
                key = row.id(column)
                if key in rows:
                    raise LabelError(
                        row.where,
                        f"'{key}' stands in column '{column}' of line {rows[key].line} already; "
                        "keep one of the two lines",
                    )
                rows[key] = row
        return rows


def group_name(text: str, fallback: str) -> str:
    """Return a name by which clips are kept together, or `fallback` where it names nobody.

    Case and spacing do not tell two artists apart.
    """
    name = " ".join(text.split()).casefold()
    return fallback if name in NAMELESS else name


class _Cells(Mapping[str, str]):
    """A line's cells by the names of their columns."""

    __slots__ = ("_positions", "_values")

    def __init__(self, positions: Mapping[str, int], values: Sequence[str]) -> None:
        self._positions, self._values = positions, values

    def __getitem__(self, column: str) -> str:
        return self._values[self._positions[column]]

    def __iter__(self) -> Iterator[str]:
        return iter(self._positions)

    def __len__(self) -> int:
        return len(self._positions)
