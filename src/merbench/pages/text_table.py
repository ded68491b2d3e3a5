"""A table that leaves merbench: as Markdown, as LaTeX with booktabs, as CSV."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from merbench.wording import DASH

__all__ = ["PREAMBLE", "Heading", "TextCell", "TextTable", "csv", "escaped", "latex", "markdown"]

PREAMBLE = "% needs \\usepackage{amsmath,booktabs,longtable}\n"
"""What a document needs for these tables, as the first line of a file of them."""

LONGEST = 40
"""Rows that a page of a document has room for: longer tables go on over pages."""


@dataclass(frozen=True)
class Heading:
    """What stands above a column.

    Parameters
    ----------
    text
        As words.
    column
        The name in a CSV file; several where that has one cell in parts.
    latex
        As LaTeX has it, where that is more than the words.
    numeric
        Whether its cells are numbers, which stand to the right.
    """

    text: str
    column: str | tuple[str, ...]
    latex: str = ""
    numeric: bool = True

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of its columns in a CSV file."""
        return (self.column,) if isinstance(self.column, str) else self.column


@dataclass(frozen=True)
class TextCell:
    """One cell.

    Parameters
    ----------
    text
        As it is printed.
    value
        What a CSV file has in its place, to all its digits; a tuple where the heading has several
        columns there.
    bold
        Whether it is set off as the best.
    star
        Whether the table's mark stands behind it.
    """

    text: str
    value: Any = None
    bold: bool = False
    star: bool = False


@dataclass(frozen=True)
class TextTable:
    """A table with its caption.

    Parameters
    ----------
    name
        Of its CSV file, without an ending; the label in LaTeX.
    caption
        Whole sentences, with what marks mean.
    headings, rows
        A cell for each heading in each row.
    starred
        Name of the CSV's last column, which says of each row whether it has a star; nothing where
        there is no such mark.
    summed
        Whether the last row sums the others up and a line stands above it.
    """

    name: str
    caption: str
    headings: Sequence[Heading]
    rows: Sequence[Sequence[TextCell]]
    starred: str = ""
    summed: bool = field(default=False, kw_only=True)


# --- Markdown ------------------------------------------------------------------------------------


def markdown(tables: Sequence[TextTable]) -> str:
    """Write tables as Markdown, one below the other."""
    parts = []
    for number, table in enumerate(tables, 1):
        head = [_as_markdown(heading.text) for heading in table.headings]
        sides = ["---:" if heading.numeric else "---" for heading in table.headings]
        caption = _as_markdown(table.caption)
        lines = [f"**Table {number}.** {caption}", "", _piped(head), _piped(sides)]
        lines += [_piped([_marked_down(cell) for cell in row]) for row in table.rows]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def _marked_down(cell: TextCell) -> str:
    text = _as_markdown(cell.text)
    return (f"**{text}**" if cell.bold else text) + (r"\*" if cell.star else "")


_MARKDOWN = {letter: f"\\{letter}" for letter in "\\*|[]`$"} | {"<": "&lt;", "&": "&amp;"}


def _as_markdown(text: str) -> str:
    """Return a text as Markdown shows it: no link, picture, code, formula or HTML comes of it."""
    return "".join(_MARKDOWN.get(letter, letter) for letter in " ".join(text.split()))


def _piped(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


# --- LaTeX ---------------------------------------------------------------------------------------


def latex(tables: Sequence[TextTable]) -> str:
    """Write tables as LaTeX with booktabs, one environment each."""
    return PREAMBLE + "\n\n".join(_environment(table) for table in tables) + "\n"


def _environment(table: TextTable) -> str:
    sides = "".join("r" if heading.numeric else "l" for heading in table.headings)
    rows = [" & ".join(_typeset(cell) for cell in row) + r" \\" for row in table.rows]
    if table.summed:
        rows.insert(len(rows) - 1, r"\midrule")
    head = " & ".join(heading.latex or escaped(heading.text) for heading in table.headings)
    if len(rows) > LONGEST:
        return _over_pages(table, sides, head, rows)
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            rf"\begin{{tabular}}{{{sides}}}",
            r"\toprule",
            head + r" \\",
            r"\midrule",
            *rows,
            r"\bottomrule",
            r"\end{tabular}",
            rf"\caption{{{escaped(table.caption)}}}",
            rf"\label{{tab:{table.name}}}",
            r"\end{table}",
        ]
    )


def _over_pages(table: TextTable, sides: str, head: str, rows: Sequence[str]) -> str:
    """Set a table that goes on over several pages, its head on each."""
    return "\n".join(
        [
            rf"\begin{{longtable}}{{{sides}}}",
            rf"\caption{{{escaped(table.caption)}}}\label{{tab:{table.name}}} \\",
            r"\toprule",
            head + r" \\",
            r"\midrule",
            r"\endfirsthead",
            r"\toprule",
            head + r" \\",
            r"\midrule",
            r"\endhead",
            r"\bottomrule",
            r"\endfoot",
            *rows,
            r"\end{longtable}",
        ]
    )


def _typeset(cell: TextCell) -> str:
    text = escaped(cell.text)
    return (rf"\textbf{{{text}}}" if cell.bold else text) + (r"$^{*}$" if cell.star else "")


_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "−": "$-$", "–": "--", "±": r"$\pm$",
    "²": r"\textsuperscript{2}", "Δ": r"$\Delta$",
    # Behind the end of a row these would be its options, and a row may begin with them.
    "[": "{[}", "]": "{]}", "*": "{*}",
}  # fmt: skip


def escaped(text: str) -> str:
    """Return a text as LaTeX sets it."""
    return "".join(_LATEX.get(letter, letter) for letter in " ".join(text.split()))


# --- CSV -----------------------------------------------------------------------------------------


def csv(table: TextTable) -> str:
    """Write one table as CSV: values to ten digits, and a last column for the mark."""
    import pandas as pd

    from merbench.csv_text import table_text

    columns = [column for heading in table.headings for column in heading.columns]
    rows = [
        [
            value
            for heading, cell in zip(table.headings, row, strict=True)
            for value in _values(cell, len(heading.columns))
        ]
        for row in table.rows
    ]
    frame = pd.DataFrame(rows, columns=columns)
    if table.starred:
        frame[table.starred] = [any(cell.star for cell in row) for row in table.rows]
    return table_text(frame)


def _values(cell: TextCell, columns: int) -> tuple[Any, ...]:
    """Return what stands in the columns of one cell: floats to ten digits, also among texts."""
    value = cell.value if cell.value is not None else "" if cell.text == DASH else cell.text
    values = value if isinstance(value, tuple) else (value,) * columns
    return tuple(float(f"{v:.10g}") if isinstance(v, float) else v for v in values)
