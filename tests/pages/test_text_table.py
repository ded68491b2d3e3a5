"""Tables as text of three kinds."""

from __future__ import annotations

import io

import pandas as pd

from merbench.pages.text_table import Heading, TextCell, TextTable, csv, escaped, latex, markdown

TABLE = TextTable(
    "t",
    "100 % of a_b.",
    [Heading("Name", "name", numeric=False), Heading("Score", "score")],
    [[TextCell("a|b <i>*"), TextCell("0.123", 0.123456789, bold=True, star=True)],
     [TextCell("c"), TextCell("–")]],
    "differs",
)  # fmt: skip


def test_latex_escapes_what_names_may_hold():
    assert escaped("a_b & 50% {x} ~^\\") == (
        r"a\_b \& 50\% \{x\} \textasciitilde{}\textasciicircum{}\textbackslash{}"
    )


def test_latex_is_a_whole_environment():
    text = latex([TABLE, TABLE])
    assert text.startswith("% needs")
    assert text.count(r"\begin{table}") == text.count(r"\end{table}") == 2
    assert r"\begin{tabular}{lr}" in text
    assert r"\textbf{0.123}$^{*}$ \\" in text
    assert r"\caption{100 \% of a\_b.}" in text


def test_markdown_escapes_bars_marks_and_html():
    text = markdown([TABLE])
    assert text.startswith("**Table 1.** 100 % of a_b.\n\n| Name | Score |\n| --- | ---: |\n")
    assert r"| a\|b &lt;i>\* | **0.123**\* |" in text


def test_csv_has_all_digits_and_the_mark_as_a_column():
    table = pd.read_csv(io.StringIO(csv(TABLE)))
    assert list(table.columns) == ["name", "score", "differs"]
    assert table["score"].iloc[0] == 0.123456789
    assert pd.isna(table["score"].iloc[1])
    assert table["differs"].tolist() == [True, False]
