"""Tables of a leaderboard that somebody edited: pages and exports, or one sentence that says where.

`MERBENCH_FUZZ=50` tries fifty times as much as the suite does.
"""

from __future__ import annotations

import csv
import io
import re
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_fuzz import TEXTS, tried

from merbench.errors import MerbenchError
from merbench.pages import paper_tables, site

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
        content = site.read_board(folder)
        site._pages(content, {})
        for row in content.rows[:2]:
            site._system_page(content, row)
        paper_tables.table_texts(content, paper_tables.FORMATS)
    except MerbenchError as error:
        return str(error)
    return ""


CELLS = st.one_of(
    TEXTS,
    st.sampled_from(["0", "-1", "1e300", "inf", "nan", "True", "ok", "failed", "system", "[]",
                     "[1]", '{"model": 3}', '{"a": {"b": [{}]}}', "people", "none", "va"]),
)  # fmt: skip


@tried(15)
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
