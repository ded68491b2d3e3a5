"""Label tables: CSV files whose every fault is told with file, line and column."""

from __future__ import annotations

import csv
import difflib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from merbench import Finding, MerbenchError, audio

__all__ = [
    "LabelError",
    "LabelTable",
    "Problems",
    "Row",
    "group_name",
    "index_audio",
    "refuse_swapped_spread",
    "spread_bound",
]

DELIMITERS = (",", ";", "\t", "|")
NAMELESS = frozenset({"", "-", "?", "n/a", "na", "nan", "none", "null", "unknown", "<unknown>"})


class LabelError(MerbenchError):
    """A label file cannot be used: where, and what to do about it."""

    def __init__(self, where: str | Path, message: str) -> None:
        super().__init__(str(where), message)
        self.where, self.message = self.args

    def __str__(self) -> str:
        return f"{self.where}: {self.message}"


class Problems:
    """Lets the first error through, or, where a dataset is being checked, collects them all.

    One fault must not hide the next: what may fail by itself stands in a `with problems:` block of
    its own, which an error ends when errors are collected, and nothing else.

    Parameters
    ----------
    collect
        Whether to collect rather than raise.
    """

    def __init__(self, *, collect: bool = False) -> None:
        self.collect = collect
        self.findings: list[Finding] = []

    def __enter__(self) -> Problems:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if not self.collect or not isinstance(error, MerbenchError):
            return False
        if isinstance(error, LabelError):
            self.findings.append(Finding("error", str(error.where), error.message))
        else:
            self.findings.append(Finding("error", "", str(error)))
        return True

    def warn(self, where: str | Path, message: str) -> None:
        """Say what is suspicious and no certain error."""
        if self.collect:
            self.findings.append(Finding("warning", str(where), message))

    def note(self, where: str | Path, message: str) -> None:
        """Say what a user may want to know and nothing depends on."""
        if self.collect:
            self.findings.append(Finding("note", str(where), message))


@dataclass(frozen=True)
class Row:
    """One line of a label table.

    Parameters
    ----------
    path
        The file.
    line
        Number of the line, counted from 1, the header included.
    cells
        Column name to text, spaces around it removed.
    """

    path: Path
    line: int
    cells: Mapping[str, str] = field(repr=False)

    @property
    def where(self) -> str:
        """File and line, as an editor takes them."""
        return f"{self.path}:{self.line}"

    def text(self, column: str) -> str:
        """Return a cell that must not be empty."""
        text = self.cells[column]
        if not text:
            raise LabelError(self.where, f"column '{column}' is empty; fill it in")
        return text

    def number(self, column: str) -> float:
        """Return a cell that must be a finite number."""
        text = self.text(column)
        try:
            value = float(text)
        except ValueError:
            raise LabelError(
                self.where,
                f"column '{column}' is '{text}', not a number (decimals take a point); correct it",
            ) from None
        if not math.isfinite(value):
            raise LabelError(
                self.where,
                f"column '{column}' is {text}; correct it, or remove the line if the clip has no "
                "label",
            )
        return value

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
        if value > high - low:
            raise LabelError(
                self.where,
                f"column '{column}' is {value:g}, more than the whole scale [{low:g}, {high:g}] is "
                "wide; correct it, or the scale",
            )
        return value / (high - low)


@dataclass(frozen=True)
class LabelTable:
    """A CSV file with a header line.

    Spaces around names and cells do not count (DEAM has them), empty lines neither.
    """

    path: Path
    columns: tuple[str, ...]
    rows: tuple[Row, ...] = field(repr=False)

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
            The file; UTF-8, with or without a byte order mark.
        columns
            Names that the header must hold, each once.
        delimiter
            What stands between cells; by default whichever of comma, semicolon, tab and bar the
            header has most of.
        ragged
            Whether lines may be longer or shorter than the header: missing cells are empty, those
            beyond it ignored.
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
        # A stray byte in a title is no reason to refuse the numbers beside it.
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as handle:
            header = handle.readline()
            if not header.strip():
                raise LabelError(f"{path}:1", "there is no header line; restore the file")
            chosen = delimiter or max(DELIMITERS, key=header.count)
            handle.seek(0)
            reader = csv.reader(handle, delimiter=chosen, skipinitialspace=True)
            try:
                names = tuple(name.strip() for name in next(reader))
                names = tuple(map(str.casefold, names)) if casefold else names
                _require(path, names, columns)
                if overflow and names[-1] != overflow:
                    raise LabelError(f"{path}:1", f"the last column must be '{overflow}'")
                rows = tuple(_rows(path, names, reader, ragged, chosen if overflow else ""))
            except csv.Error as error:
                raise LabelError(
                    f"{path}:{reader.line_num}", f"this is no CSV ({error}); restore the file"
                ) from error
        if not rows:
            raise LabelError(path, "there are no lines after the header; restore the file")
        return cls(path, names, rows)

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
                key = row.text(column)
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


def index_audio(*folders: Path) -> dict[str, Path]:
    """Return the audio files of `folders` by name without suffix.

    Raises
    ------
    LabelError
        Two files differ in their suffix or folder only, so that a clip could mean either.
    """
    files: dict[str, Path] = {}
    for folder in folders:
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if path.suffix.lower() not in audio.SUFFIXES or path.name.startswith("."):
                continue
            if path.stem in files:
                raise LabelError(
                    path,
                    f"{files[path.stem]} has the same name, so clip {path.stem} could mean either; "
                    "remove one",
                )
            files[path.stem] = path
    return files


def refuse_swapped_spread(labels: Sequence[Sequence[float]], where: str | Path) -> None:
    """Raise where the columns of means and standard deviations must stand swapped.

    Ratings on [0, 1] with mean m have a standard deviation of at most sqrt(m (1 - m)) (Bhatia and
    Davis 2000, A better bound on the variance, Theorem 1). Single clips with few raters may come
    out above it, where the deviation is a sample's; most clips never do.

    Parameters
    ----------
    labels
        Rows of (valence_mean, arousal_mean, valence_std, arousal_std) on [0, 1].
    where
        The file, for the message.
    """
    for index, dimension in enumerate(("valence", "arousal")):
        impossible = sum(row[index + 2] > spread_bound(row[index]) for row in labels)
        if impossible > len(labels) / 2:
            raise LabelError(
                where,
                f"for {impossible} of {len(labels)} clips no ratings can have both the mean and "
                f"the standard deviation of {dimension} given; are the two columns swapped, or is "
                "the scale wrong?",
            )


def spread_bound(mean: float) -> float:
    """Return the largest standard deviation that values on [0, 1] with this mean can have."""
    return math.sqrt(max(0.0, mean * (1.0 - mean)))


def _require(path: Path, names: tuple[str, ...], columns: Sequence[str]) -> None:
    for column in columns:
        if names.count(column) > 1:
            raise LabelError(
                f"{path}:1", f"there are {names.count(column)} columns '{column}'; keep one"
            )
        if column not in names:
            lower = {name.casefold(): name for name in names}
            near = difflib.get_close_matches(column.casefold(), lower, n=1, cutoff=0.5)
            advice = (
                f"did you mean '{lower[near[0]]}'?" if near else f"there are {', '.join(names)}"
            )
            raise LabelError(f"{path}:1", f"there is no column '{column}'; {advice}")


def _rows(
    path: Path, names: tuple[str, ...], lines: Iterator[list[str]], ragged: bool, joiner: str
) -> Iterator[Row]:
    for cells in lines:
        line: int = lines.line_num  # type: ignore[attr-defined]
        cells = [cell.strip() for cell in cells]
        if not any(cells):
            continue
        if joiner:
            last = len(names) - 1
            cells = [*cells[:last], joiner.join(cells[last:])]
        if not ragged and (len(cells) < len(names) or any(cells[len(names) :])):
            raise LabelError(
                f"{path}:{line}",
                f"there are {len(cells)} cells where the header has {len(names)} columns; correct "
                "the line (text that holds the delimiter goes in double quotes)",
            )
        cells += [""] * (len(names) - len(cells))
        yield Row(path, line, dict(zip(names, cells, strict=False)))
