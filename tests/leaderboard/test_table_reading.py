"""A leaderboard's tables as they are read back: whole, and belonging together."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pandas as pd
import pytest

from merbench.errors import MerbenchError
from merbench.leaderboard.table_reading import read_tables
from merbench.pages import site
from merbench.runs import record


def rows_of(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_text(), newline="")))


def write_rows(path: Path, rows: list[list[str]]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    path.write_text(text.getvalue())


def test_tables_are_read_with_their_kinds(published):
    tables = read_tables(published)
    board = tables["leaderboard.csv"]
    assert set(board["status"]) <= {"ok", "failed"}
    assert board["n_folds"].dtype.kind == "i"
    assert board["kl_mean"].dtype.kind == "f"
    assert set(map(type, board["cell"])) == {str}
    assert tables["replications.csv"].empty


def changed(path: Path, column: str, value: str) -> None:
    rows = rows_of(path)
    rows[1][rows[0].index(column)] = value
    write_rows(path, rows)


@pytest.mark.parametrize(
    ("name", "column", "value", "said"),
    [
        ("leaderboard.csv", "kl_mean", "low", "leaderboard.csv:2: kl_mean 'low' is not a number"),
        ("leaderboard.csv", "n_folds", "2.5", ":2: n_folds '2.5' is not a whole number"),
        ("leaderboard.csv", "n_folds", "", ":2: n_folds is empty"),
        ("leaderboard.csv", "cell", "../x", ":2: cell '../x' is not a letter or a digit, then"),
        ("leaderboard.csv", "role", "king", ":2: role 'king' is not system or baseline or people"),
        ("leaderboard.csv", "protocol", "[]", ":2: protocol '[]' is not a JSON object"),
        ("leaderboard.csv", "synthetic", "no", ":2: synthetic 'no' is not True or False"),
        ("leaderboard.csv", "dataset", "elsewhere", "leaderboard.csv:3: table"),
        ("folds.csv", "cell", "abc", "folds.csv:2: leaderboard.csv has cell abc of run"),
        ("comparisons.csv", "cell_b", "abc", "comparisons.csv:2: leaderboard.csv has cell abc of"),
        ("comparisons.csv", "table", "abc", "in another table"),
        ("systems.csv", "all_parameters", "{", "systems.csv:2: all_parameters '{' is not a JSON"),
        ("reported.csv", "value", "x", "reported.csv:2: value 'x' is not a number"),
    ],
)
def test_what_is_wrong_is_named_with_file_line_and_column(board, name, column, value, said):
    changed(board / name, column, value)
    with pytest.raises(MerbenchError, match="build it again") as raised:
        read_tables(board)
    assert said in str(raised.value)


@pytest.mark.parametrize("name", ["leaderboard.csv", "folds.csv", "comparisons.csv"])
def test_a_missing_column_is_named(board, name):
    rows = rows_of(board / name)
    at = rows[0].index("table")
    write_rows(board / name, [row[:at] + row[at + 1 :] for row in rows])
    with pytest.raises(MerbenchError, match=rf"{name}:1: the column table is missing; build it"):
        read_tables(board)


def test_a_row_with_other_cells_than_the_header_is_named(board):
    path = board / "folds.csv"
    rows = rows_of(path)
    rows[2].append("more")
    write_rows(path, rows)
    with pytest.raises(MerbenchError, match=r"folds\.csv:3: \d+ cells where the header has"):
        site.read_board(board)
    rows[2].pop()
    rows[0][1] = rows[0][0]
    write_rows(path, rows)
    with pytest.raises(MerbenchError, match=r"folds\.csv:1: the column 'table' stands there twice"):
        site.read_board(board)


def test_predictions_without_a_column_or_with_texts_for_numbers_are_named(board):
    path = board / "predictions.parquet"
    frame = pd.read_parquet(path)
    record.write_parquet([frame.drop(columns="clip")], path)
    with pytest.raises(MerbenchError, match=r"predictions\.parquet: the column clip is missing"):
        site.read_board(board)
    record.write_parquet([frame.assign(kl="much")], path)
    with pytest.raises(MerbenchError, match=r"predictions\.parquet: the column kl holds no numbe"):
        site.read_board(board)
    record.write_parquet([frame.assign(cell=1)], path)
    with pytest.raises(MerbenchError, match=r"predictions\.parquet: the column cell holds no text"):
        site.read_board(board)
