"""Counting before expanding."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from merbench import bounds
from merbench.errors import MerbenchError


def test_combinations_are_counted():
    assert bounds.product([2, 3, 0, 4]) == 24
    assert bounds.product([]) == 1


def test_json_is_read_to_a_depth(tmp_path):
    assert bounds.json_document("[" * 60 + "]" * 60)
    for depth in (61, 999, 100_000):
        with pytest.raises(ValueError, match="nested more than 60 deep"):
            bounds.json_document("[" * depth + "]" * depth)
    (tmp_path / "x.json").write_text("{")
    with pytest.raises(ValueError, match=r"x\.json: "):
        bounds.json_file(tmp_path / "x.json")
    (tmp_path / "x.json").write_text(json.dumps({"a": [1]}))
    assert bounds.json_file(tmp_path / "x.json") == {"a": [1]}


@pytest.mark.parametrize("text", [r'["a", "\ud800"]', r'{"a": {"\udce9": 1}}', r'"\udfff"'])
def test_half_a_character_is_no_text(text):
    with pytest.raises(ValueError, match="holds half a character"):
        bounds.json_document(text)
    assert bounds.json_document(r'["\ud83c\udfb5", "é"]') == ["🎵", "é"]


def test_json_of_any_size_is_not_read(tmp_path):
    with (tmp_path / "x.json").open("wb") as handle:
        handle.truncate(2**28 + 1)
    with pytest.raises(ValueError, match="has 268,435,457 bytes; 268,435,456 are the most"):
        bounds.json_file(tmp_path / "x.json")


def test_a_table_is_read_with_texts_as_categories(tmp_path):
    table = pd.DataFrame({"a": ["x", "y", "x"], "b": [1.0, 2.0, None]})
    table.to_parquet(tmp_path / "t.parquet", index=False)
    read = bounds.parquet_table(tmp_path / "t.parquet").to_pandas()
    assert str(read["a"].dtype) == "category"
    assert read["a"].tolist() == ["x", "y", "x"]
    assert bounds.parquet_table(tmp_path / "t.parquet", columns=["b"]).column_names == ["b"]


def test_a_table_beyond_the_bound_is_refused_with_its_numbers(tmp_path, monkeypatch):
    pd.DataFrame({"b": range(1000)}).to_parquet(tmp_path / "t.parquet", index=False)
    monkeypatch.setenv("MERBENCH_TABLE_BYTES", "7999")
    with pytest.raises(MerbenchError, match=r"\(1,000 rows of 1 columns\); 7,999 are the most"):
        bounds.parquet_table(tmp_path / "t.parquet")


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" * 9])
def test_what_is_no_table_is_an_error_that_python_knows(tmp_path, content):
    (tmp_path / "t.parquet").write_bytes(content)
    with pytest.raises((OSError, ValueError)):
        bounds.parquet_table(tmp_path / "t.parquet")
