from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from merbench import MerbenchError
from merbench.scoring.wide_table import read_table


def write(folder: Path, content: bytes | str, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_marks_of_order_line_ends_blank_lines_and_spaces_do_no_harm(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, "\ufeff id , x\r\n\r\n a, 1.5 \r\n\r\nb,-2e-1\r\n"))
    assert table.columns == ("id", "x")
    assert table.unique("id") == ["a", "b"]
    assert table.numbers(["x", "x"]).tolist() == [[1.5, 1.5], [-0.2, -0.2]]
    assert [place.rpartition(":")[2] for place in table.places] == ["3", "5"]


def test_quoted_cells_may_hold_commas(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, 'id,title\n1,"One, two"\n'))
    assert table.text("title") == ["One, two"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"table.csv:1: there is no header line"),
        (" \n\n", r"table.csv:1: there is no header line"),
        ("id,x\n", "has no rows below its header"),
        ("id x\na 1\n", r"csv:1: the header is a single column; give a CSV file"),
        ("id,x\na,1\nb\n", r"csv:3: there are 1 cells where the header has 2 columns"),
        ("id,x\na,1,2\n", r"csv:2: there are 3 cells where the header has 2 columns"),
        ("id,x,x\na,1,2\n", r"there are 2 columns 'x' \(columns 2 and 3 of 3\)"),
        ('id,x\n"a,1\n', r"csv:2: a double quote opens a cell here and is never closed"),
        (b"\x89PNG\r\n\x1a\n\xff\xfe", "bytes that are not UTF-8; save it as CSV"),
        (b"id,x\na,\x001\n", "is not a text file"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, content: bytes | str, message: str) -> None:
    with pytest.raises(MerbenchError, match=message):
        read_table(write(tmp_path, content))


@pytest.mark.parametrize("name", ["missing.csv", "missing.parquet", ".", "folder.parquet"])
def test_what_is_no_file_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.parquet").mkdir()
    with pytest.raises(MerbenchError, match="check its name"):
        read_table(tmp_path / name)


def test_parquet_keeps_numbers_and_names_rows(tmp_path: Path) -> None:
    frame = pd.DataFrame({"id": [7, 8], "x": [0.1, None], "y": ["1.5", "high"]})
    frame["z"] = pd.Series([0.1, 0.2], dtype="float32")
    path = tmp_path / "table.parquet"
    frame.to_parquet(path)
    table = read_table(path)
    assert table.unique("id") == ["7", "8"]
    assert table.numbers(["z"])[:, 0].tolist() == frame["z"].astype("float64").tolist()
    with pytest.raises(MerbenchError, match=r"table.parquet, row 2: column 'x' is empty"):
        table.numbers(["x"])
    with pytest.raises(MerbenchError, match=r"row 2: column 'y' holds 'high'"):
        table.numbers(["y"])


@pytest.mark.parametrize("content", [b"", b"id,x\na,1\n", b"PAR1 and then nothing PAR1"])
def test_what_only_calls_itself_parquet_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(MerbenchError, match="cannot be read as Parquet"):
        read_table(write(tmp_path, content, "table.parquet"))
