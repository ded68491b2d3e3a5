"""Tables as text of three kinds."""

from __future__ import annotations

import io
from dataclasses import replace

import pandas as pd

from merbench.pages.text_table import (
    LONGEST,
    Heading,
    TextCell,
    TextTable,
    csv,
    escaped,
    latex,
    markdown,
)

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


def test_a_long_table_goes_on_over_pages():
    long = replace(TABLE, rows=[*TABLE.rows] * LONGEST)
    text = latex([long])
    assert "longtable" in text.splitlines()[0]
    assert r"\begin{longtable}{lr}" in text
    assert r"\begin{table}" not in text
    assert text.count(r"Name & Score \\") == 2, "a head for the first page, one for the others"
    assert text.index(r"\endfoot") < text.index("0.123") < text.index(r"\end{longtable}")
    assert r"\begin{longtable}" not in latex([TABLE])


def test_one_cell_may_be_several_columns_of_a_csv_file():
    headings = [Heading("Interval", ("low", "high")), Heading("Rank", "rank")]
    rows = [[TextCell("−0.5–0.1", (-0.5, 1 / 3)), TextCell("1")],
            [TextCell("–", (None, None)), TextCell("–")]]  # fmt: skip
    text = csv(TextTable("t", "", headings, rows))
    assert text.splitlines() == ["low,high,rank", "-0.5,0.3333333333,1", ",,"]


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
