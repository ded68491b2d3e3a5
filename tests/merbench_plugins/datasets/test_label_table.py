from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from merbench_plugins.datasets.label_table import LabelError, LabelTable, group_name
from merbench_plugins.datasets.problems import Problems


def read(tmp_path: Path, text: str, *columns: str, **options: object) -> LabelTable:
    path = tmp_path / "labels.csv"
    path.write_bytes(text.encode())
    return LabelTable.read(path, columns, **options)  # type: ignore[arg-type]


def test_names_and_cells_lose_their_padding(tmp_path: Path) -> None:
    table = read(tmp_path, "\ufeffid, mean \n  7,   0.5 \n\n 8 ,0.25\n", "id", "mean")
    assert table.columns == ("id", "mean")
    assert [(row.line, row.text("id"), row.number("mean")) for row in table] == [
        (2, "7", 0.5),
        (4, "8", 0.25),
    ]


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_delimiter_is_found(tmp_path: Path, mark: str) -> None:
    table = read(tmp_path, f"id{mark}mean\n1{mark}0.5\n", "id", "mean")
    assert table.rows[0].number("mean") == 0.5


def test_quoted_cells_may_hold_the_delimiter_and_line_ends(tmp_path: Path) -> None:
    table = read(tmp_path, 'id,title,mean\n1,"a, b\nc",0.5\n2,d,0.25\n', "mean")
    assert [row.number("mean") for row in table] == [0.5, 0.25]
    assert table.rows[1].line == 4


@pytest.mark.parametrize(
    ("text", "columns", "where", "says"),
    [
        ("", ("id",), ":1", "no header"),
        ("id,mean\n", ("id",), "", "no lines after the header"),
        ("id,Valence_Mean\n1,2\n", ("valence_mean",), ":1", "did you mean 'Valence_Mean'"),
        ("id,x\n1,2\n", ("valence_mean",), ":1", "there are id, x"),
        ("id,mean,mean\n1,2,3\n", ("mean",), ":1", "2 columns 'mean' (columns 2 and 3 of 3)"),
        ("id,V_mean\n1,2\n", ("V_mean", "V_std"), ":1", "no column 'V_std'; there are id, V_mean"),
        ("# id,mean\n1,2\n3,4\n", ("id",), ":2", "names it behind a #"),
        ("id,mean\n1,2\n3\n", ("mean",), ":3", "1 cells where the header has 2"),
        ("id,mean\n1,0,5\n", ("mean",), ":2", "3 cells where the header has 2"),
    ],
)
def test_faults_of_shape_name_file_and_line(
    tmp_path: Path, text: str, columns: tuple[str, ...], where: str, says: str
) -> None:
    with pytest.raises(LabelError) as caught:
        read(tmp_path, text, *columns)
    assert str(caught.value).startswith(f"{tmp_path / 'labels.csv'}{where}: ")
    assert says in str(caught.value)


def test_missing_file_tells_the_hint(tmp_path: Path) -> None:
    with pytest.raises(LabelError, match=r"gone\.csv: this file is missing; look there"):
        LabelTable.read(tmp_path / "gone.csv", hint="look there")


def test_ragged_lines_are_taken_where_asked_for(tmp_path: Path) -> None:
    table = read(tmp_path, "id,artist,tag\n1,A\n2,B,x,y,z\n", ragged=True)
    assert [row.cells["tag"] for row in table] == ["", "x"]


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("", "is empty"),
        ("loud", "is 'loud', not a number"),
        ("0.4_5", "is '0.4_5', not a number"),
        ('"0,5"', "decimals take a point"),
        ("nan", "is nan"),
        ("inf", "is inf"),
        ("1.01", r"is 1.01, outside the scale [0, 1]"),
        ("-0.1", "outside the scale"),
    ],
)
def test_bad_means_name_line_and_column(tmp_path: Path, cell: str, says: str) -> None:
    table = read(tmp_path, f"id,mean\n1,0.5\n2,{cell}\n")
    with pytest.raises(LabelError) as caught:
        table.rows[1].mean("mean")
    assert f"{tmp_path / 'labels.csv'}:3: column 'mean' " in str(caught.value)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("cell", "says"), [("0", "above 0"), ("-0.2", "above 0"), ("1.5", "wide"), ("", "is empty")]
)
def test_bad_deviations_are_refused(tmp_path: Path, cell: str, says: str) -> None:
    table = read(tmp_path, f"id,std\n1,{cell}\n")
    with pytest.raises(LabelError, match=says):
        table.rows[0].std("std")


def test_scales_are_moved_to_the_unit_interval(tmp_path: Path) -> None:
    row = read(tmp_path, "id,mean,std\n1,6,2\n").rows[0]
    assert row.mean("mean", (1, 9)) == pytest.approx(5 / 8)
    assert row.std("std", (1, 9)) == pytest.approx(1 / 4)
    assert row.mean("mean", (-10, 10)) == pytest.approx(0.8)


def test_keys_must_differ_and_each_repetition_is_told(tmp_path: Path) -> None:
    table = read(tmp_path, "id,mean\n1,0.1\n2,0.2\n1,0.3\n1,0.4\n")
    with pytest.raises(LabelError, match=r":4: '1' stands in column 'id' of line 2 already"):
        table.keyed("id", Problems())
    problems = Problems(collect=True)
    assert {k: row.line for k, row in table.keyed("id", problems).items()} == {"1": 2, "2": 3}
    assert [finding.where.rsplit(":", 1)[1] for finding in problems.findings] == ["4", "5"]


def test_ids_that_a_program_wrote_as_decimals_are_whole(tmp_path: Path) -> None:
    keys = [
        list(read(tmp_path, text).keyed("id", Problems()))
        for text in ("id,v\n1.0,2\n10.0,3\n", "id,v\n1.0,2\n1.5,3\n", "id,v\n001,2\n2,3\n")
    ]
    assert keys == [["1", "10"], ["1.0", "1.5"], ["001", "2"]]


def test_decimal_commas_are_read_where_the_whole_column_has_them(tmp_path: Path) -> None:
    table = read(tmp_path, "id;a;b\n1;0,5;0,5\n2;0,25;0.25\n")
    assert [row.number("a") for row in table] == [0.5, 0.25]
    with pytest.raises(LabelError, match=r"labels\.csv:2: column 'b' is '0,5', not a number"):
        table.rows[0].number("b")


def test_bytes_that_are_no_utf_8_hurt_only_what_is_needed(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_bytes(b"id,title,v\nBj\xf6rk,K\xf6nig,0.5\n")
    (row,) = LabelTable.read(path)
    assert row.number("v") == 0.5
    with pytest.raises(LabelError, match=r"labels\.csv:2: column 'id' .* save the file as UTF-8"):
        row.text("id")


def test_errors_survive_a_process_boundary() -> None:
    error = pickle.loads(pickle.dumps(LabelError("a.csv:3", "wrong")))
    assert str(error) == "a.csv:3: wrong"


def test_artists_are_told_apart_by_name_alone() -> None:
    assert group_name("  Kevin\tMacLeod ", "3") == group_name("kevin macleod", "4")
    assert [group_name(text, "3") for text in ("", " ", "Unknown", "N/A", "-")] == ["3"] * 5
