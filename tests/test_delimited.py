from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from merbench.delimited import Delimited, read_delimited, require_once
from merbench.errors import TableError


def read(folder: Path, content: str | bytes, **options: object) -> Delimited:
    path = folder / "table.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_delimited(path, **options)  # type: ignore[arg-type]


def cells(table: Delimited) -> list[list[str]]:
    return [row for _, row in table.rows]


def refused(folder: Path, content: str | bytes, **options: object) -> str:
    with pytest.raises(TableError) as caught:
        read(folder, content, **options)
    return str(caught.value).removeprefix(f"{folder}/")


# --- quotes --------------------------------------------------------------------------------------


def test_a_quote_that_never_closes_is_told_with_the_line_it_opens_in(shared: Path) -> None:
    with pytest.raises(TableError, match=r"stray_quote\.csv:3: a double quote opens .* never clo"):
        read_delimited(shared / "cases/stray_quote.csv")


def test_between_tabs_quotes_are_characters(shared: Path) -> None:
    table = read_delimited(shared / "cases/stray_quote.tsv")
    assert [row[-1] for row in cells(table)] == ["One", '"Heroes', "Three", 'Dance Mix 12"']


@pytest.mark.parametrize("ragged", [False, True])
@pytest.mark.parametrize(
    ("content", "line", "says"),
    [
        ('id,title,v\n1,"a\n2,b,3\n3,c,4\n', 2, "never closed"),
        ('id,title,v\n0,x,1\n1,"a,2\n' + "2,b,3\n" * 30_000, 3, "never closed"),  # beyond csv's own
        ('id,title,v\n1,"a" b,2\n', 2, "text follows the quote that closes it;"),
        ('id,title,v\n1,"say \\"hi\\"",2\n', 2, "text follows the quote"),
        ('id,title,v\n1,"a,2\n2,b "c,3\n', 2, "text follows the quote that closes it in line 3"),
        ('id,title,v\n1,"a,2\n2,b,3\n3,c",4\n', 2, "closes only in line 4"),
        ('id,title,v\n1,x,"a\n2,y,b"\n', 2, "closes only in line 3"),
        ('id,"title,v\n1,x,2\n', 1, "never closed"),
    ],
)
def test_stray_quotes_merge_no_rows(
    tmp_path: Path, content: str, line: int, says: str, ragged: bool
) -> None:
    message = refused(tmp_path, content, ragged=ragged)
    assert message.startswith(f"table.csv:{line}: ")
    assert says in message


def test_quotes_where_they_belong_are_read(tmp_path: Path) -> None:
    table = read(
        tmp_path,
        'id,title,v\n1,"a, b\nc",2\n2,"say ""hi""" , 3\n3,Mix 12",4\n4, "d" ,5\n',
    )
    assert table.rows == [
        (2, ["1", "a, b\nc", "2"]),
        (4, ["2", 'say "hi"', "3"]),
        (5, ["3", 'Mix 12"', "4"]),
        (6, ["4", "d", "5"]),
    ]


def test_a_tab_separated_table_whose_names_are_all_quoted_is_quoted(tmp_path: Path) -> None:
    table = read(tmp_path, '"id"\t"title"\n"1"\t"a\tb"\n')
    assert (table.columns, cells(table)) == (("id", "title"), [["1", "a\tb"]])


# --- what programs write -------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_encodings_line_ends_and_delimiters(
    tmp_path: Path, encoding: str, end: str, mark: str
) -> None:
    lines = [f"id{mark}artist", f"1{mark}Björk", "", f"2{mark}Ö"]
    table = read(tmp_path, (end.join(lines) + end).encode(encoding))
    assert table.columns == ("id", "artist")
    assert table.rows == [(2, ["1", "Björk"]), (4, ["2", "Ö"])]


@pytest.mark.parametrize("mark", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_its_mark_is_named(tmp_path: Path, mark: str) -> None:
    assert "UTF-16 without a byte order mark" in refused(tmp_path, "id,v\n1,2\n".encode(mark))


@pytest.mark.parametrize("content", [b"PK\x03\x04\0\0", b"id,v\n" + b"1,2\n" * 2000 + b"\0,1\n"])
def test_a_spreadsheet_or_zero_bytes_are_no_text(tmp_path: Path, content: bytes) -> None:
    assert "save it as CSV in UTF-8" in refused(tmp_path, content)


def test_bytes_that_are_no_utf_8_stay_visible(tmp_path: Path) -> None:
    assert cells(read(tmp_path, "id,v\nBj\xf6rk,2\n".encode("latin-1"))) == [["Bj\ufffdrk", "2"]]
    assert refused(tmp_path, "K\xf6nig,v\n1,2\n".encode("latin-1")).startswith("table.csv:1: ")


def test_texts_are_in_one_form(tmp_path: Path) -> None:
    table = read(tmp_path, unicodedata.normalize("NFD", "id,é\nBeyoncé,1\n"))
    assert (table.columns, cells(table)) == (("id", "é"), [["Beyoncé", "1"]])


@pytest.mark.parametrize("line", ["sep=;", '"sep=;"', "SEP=;\r"])
def test_excel_names_its_delimiter(tmp_path: Path, line: str) -> None:
    table = read(tmp_path, f"{line}\nid;a,b,c,d\n1;2\n")
    assert (table.header, table.columns) == (f"{tmp_path}/table.csv:2", ("id", "a,b,c,d"))


def test_a_quoted_name_may_hold_commas(tmp_path: Path) -> None:
    assert read(tmp_path, '"V, mean, all";"A, mean"\n1;2\n').columns == ("V, mean, all", "A, mean")


def test_comments_are_passed_over_and_lines_still_count(tmp_path: Path) -> None:
    table = read(tmp_path, '# by hand, 2020\n#\n\nid,v\n# the loud ones\n1,2\n"#2",3\n')
    assert (table.header, table.comments) == (f"{tmp_path}/table.csv:4", ("# by hand, 2020", "#"))
    assert table.rows == [(6, ["1", "2"]), (7, ["#2", "3"])]


def test_a_line_that_may_be_comment_or_clip_is_neither(tmp_path: Path) -> None:
    message = refused(tmp_path, "id,v\n1,2\n#2,3\n")
    assert message.startswith("table.csv:3: this line begins with #")


# --- shape ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", ["", "\n \n", "# nothing\n", "sep=;\n"])
def test_no_header_is_told(tmp_path: Path, content: str) -> None:
    assert "there is no header line" in refused(tmp_path, content)


@pytest.mark.parametrize("content", ["id,v\n1,2\n3\n", "id,v\n1,2\n1,0,5\n"])
def test_other_numbers_of_cells_are_told(tmp_path: Path, content: str) -> None:
    message = refused(tmp_path, content)
    assert message.startswith("table.csv:3: there are ")
    assert "where the header has 2 columns" in message


def test_trailing_delimiters_and_lines_of_them_count_for_nothing(tmp_path: Path) -> None:
    assert cells(read(tmp_path, "id,v\n1,2,,\n,,\n")) == [["1", "2"]]


def test_ragged_and_overflowing_lines_are_taken_where_asked_for(tmp_path: Path) -> None:
    assert cells(read(tmp_path, "id,v\n1\n2,3,4\n", ragged=True)) == [["1", ""], ["2", "3"]]
    table = read(tmp_path, "id\tTAGS\n1\ta\n2\tb\tc\n", overflow=True)
    assert cells(table) == [["1", "a"], ["2", "b\tc"]]


def test_columns_that_stand_twice_are_named_by_position() -> None:
    require_once("t.csv:1", ("id", "x", "x"), ("id",))
    with pytest.raises(TableError, match=r"t\.csv:1: .* 'x' \(columns 2 and 3 of 3\)"):
        require_once("t.csv:1", ("id", "x", "x"), ("id", "x"))


def test_a_file_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="check its name"):
        read_delimited(tmp_path)


def test_real_tables_are_read_whole(shared: Path) -> None:
    for path in sorted((shared / "data").rglob("*.[ct]sv")):
        lines = [line for line in path.read_text("utf-8").split("\n") if line.strip()]
        table = read_delimited(path, overflow=path.suffix == ".tsv")
        assert len(table.rows) == len(lines) - 1, path
