"""Reading the tables in a leaderboard's folder, and seeing that they are whole and belong together.

All of them follow from the submissions, but anybody may have edited one since, or an earlier
merbench have written it: what pages and exports rely on is looked at first, and named by file, line
and column where it is not so.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from merbench import csv_text
from merbench.benchmark.names import AXES
from merbench.bounds import json_document
from merbench.errors import MerbenchError, text_of
from merbench.leaderboard import across_datasets, columns, files, reported
from merbench.received_names import LINE, NAME, is_line, is_name
from merbench.runs.fold_rows import FOLD_COLUMNS
from merbench.runs.row_columns import BASELINE, PEOPLE, PREDICTED, SYSTEM, TRUTH
from merbench.tasks import Task

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Tables", "hold_predictions", "read_tables"]

Tables = dict[str, "pd.DataFrame"]
"""A leaderboard's tables by the names of their files; one that need not be there may be empty."""

_ROWS: dict[str, type] = {
    files.LEADERBOARD: columns.LeaderboardRow,
    files.COMPARISONS: columns.Comparison,
    files.SEPARATORS: columns.SeparatorFold,
    files.DATASETS: columns.DatasetSource,
    files.PLUGINS: columns.PluginSource,
    files.SYSTEMS: columns.SystemPart,
    files.SUBMISSIONS: columns.Submission,
    files.REPLICATIONS: columns.Replication,
}
_NEEDED = (files.LEADERBOARD, files.FOLDS, files.COMPARISONS, files.SEPARATORS)

_OLDER = ("fit_seconds", "predict_seconds", "trials", "dataset_parameters", "host")
"""Columns of folds that runs of an earlier merbench do not have."""
_FOLD_TYPES = {
    name: "int" if name in ("fold", "n_train", "n_test", "n_clips")
    else "float" if name in ("seed", "cpu_seconds", "peak_memory_mb") or "seconds" in name
    else "bool" if name == "synthetic"
    else "str"
    for name in ("table", "run", *FOLD_COLUMNS)
}  # fmt: skip
_ACROSS_TYPES = dict.fromkeys(across_datasets.COLUMNS, "str") | {
    "n_datasets": "int", "mean_rank": "float", "friedman_p": "float",
}  # fmt: skip
_REPORTED_TYPES = dict.fromkeys(reported.COLUMNS, "str") | {"value": "float"}
_OTHERS = {
    files.FOLDS: _FOLD_TYPES,
    files.ACROSS: _ACROSS_TYPES,
    files.REPORTED: _REPORTED_TYPES,
}
_TEXT = columns.TEXTS | {"clip": str}
"""Columns that are texts even where all of them look like numbers."""

_NAMES = ("table", "run", "cell", "run_a", "run_b", "cell_a", "cell_b")
_OBJECTS = (
    "parameters", "dataset_parameters", "protocol", "versions", "hardware", "all_parameters",
)  # fmt: skip
_LISTS = ("curve", "trials")
_CHOICES: dict[str, Collection[str]] = {
    "status": ("ok", "failed"),
    "role": (SYSTEM, BASELINE, PEOPLE),
    "task": [task.value for task in Task],
    "across": AXES,
}
_REPORTED_STATUS = {"status": (reported.REPORTED, reported.CORRECTED)}


def read_tables(folder: Path) -> Tables:
    """Read a leaderboard's tables of text.

    Raises
    ------
    MerbenchError
        One is missing, damaged, not what merbench writes, or contradicts another.
    """
    tables = {}
    for name in (*_ROWS, *_OTHERS):
        tables[name] = _read(folder, name)
    _refuse_strangers(folder, tables)
    return tables


def _read(folder: Path, name: str) -> pd.DataFrame:
    import pandas as pd

    path = folder / name
    if not path.is_file():
        if name in _NEEDED:
            raise MerbenchError(
                f"{folder} is no leaderboard: {name} is missing; build one with `merbench "
                "leaderboard build`"
            )
        return pd.DataFrame(columns=columns.columns_of(_ROWS[name]) if name in _ROWS else None)
    try:
        _refuse_ragged(path)
        table = csv_text.read_csv(path, _TEXT)
    except pd.errors.EmptyDataError:
        return _fault(path, 1, "it is empty")
    except (OSError, ValueError, csv.Error) as error:
        raise MerbenchError(f"{path} cannot be read ({text_of(error)}); {_REMEDY}") from None
    types = _types(name)
    optional = _OLDER if name == files.FOLDS else ()
    missing = [column for column in types if column not in table and column not in optional]
    if missing:
        _fault(path, 1, f"the column {missing[0]} is missing")
    if name in (files.LEADERBOARD, files.FOLDS):
        types = dict.fromkeys(table.columns, "float") | types  # the others are metrics
    for column, kind in types.items():
        if column in table:
            table[column] = _held(path, table[column], column, kind)
    return table


def _types(name: str) -> dict[str, str]:
    """Return the columns of a file that stand in every one, and what they hold."""
    if name in _OTHERS:
        return _OTHERS[name]
    stated = {field.name: str(field.type) for field in fields(_ROWS[name])}
    return {column: kind for column, kind in stated.items() if column != columns.METRICS}


_REMEDY = "build it again with `merbench leaderboard build --out FOLDER`, from the submissions"


def _fault(path: Path, line: int, what: str) -> NoReturn:
    raise MerbenchError(f"{path}:{line}: {what}; {_REMEDY}")


def _refuse_ragged(path: Path) -> None:
    """See that all rows have the header's cells, and the header each name once.

    What pandas would make of others is not what anybody wrote.
    """
    with path.open(encoding="utf-8", newline="") as handle:
        rows = csv.reader(handle, strict=True)
        header = next(rows, [])
        for position, name in enumerate(header):
            if name in header[:position]:
                _fault(path, 1, f"the column {name!r} stands there twice")
        for row in rows:
            if row and len(row) != len(header):
                _fault(path, rows.line_num, f"{len(row)} cells where the header has {len(header)}")


def _line(path: Path, position: int) -> int:
    """Return the line in which a row of a table ends; of several lines where texts hold some."""
    with path.open(encoding="utf-8", newline="") as handle:
        rows = csv.reader(handle)
        next(rows)
        for row in rows:
            if row and position == 0:
                return rows.line_num
            position -= bool(row)
    return 1


def _held(path: Path, column: pd.Series, name: str, kind: str) -> pd.Series:
    """Return a column as its kind has it; raise where a cell holds something else."""
    import pandas as pd

    if kind in ("float", "int"):
        read = pd.to_numeric(column, errors="coerce").astype(float)
        wrong = read.isna() & column.notna()
        if kind == "int":
            wrong |= (read % 1 != 0) | read.abs().gt(2**53)
        _refuse_first(path, column, name, wrong, "a whole number" if kind == "int" else "a number")
        return read.astype(int) if kind == "int" else read
    if kind == "bool":
        texts = column.astype(str)
        _refuse_first(
            path, column, name, ~(texts.isin(["True", "False"]) | column.isna()), "True or False"
        )
        return texts.map({"True": True, "False": False})
    choices = _REPORTED_STATUS if path.name == files.REPORTED else _CHOICES
    fits, wanted = _grammar(name, choices)
    if fits is not None:
        known = {value: value != value or fits(str(value)) for value in column.unique()}
        _refuse_first(path, column, name, ~column.map(known).astype(bool), wanted)
    if name in _NAMES or name in choices:
        _refuse_first(path, column, name, column.isna(), wanted)
    return column


def _grammar(
    name: str, choices: Mapping[str, Collection[str]]
) -> tuple[Callable[[str], bool] | None, str]:
    """Return what tells whether a text may stand in a column, and what that is called."""
    if name in _NAMES:
        return is_name, NAME
    if name in choices:
        return choices[name].__contains__, " or ".join(choices[name])
    if name in _OBJECTS:
        return lambda text: _is_json(text, dict), "a JSON object"
    if name in _LISTS:
        return lambda text: _is_json(text, list), "a JSON list"
    if name in AXES:
        return is_line, LINE
    return None, ""


def _is_json(text: str, kind: type) -> bool:
    try:
        return isinstance(json_document(text), kind)
    except ValueError:
        return False


def _refuse_first(path: Path, column: pd.Series, name: str, wrong: pd.Series, wanted: str) -> None:
    if wrong.any():
        position = int(wrong.to_numpy().argmax())
        value = column.iloc[position]
        empty = value != value
        shown = "is empty" if empty else f"{str(value)[:60]!r} is not {wanted}"
        _fault(path, _line(path, position), f"{name} {shown}")


# --- tables that belong together -----------------------------------------------------------------


def _refuse_strangers(folder: Path, tables: Mapping[str, pd.DataFrame]) -> None:
    """Raise where a table speaks of a row that the leaderboard has in another table, or nowhere."""
    board = tables[files.LEADERBOARD]
    known: dict[tuple[str, str], str] = {}
    path = folder / files.LEADERBOARD
    told: dict[str, tuple[Any, ...]] = {}
    short: dict[str, str] = {}
    keys = _rows_of(board, ["run", "cell", "table", "dataset", "task"])
    for position, (run, cell, table, *what) in enumerate(keys):
        if (run, cell) in known:
            _fault(path, _line(path, position), f"cell {cell} of run {run} stands there twice")
        known[run, cell] = table
        if told.setdefault(table, tuple(what)) != tuple(what):
            _fault(
                path, _line(path, position),
                f"table {table} is of {' and '.join(map(str, told[table]))} in rows above, and "
                f"here of {' and '.join(map(str, what))}",
            )  # fmt: skip
        if short.setdefault(run[:8], run) != run:
            _fault(
                path, _line(path, position),
                f"run {run} begins as run {short[run[:8]]} does, and their pages have one name",
            )  # fmt: skip
    for name, sides in (
        (files.FOLDS, [("run", "cell")]),
        (files.COMPARISONS, [("run_a", "cell_a"), ("run_b", "cell_b")]),
        (files.SEPARATORS, [("run", "cell_a"), ("run", "cell_b")]),
    ):
        for side in sides:
            _refuse_unknown(folder / name, tables[name], side, known)


def _rows_of(table: pd.DataFrame, names: Sequence[str]) -> Iterable[tuple[Any, ...]]:
    rows: Iterable[tuple[Any, ...]] = table[list(names)].itertuples(index=False, name=None)
    return rows


def _refuse_unknown(
    path: Path, table: pd.DataFrame, side: tuple[str, str], known: Mapping[tuple[str, str], str]
) -> None:
    for position, (run, cell, name) in enumerate(_rows_of(table, [*side, "table"])):
        if known.get((run, cell)) != name:
            where = "in another table" if (run, cell) in known else "nowhere"
            _fault(
                path, _line(path, position),
                f"{files.LEADERBOARD} has cell {cell} of run {run} {where}",
            )  # fmt: skip


# --- predictions ---------------------------------------------------------------------------------


def _is_number_column(name: str) -> bool:
    return name == "kl" or name.startswith((TRUTH, PREDICTED))


def hold_predictions(path: Path, schema: Any) -> None:
    """Raise unless a table of predictions has the columns that pages need, as they need them."""
    import pyarrow

    names = schema.names
    for name in ("run", "cell", "clip", "group", "fold", "kl"):
        if names.count(name) != 1:
            raise MerbenchError(f"{path}: the column {name} is missing; {_REMEDY}")
    kinds = pyarrow.types
    for field in schema:
        number = kinds.is_floating(field.type) or kinds.is_integer(field.type)
        # Which of these texts become depends on what wrote the file, and on its release.
        texts = (kinds.is_dictionary, kinds.is_string, kinds.is_large_string, kinds.is_string_view)
        text = any(is_text(field.type) for is_text in texts)
        if _is_number_column(field.name) or field.name == "fold":
            if not number:
                raise MerbenchError(f"{path}: the column {field.name} holds no numbers; {_REMEDY}")
        elif field.name in ("run", "cell", "clip", "group") and not text:
            raise MerbenchError(f"{path}: the column {field.name} holds no text; {_REMEDY}")
