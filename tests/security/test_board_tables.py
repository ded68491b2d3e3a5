"""Tables of a leaderboard that somebody edited: pages and exports, or one sentence that says where.

`MERBENCH_FUZZ=50` tries fifty times as much as the suite does.
"""

from __future__ import annotations

import csv
import io
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_fuzz import TEXTS, tried

from merbench.errors import MerbenchError
from merbench.pages import paper_tables, site
from merbench.runs import record

TABLES = (
    "leaderboard.csv", "folds.csv", "comparisons.csv", "separators.csv", "datasets.csv",
    "plugins.csv", "systems.csv", "submissions.csv", "reported.csv", "across-datasets.csv",
)  # fmt: skip


@pytest.fixture(scope="module")
def edited(published: Path, tmp_path_factory) -> Path:
    """A leaderboard to be edited and put right again."""
    return Path(shutil.copytree(published, tmp_path_factory.mktemp("edited") / "board"))


def rows_of(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_text(), newline="")))


def write_rows(path: Path, rows: list[list[str]]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    path.write_text(text.getvalue())


def said_of(folder: Path) -> str:
    """What pages and exports of a leaderboard say: nothing, or one sentence."""
    try:
        content = site.read(folder)
        site._pages(content, {})
        for row in content.rows[:2]:
            site._system_page(content, row)
        paper_tables.texts(content, paper_tables.FORMATS)
    except MerbenchError as error:
        return str(error)
    return ""


CELLS = st.one_of(
    TEXTS,
    st.sampled_from(["0", "-1", "1e300", "inf", "nan", "True", "ok", "failed", "system", "[]",
                     "[1]", '{"model": 3}', '{"a": {"b": [{}]}}', "people", "none", "va"]),
)  # fmt: skip


@tried(25)
@given(data=st.data())
def test_any_edit_of_a_table_gives_pages_or_one_sentence(edited, undrawn, data):
    path = edited / data.draw(st.sampled_from([n for n in TABLES if (edited / n).is_file()]))
    text = path.read_text()
    rows = rows_of(path)
    row = data.draw(st.integers(0, len(rows) - 1))
    column = data.draw(st.integers(0, len(rows[0]) - 1))
    match data.draw(st.sampled_from(["cell", "row gone", "row twice", "column gone", "column",
                                     "column twice", "cut", "another row's cell"])):  # fmt: skip
        case "cell":
            rows[row][column] = data.draw(CELLS)
        case "row gone":
            del rows[row]
        case "row twice":
            rows.insert(row, rows[row])
        case "column gone":
            rows = [r[:column] + r[column + 1 :] for r in rows]
        case "column":
            value = data.draw(CELLS)
            rows = rows[:1] + [[*r[:column], value, *r[column + 1 :]] for r in rows[1:]]
        case "column twice":
            rows = [[*r, r[column]] for r in rows]
        case "cut":
            rows[row] = rows[row][:column]
        case "another row's cell":
            other = data.draw(st.integers(0, len(rows) - 1))
            rows[row][column] = rows[other][column]
    try:
        write_rows(path, rows)
        said = said_of(edited)
    finally:
        path.write_text(text)
    assert "\n" not in said
    assert not re.search(r"\b[A-Z]\w+Error\b", said)


def test_a_whole_leaderboard_is_read(edited, undrawn):
    assert not said_of(edited)


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
        site.read(board)
    assert said in str(raised.value)


@pytest.mark.parametrize("name", ["leaderboard.csv", "folds.csv", "comparisons.csv"])
def test_a_missing_column_is_named(board, name):
    rows = rows_of(board / name)
    at = rows[0].index("table")
    write_rows(board / name, [row[:at] + row[at + 1 :] for row in rows])
    with pytest.raises(MerbenchError, match=rf"{name}:1: the column table is missing; build it"):
        site.read(board)


def test_a_row_with_other_cells_than_the_header_is_named(board):
    path = board / "folds.csv"
    rows = rows_of(path)
    rows[2].append("more")
    write_rows(path, rows)
    with pytest.raises(MerbenchError, match=r"folds\.csv:3: \d+ cells where the header has"):
        site.read(board)
    rows[2].pop()
    rows[0][1] = rows[0][0]
    write_rows(path, rows)
    with pytest.raises(MerbenchError, match=r"folds\.csv:1: the column 'table' stands there twice"):
        site.read(board)


def test_predictions_without_a_column_or_with_texts_for_numbers_are_named(board):
    path = board / "predictions.parquet"
    frame = pd.read_parquet(path)
    record.write_parquet([frame.drop(columns="clip")], path)
    with pytest.raises(MerbenchError, match=r"predictions\.parquet: the column clip is missing"):
        site.read(board)
    record.write_parquet([frame.assign(kl="much")], path)
    with pytest.raises(MerbenchError, match=r"predictions\.parquet: the column kl holds no numbe"):
        site.read(board)
    record.write_parquet([frame.assign(cell=1)], path)
    with pytest.raises(MerbenchError, match=r"predictions\.parquet: the column cell holds no text"):
        site.read(board)
