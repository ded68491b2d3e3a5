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
    at = next(i for i, heading in enumerate(table.headings) if column in heading.columns)
    return [row[at] for row in table.rows]


@pytest.fixture
def content() -> Any:
    found = content_of(
        made("near", NEAR), made("far", FAR), made("nothing", FAR, role="baseline", features="none")
    )
    set_columns(found, mark=[None] * 3)
    return found


def set_columns(content: Any, **columns: list[Any]) -> None:
    for name, values in columns.items():
        for row, value in zip(content.rows, values, strict=True):
            row[name] = value


def test_a_star_is_a_p_below_the_level_whatever_the_tier(content: Any):
    set_columns(content, tier=[1, 2, None], corrected_p_holm=[None, 0.2, 1e-9])
    table = paper_tables(content)[0]
    assert [cell.bold for cell in cells(table, "kl_mean")] == [True, False, False]
    assert [cell.star for cell in cells(table, "kl_mean")] == [False, False, True]
    assert "p below 0.05" in table.caption
    assert [cell.text for cell in cells(table, "tier")] == ["1", "2", "–"]
    frame = pd.read_csv(io.StringIO(csv(table)))
    assert frame["differs_from_best"].tolist() == [False, False, True]
    assert frame["tier"].tolist()[:2] == [1, 2]
    assert frame["kl_mean"].tolist() == pytest.approx([row["kl_mean"] for row in content.rows])
    assert frame["role"].tolist() == ["system", "system", "baseline"]
    assert [cell.text.endswith("(baseline)") for cell in cells(table, "system")] == [0, 0, 1]


def test_a_table_without_tiers_has_stars_too(content: Any):
    set_columns(content, tier=[None] * 3, corrected_p_holm=[None, 1e-5, 0.5])
    table = paper_tables(content)[0]
    assert "tier" not in table.caption
    assert "tier" not in csv(table).splitlines()[0].split(",")
    assert [cell.star for cell in cells(table, "kl_mean")] == [False, True, False]
    set_columns(content, corrected_p_holm=[None] * 3)
    assert "differs_from_best" not in csv(paper_tables(content)[0])


def test_a_mark_is_shown_and_its_row_is_never_the_best(content: Any):
    set_columns(content, mark=["worse than a constant", None, None], kl_median=[0.1, 0.2, 0.3])
    table = paper_tables(content)[0]
    assert cells(table, "system")[0].text.endswith("(worse than a constant)")
    for column in ("kl_mean", "kl_median"):
        assert [cell.bold for cell in cells(table, column)] == [False, True, False]
    frame = pd.read_csv(io.StringIO(csv(table)))
    assert frame["mark"].iloc[0] == "worse than a constant"


def test_numbers_of_a_csv_file_are_numbers_of_even_length(content: Any):
    set_columns(content, kl_mean_low=[1 / 3, None, 0.1], kl_mean_high=[2 / 3, None, 0.2])
    set_columns(content, ccc_valence_mean=[5.04e-31, 2 / 3, None])
    pairs = [replace(content.comparisons[0], kl_low=-0.0708, kl_high=0.0316)]
    systems, differences = paper_tables(replace(content, comparisons=pairs))
    found = {name: list(column) for name, column in
             pd.read_csv(io.StringIO(csv(systems))).items()}  # fmt: skip
    assert found["kl_mean_low"][0] == 0.3333333333
    assert found["kl_mean_high"][2] == 0.2
    assert found["ccc_valence_mean"][:2] == [0, 0.6666666667]
    of_pair = pd.read_csv(io.StringIO(csv(differences))).iloc[0]
    assert (of_pair["kl_low"], of_pair["kl_high"]) == (-0.0708, 0.0316)
    assert "'" not in csv(differences)


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
