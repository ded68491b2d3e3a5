"""Delimited text as people really have it, read with the number of every line.

What every table of text goes through, whoever wrote it: labels, metadata, published features,
predictions to score. What can be read without doubt is read; the rest is refused with its line.
"""

from __future__ import annotations

import codecs
import csv
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from merbench.errors import TableError

__all__ = ["DELIMITERS", "UNREADABLE", "Delimited", "read_delimited", "require_once", "shown"]

DELIMITERS = (",", ";", "\t", "|")
UNREADABLE = "\ufffd"
"""What stands for bytes that are no UTF-8."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_EXCEL = re.compile(r'"?sep=(\\t|.)"?\s*', re.IGNORECASE)
_QUOTED = re.compile(r'"[^"]*"')
_SHOWN = 8


@dataclass(frozen=True)
class Delimited:
    """A table of text: a header, and lines of as many cells.

    Spaces around names and cells are gone, and so are empty lines and comments. Every text is in
    Unicode's composed form (NFC), whatever form the file is in.
    """

    path: Path
    header_line: int
    delimiter: str
    columns: tuple[str, ...]
    rows: list[tuple[int, list[str]]] = field(repr=False)
    """The line each row begins in, counted from 1, and its cells."""
    comments: tuple[str, ...] = field(repr=False, default=())
    """Lines before the header that begin with #."""

    @property
    def header(self) -> str:
        """File and line of the header, as an editor takes them."""
        return f"{self.path}:{self.header_line}"


def read_delimited(
    path: Path, *, delimiter: str | None = None, ragged: bool = False, overflow: bool = False
) -> Delimited:
    r"""Read a table of delimited text.

    Parameters
    ----------
    path
        The file: UTF-8, or UTF-16 or UTF-32 with a byte order mark; lines may end in any way. Bytes
        that are none become U+FFFD. A first line `sep=;`, as Excel writes it, names the delimiter.
        Lines that begin with # are comments.
    delimiter
        What stands between cells; by default whichever of comma, semicolon, tab and bar the header
        has most of. Between tabs a quote is a character, unless all names in the header are quoted.
    ragged
        Whether lines may be longer or shorter than the header: missing cells are empty, those
        beyond it are dropped.
    overflow
        Whether the last column takes all cells that a line has from there on; the delimiter stays
        between them.

    Raises
    ------
    TableError
        With file and line.
    """
    try:
        encoding = _encoding(path)
        with path.open(encoding=encoding, errors="replace", newline="") as handle:
            return _Reader(path, _Lines(path, handle), delimiter, ragged, overflow).table()
    except OSError as error:
        raise TableError(
            path, f"this file cannot be read ({error.strerror}); check its name"
        ) from error


def require_once(header: str, names: Sequence[str], columns: Sequence[str]) -> None:
    """Raise where one of some columns stands twice, so that it could mean either.

    Parameters
    ----------
    header
        Where the header stands, for the message.
    names
        All columns of the table.
    columns
        The columns that must not stand twice.

    Raises
    ------
    TableError
        With the columns' positions, counted from 1.
    """
    if len(set(names)) == len(names):
        return
    for column in columns:
        if names.count(column) > 1:
            places = [str(i) for i, name in enumerate(names, 1) if name == column]
            raise TableError(
                header,
                f"there are {len(places)} columns '{column}' (columns {' and '.join(places)} of "
                f"{len(names)}); keep one, or rename the others",
            )


def shown(names: Sequence[str]) -> str:
    """List the first names of many."""
    return ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")


def _encoding(path: Path) -> str:
    with path.open("rb") as handle:
        start = handle.read(4096)
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            return encoding
    if b"\0" in start:
        if len(start) > 3 and 0 in (start[0], start[1]) and start.count(0) > len(start) / 3:
            reason = "it looks like UTF-16 without a byte order mark"
        else:
            reason = "it holds zero bytes"
        raise TableError(path, f"this is not a text file that can be read ({reason}); {_REMEDY}")
    return "utf-8"


_REMEDY = "save it as CSV in UTF-8 (a spreadsheet is exported so)"


class _Lines(Iterator[str]):
    """The lines of a file with their numbers, without comments between rows."""

    def __init__(self, path: Path, handle: Iterator[str]) -> None:
        self._path, self._handle = path, handle
        self._again: str | None = None
        self.number = 0
        self.first = 0
        """Number of the first line of the row that is being read; 0 between rows."""
        self.taken: list[str] = []
        """The lines of that row."""
        self.cells_of_comment = 0
        """As many cells make it doubtful that a line is a comment; 0 where none do."""

    def begin(self, header: str, delimiter: str) -> None:
        """Put the header back, and read on with this delimiter."""
        self._again, self.number, self.delimiter = header, self.number - 1, delimiter
        # Spaces behind a closing quote are no text.
        self._spaced = re.compile(rf'" +(?=[{re.escape(delimiter)}\r\n]|$)')

    def between_rows(self) -> None:
        self.first, self.taken = 0, []

    def raw(self) -> str:
        """Return the next line, comment or not."""
        line, self._again = self._again, None
        if line is None:
            line = next(self._handle)
        self.number += 1
        if "\0" in line:
            raise TableError(
                f"{self._path}:{self.number}", f"this is not a text file (a zero byte); {_REMEDY}"
            )
        return line if line.isascii() else unicodedata.normalize("NFC", line)

    def __next__(self) -> str:
        line = self.raw()
        while not self.first and line.startswith("#") and self._is_comment(line):
            line = self.raw()
        self.first = self.first or self.number
        if '" ' in line:
            line = self._spaced.sub('"', line)
        self.taken.append(line)
        return line

    def _is_comment(self, line: str) -> bool:
        if self.cells_of_comment and line.count(self.delimiter) + 1 >= self.cells_of_comment:
            raise TableError(
                f"{self._path}:{self.number}",
                "this line begins with #, as a comment does, and has a cell for every column, as "
                "a row does; remove it, or put its first cell in double quotes",
            )
        return True


class _Reader:
    """Reads one table."""

    def __init__(
        self, path: Path, lines: _Lines, delimiter: str | None, ragged: bool, overflow: bool
    ) -> None:
        self._path, self._lines = path, lines
        self._delimiter, self._ragged, self._overflow = delimiter, ragged, overflow

    def table(self) -> Delimited:
        comments = self._up_to_header()
        delimiter = self._delimiter or ","
        records = csv.reader(
            self._lines,
            delimiter=delimiter,
            quoting=csv.QUOTE_NONE if self._plain_quotes(delimiter) else csv.QUOTE_MINIMAL,
            skipinitialspace=delimiter != "\t",
            strict=True,
        )
        names = self._next(records, 0)
        assert names is not None
        header_line, columns = self._lines.first, tuple(name.strip() for name in names)
        if UNREADABLE in "".join(columns):
            raise TableError(
                f"{self._path}:{header_line}",
                f"the names of columns hold bytes that are not UTF-8; {_REMEDY}",
            )
        width = len(columns)
        if width > 1:
            self._lines.cells_of_comment = 2 if self._ragged else width
        rows = []
        while (cells := self._next(records, width)) is not None:
            cells = [cell.strip() for cell in cells]
            if not any(cells):
                continue
            if self._overflow and len(cells) >= width:
                cells = [*cells[: width - 1], delimiter.join(cells[width - 1 :])]
            if len(cells) != width:
                cells = self._fitted(cells, width)
            rows.append((self._lines.first, cells))
        return Delimited(self._path, header_line, delimiter, columns, rows, tuple(comments))

    def _up_to_header(self) -> list[str]:
        """Read what stands before the header, and find the delimiter."""
        comments = []
        lines = self._lines
        try:
            while not (line := lines.raw()).strip() or line.startswith("#") or self._excel(line):
                if line.startswith("#"):
                    comments.append(line.strip())
        except StopIteration:
            raise TableError(
                f"{self._path}:1", "there is no header line; restore the file"
            ) from None
        if self._delimiter is None:
            bare = _QUOTED.sub("", line)
            self._delimiter = max(DELIMITERS, key=bare.count)
        self._header = line
        lines.begin(line, self._delimiter)
        return comments

    def _excel(self, line: str) -> bool:
        found = _EXCEL.fullmatch(line)
        if found is None:
            return False
        self._delimiter = self._delimiter or found[1].replace("\\t", "\t")
        return True

    def _plain_quotes(self, delimiter: str) -> bool:
        """Tell whether quotes are characters: between tabs, unless every name is in quotes."""
        names = self._header.split(delimiter)
        return delimiter == "\t" and not all(_QUOTED.fullmatch(name.strip()) for name in names)

    def _next(self, records: Iterator[list[str]], width: int) -> list[str] | None:
        """Return the cells of the next row; None at the end."""
        lines = self._lines
        lines.between_rows()
        try:
            cells = next(records)
        except StopIteration:
            return None
        except csv.Error as error:
            raise TableError(f"{self._path}:{lines.first}", self._fault(str(error))) from error
        if len(lines.taken) > 1:
            self._refuse_swallowed(cells, width)
        return cells

    def _fault(self, reason: str) -> str:
        first, last = self._lines.first, self._lines.number
        remedy = "remove it, or put the cell in double quotes and write every quote in it twice"
        if "unexpected end" in reason or (first < last and "field limit" in reason):
            return f"a double quote opens a cell here and is never closed; {remedy}"
        if "expected after" in reason:
            there = "" if first == last else f" in line {last}"
            return (
                f"a double quote opens a cell here, and text follows the quote that closes it"
                f"{there}; {remedy}"
            )
        return f"this is no CSV ({reason}, lines {first} to {last}); restore the file"

    def _refuse_swallowed(self, cells: Sequence[str], width: int) -> None:
        """Raise where two stray quotes made one cell of what must be several rows.

        Then as many delimiters stand in the cell as rows have, for every line break in it.
        """
        wanted = 1 if self._ragged else width - 1
        for cell in cells if width > 2 or self._ragged else ():
            breaks = len(re.findall(r"\r\n|\r|\n", cell.strip()))
            if breaks and cell.count(self._lines.delimiter) >= breaks * wanted:
                raise TableError(
                    f"{self._path}:{self._lines.first}",
                    f"a double quote opens a cell here that closes only in line "
                    f"{self._lines.number}, and whole rows would stand in it; remove the quotes, "
                    "or put the cell on one line",
                )

    def _fitted(self, cells: list[str], width: int) -> list[str]:
        if len(cells) > width and not any(cells[width:]):
            return cells[:width]
        if self._ragged or (self._overflow and len(cells) > width):
            return [*cells[:width], *[""] * (width - len(cells))]
        hint = (
            "text or numbers that hold a comma go in double quotes"
            if self._lines.delimiter == ","
            else "text that holds the delimiter goes in double quotes"
        )
        raise TableError(
            f"{self._path}:{self._lines.first}",
            f"there are {len(cells)} cells where the header has {width} columns; correct the line "
            f"({hint})",
        )
