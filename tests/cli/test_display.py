"""What several commands show in the same way."""

from __future__ import annotations

import os

import pytest
from rich.console import Console

from merbench.cli import display

ROWS = [["stft-spectrogram", "0.123 to 0.456", "a long explanation of this row"]] * 2


@pytest.mark.parametrize("width", [48, 60, 90, 160])
def test_a_table_fits_and_breaks_no_name_and_no_number(
    width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(display, "console", lambda: Console(width=width))
    display.print_table(("features", "interval", "why"), ROWS, right=("interval",))
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= width
    assert text.count("stft-spectrogram") == text.count("0.123 to 0.456") == 2
    assert text.count("explanation") == 2
    assert (text.count("a long explanation of this row") == 2) == (width >= 90)


def test_columns_to_spare_are_left_out_last_first(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def columns(width: int) -> list[str]:
        monkeypatch.setattr(display, "console", lambda: Console(width=width))
        row = ["random-forest", "0.12345", "0.23456", "0.34567"]
        display.print_table(
            ("model", "x", "y", "z"), [row], right=("x", "y", "z"), spare=("y", "x")
        )
        return capsys.readouterr().out.splitlines()[1].split()

    assert columns(80) == ["model", "x", "y", "z"]
    assert columns(40) == ["model", "y", "z"]
    assert columns(30) == ["model", "z"]


def test_paragraphs_are_filled_and_lists_stay(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(display, "console", lambda: Console(width=30))
    display.print_text(
        "One line.\n\nA paragraph of\ntwo short lines that are filled.\n\n- [a]\n- b"
    )
    assert capsys.readouterr().out == (
        "One line.\n\nA paragraph of two short lines\nthat are filled.\n\n- [a]\n- b\n\n"
    )


def test_tables_hold_their_cells_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    display.print_table(
        ("name", "n"), [["[red]x[/red]", "1"], ["y", "20"]], right=("n",), title="t"
    )
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert lines[0] == "t"
    assert lines[1].split() == ["name", "n"]
    assert lines[3].split() == ["[red]x[/red]", "1"]
    assert lines[3].endswith(" 1")
    assert lines[4].endswith("20")


WIDE = ["mixed", "librosa-14-stats", "calibrated(random-forest) (n_estimators=10)"]
NUMBERS = {"KL mean": "0.421", "95 % interval": "-0.383 to -0.469", "R² valence": "-0.33"}


@pytest.mark.parametrize("width", [50, 60, 80, 100, 200])
def test_what_has_no_room_is_named_with_where_it_is_and_marks_stay(
    width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(display, "console", lambda: Console(width=width))
    columns = ("separator", "features", "model", *NUMBERS, "mark")
    row = [*WIDE, *NUMBERS.values(), "worse than a constant"]
    display.print_table(
        columns, [row], right=tuple(NUMBERS), spare=tuple(NUMBERS)[1:], elsewhere="out/board.csv"
    )
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= width
    shown, says_so, notice = text.partition("no room here for ")
    notice = says_so + " ".join(notice.split())
    left_out = [column for column in NUMBERS if NUMBERS[column] not in shown]
    assert left_out == {50: [*NUMBERS][1:], 200: []}.get(width, left_out)
    assert [c for c in NUMBERS if c not in shown] == left_out  # its heading goes with it
    says = f"no room here for {', '.join(left_out)}; see out/board.csv"
    assert (notice == says) == bool(left_out)
    for word in ("constant", "mixed", "librosa", "forest)", "0.421"):
        assert word in shown


def test_a_name_is_broken_at_hyphens_and_a_number_never(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(display, "console", lambda: Console(width=50))
    row = ["calibrated(random-forest)", "lr=1e-05", "-0.123 to -0.456"]
    display.print_table(("model", "with", "interval"), [row], right=("interval",))
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["calibrated(random-", "lr=1e-05", *row[2].split()] in lines
    assert ["forest)"] in lines
    monkeypatch.setattr(display, "console", lambda: Console(width=20))
    display.print_table(("model", "with", "interval"), [row], right=("interval",))
    assert row[2] in capsys.readouterr().out


@pytest.mark.parametrize(
    ("columns", "width"), [("80", 80), ("300", 300), (None, 160), ("0", 160), ("wide", 160)]
)
def test_what_is_piped_is_as_wide_as_columns_says(
    columns: str | None, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns) if columns else monkeypatch.delenv("COLUMNS", False)
    monkeypatch.setattr(os, "get_terminal_size", lambda *_: (_ for _ in ()).throw(OSError))
    assert display.console().width == width
