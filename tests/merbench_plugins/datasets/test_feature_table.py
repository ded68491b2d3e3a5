from __future__ import annotations

from pathlib import Path

import pytest

from merbench_plugins.datasets.feature_table import feature_columns, feature_vector
from merbench_plugins.datasets.label_table import LabelError, LabelTable


def read(tmp_path: Path, text: str) -> LabelTable:
    (tmp_path / "f.csv").write_text(text)
    return LabelTable.read(tmp_path / "f.csv")


def test_patterns_name_columns_in_their_order(tmp_path: Path) -> None:
    table = read(tmp_path, ",id,b_1,a,b_0\n0,x,1,2,3\n")
    assert feature_columns(table, ["b_*", "a"], ["id"]) == ("b_1", "a", "b_0")
    assert feature_columns(table, ["*"], ["id"]) == ("b_1", "a", "b_0")  # no number of the row
    assert feature_vector(table.rows[0], ("b_1", "a")) == (1.0, 2.0)
    with pytest.raises(LabelError, match=r"f\.csv:1: no column is named by 'c\*'"):
        feature_columns(table, ["c*"])


def test_a_feature_that_stands_twice_is_refused(tmp_path: Path) -> None:
    table = read(tmp_path, "id,m,n,m\nx,1,2,3\n")
    assert feature_columns(table, ["n"]) == ("n",)
    with pytest.raises(LabelError, match=r"'m' \(columns 2 and 4 of 4\); keep one"):
        feature_columns(table, ["m", "n"])


@pytest.mark.parametrize("cell", ["0.4_5", "high", "", "nan", "1e999"])
def test_a_cell_that_is_no_number_is_named(tmp_path: Path, cell: str) -> None:
    table = read(tmp_path, f"id,m,n\nx,1,2\ny,3,{cell}\n")
    assert feature_vector(table.rows[0], ("m", "n")) == (1.0, 2.0)
    with pytest.raises(LabelError, match=r"f\.csv:3: column 'n' is "):
        feature_vector(table.rows[1], ("m", "n"))


def test_decimal_commas_are_read(tmp_path: Path) -> None:
    table = read(tmp_path, "id;m;n\nx;0,5;2\ny;1,25;3,5\n")
    assert [feature_vector(row, ("m", "n")) for row in table] == [(0.5, 2.0), (1.25, 3.5)]


def test_real_features_are_read(shared: Path) -> None:
    table = LabelTable.read(shared / "data/labels/turkish_acoustic_features.csv")
    columns = feature_columns(table, ["_*"])
    assert len(columns) == 50
    assert {len(feature_vector(row, columns)) for row in table} == {50}
