"""Texts of strangers in what people read: terminals, tables for papers, spreadsheets, pages."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import pytest
from hostile import edit
from typer.testing import CliRunner

from boards import made, recorded_run
from merbench import csv_text
from merbench.cli import app, display
from merbench.pages.text_table import Heading, TextCell, TextTable, latex, markdown
from merbench.wording import visible

SEQUENCES = {
    "clears the screen": "\x1b[2J",
    "sets the title": "\x1b]0;owned\x07",
    "a control of eight bits": "\x9b31m",
    "goes back over the line": "safe\rfail",
    "deletes": "a\x08\x7f",
    "turns the direction": "ab\u202ecd",
}


@pytest.mark.parametrize("text", SEQUENCES.values(), ids=SEQUENCES)
def test_nothing_printed_is_obeyed_by_a_terminal(text, capsys):
    display.say(f"failed: {text}")
    display.say(text, err=True)
    display.warn(text)
    display.print_table(("a", "b"), [(text, "x")], title=f"[link=http://x]{text}[/x]")
    display.print_text(text)
    captured = capsys.readouterr()
    written = captured.out + captured.err
    assert visible(text) == text.encode("unicode_escape").decode()
    assert not set("\x1b\x07\x9b\r\x08\x7f\u202e") & set(written)
    assert "[link=" in written  # and no link


@pytest.mark.parametrize("text", SEQUENCES.values(), ids=SEQUENCES)
def test_json_holds_a_text_and_no_control(text, capsys):
    display.print_json({"a": text})
    written = capsys.readouterr().out
    assert not set("\x1b\x07\x9b\r\x08\x7f") & set(written)
    assert json.loads(written) == {"a": text}


def test_tabs_line_ends_and_letters_of_all_languages_stay():
    assert visible("a\tb\nc é 音 🎵 −") == "a\tb\nc é 音 🎵 −"


def test_an_error_in_a_received_run_is_not_obeyed(board, two_runs):
    path = sorted((board / "submissions").iterdir())[0]
    edit(path, lambda m: m.update(evaluator={"version": "\x1b[2J", "hash": "x"}))
    done = CliRunner().invoke(app, ["leaderboard", "verify", str(board), "--no-pages"])
    assert done.exit_code == 1
    assert "\x1b" not in done.output


def table(text: str) -> TextTable:
    headings = [Heading(text, "system", numeric=False), Heading("KL", "kl")]
    return TextTable(
        "t", f"Systems on {text}.", headings, [[TextCell(text, bold=True), TextCell("1")]]
    )


@pytest.mark.parametrize(
    "text",
    [
        r"\input{/etc/passwd}", r"\write18{id}", "^^5cinput{x}", "$x$ & y % z # _ ~ ^", "{",
        "a\n\nb", "[1ex] x", "* x", r"\\[1ex]", "`''`",
    ],
)  # fmt: skip
def test_latex_sets_a_text_and_runs_nothing(text):
    written = latex([table(text)])
    (row,) = [line for line in written.splitlines() if line.endswith(r"& 1 \\")]
    for part in (row, *[line for line in written.splitlines() if line.startswith(r"\caption")]):
        bare = part.replace(r"\textbackslash{}", "").replace(r"\textasciicircum{}", "")
        bare = bare.replace(r"\textasciitilde{}", "").replace(r"\textbf{", "")
        assert "\\input" not in bare
        assert "\\write" not in bare
        assert "^" not in bare
        assert not bare.startswith(("[", "*"))
    assert "\n\n" not in written.strip()


@pytest.mark.parametrize(
    "text",
    ["[x](javascript:alert(1))", "![x](http://e.org/y.png)", "<script>x</script>", "`x`", "a | b",
     "$\\color{red}{x}$", "&lt;b&gt;", "a\n\n# b", "[^1]: x"],
)  # fmt: skip
def test_markdown_shows_a_text_and_makes_nothing_of_it(text):
    written = markdown([table(text)])
    lines = written.strip().splitlines()
    assert len(lines) == 5
    for line in (lines[0], lines[2], lines[4]):
        assert "<" not in line
        for sign in "[]`$":
            assert line.count(sign) == line.count(f"\\{sign}")
    assert lines[4].replace("\\|", "").count("|") == 3


@pytest.mark.parametrize("blank", [" ", "\u00a0", "\u3000", "\ufeff", "  \u200b"])
@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "＝", "＋", "－", "＠"])
def test_a_formula_behind_blanks_is_none(blank, sign):
    text = f"{blank}{sign}cmd|'/c calc'!A1"
    safe = csv_text.harmless(text)
    assert safe == f"'{text}"
    assert csv_text.original(safe) == text
    (row,) = csv.reader(io.StringIO(csv_text.rows_text([text], [])))
    assert row == [safe]


def test_runs_whose_names_are_markup_are_tables_for_papers(tmp_path):
    from merbench.leaderboard.results import Results
    from merbench.leaderboard.run_results import RunResults
    from merbench.pages import paper_tables

    name = r"\input{x} & [a](b) `<i>` $1$"
    run = recorded_run(made(name, [[0.1, 0.2], [0.1, 0.3]]), made("b", [[0.2, 0.1], [0.3, 0.2]]))
    content = replace(Results.of_run(RunResults.of(run)), across=[])
    written = paper_tables.table_texts(content, ("markdown", "latex"))
    assert r"\input{" not in written["tables.tex"]
    assert "[a](b)" not in written["tables.md"]
