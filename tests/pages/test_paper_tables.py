"""The tables of a run or a board for a paper."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from board_tables import content_of
from boards import made
from merbench.pages.paper_tables import paper_tables, table_texts
from merbench.pages.text_table import csv

FAR = [[0.30, 0.31, 0.29, 0.32, 0.33, 0.28], [0.31, 0.30, 0.29, 0.30, 0.32, 0.31]] * 2
NEAR = [[0.10, 0.11, 0.09, 0.12, 0.10, 0.08], [0.11, 0.10, 0.09, 0.10, 0.12, 0.11]] * 2


def cells(table: Any, column: str) -> list[Any]:
    at = [heading.column for heading in table.headings].index(column)
    return [row[at] for row in table.rows]


@pytest.fixture
def content() -> Any:
    return content_of(
        made("near", NEAR), made("far", FAR), made("nothing", FAR, role="baseline", features="none")
    )


def test_the_best_system_is_bold_and_what_is_told_apart_starred(content: Any):
    content.rows[1]["tier"] = 2
    table = paper_tables(content)[0]
    assert [cell.bold for cell in cells(table, "kl_mean")] == [True, False, False]
    assert [cell.star for cell in cells(table, "kl_mean")] == [False, True, False]
    assert "another tier" in table.caption
    frame = pd.read_csv(io.StringIO(csv(table)))
    assert frame["differs_from_best"].tolist() == [False, True, False]
    assert frame["kl_mean"].tolist() == pytest.approx([row["kl_mean"] for row in content.rows])
    assert "(baseline)" in cells(table, "system")[2].text or "(baseline)" in str(table.rows)


def test_without_tiers_nothing_is_starred(content: Any):
    for row in content.rows:
        row["tier"] = None
    table = paper_tables(content)[0]
    assert "tier" not in table.caption
    assert "differs_from_best" not in csv(table)


def test_the_better_of_a_significant_pair_is_bold(content: Any):
    first, *others = content.comparisons
    pairs = [replace(first, significant=True, kl_difference=-0.5), *others]
    table = paper_tables(replace(content, comparisons=pairs))[1]
    first = table.rows[0]
    assert (first[0].bold, first[1].bold, first[2].star) == (True, False, True)
    assert pd.read_csv(io.StringIO(csv(table)))["significant"].iloc[0]


def test_only_the_formats_that_are_asked_for(content: Any):
    assert set(table_texts(content, ["markdown"])) == {"tables.md"}
    assert {name.split(".")[-1] for name in table_texts(content)} == {"md", "tex", "csv"}
