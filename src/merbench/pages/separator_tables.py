"""Tables 1 and 2 of Nguyen et al. (2022), in general: as cells, as Markdown and as LaTeX."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from merbench.leaderboard.fold_tables import FoldTable

__all__ = ["MEDIAN", "body", "latex", "markdown"]

MEDIAN = "M is the smallest of the n // 2 largest values, as the paper's code has it."


def caption(table: FoldTable) -> str:
    """What a table shows, in one sentence."""
    first, other = table.separators
    return (
        f"KL divergence of {table.system} on {table.dataset}, {first} against {other}: "
        "mean E, median M and Wilcoxon signed-rank p W of each iteration."
    )


def markdown(tables: Sequence[FoldTable]) -> str:
    """Write tables as Markdown."""
    parts = []
    for number, table in enumerate(tables, 1):
        a, b = table.separators
        head = ["Iteration", f"E {a}", f"E {b}", f"M {a}", f"M {b}", "W"]
        lines = [f"**Table {number}.** {caption(table)} {MEDIAN}", "", _piped(head)]
        lines.append(_piped(["---:"] * len(head)))
        lines += [_piped(cells) for cells in body(table)]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def latex(tables: Sequence[FoldTable]) -> str:
    """Write tables as LaTeX with booktabs."""
    parts = []
    for table in tables:
        a, b = (_escaped(name) for name in table.separators)
        *rows, last = body(table)
        lines = [
            r"\begin{table}",
            r"\centering",
            r"\begin{tabular}{rrrrrr}",
            r"\toprule",
            rf"Iteration & $E_{{\text{{{a}}}}}$ & $E_{{\text{{{b}}}}}$ & $M_{{\text{{{a}}}}}$ & "
            rf"$M_{{\text{{{b}}}}}$ & $W_{{\text{{{a}, {b}}}}}$ \\",
            r"\midrule",
            *(" & ".join(row) + r" \\" for row in rows),
            r"\midrule",
            " & ".join(last) + r" \\",
            r"\bottomrule",
            r"\end{tabular}",
            rf"\caption{{{_escaped(caption(table))} {_escaped(MEDIAN)}}}",
            r"\end{table}",
        ]
        parts.append("\n".join(lines))
    return "% needs \\usepackage{amsmath,booktabs}\n" + "\n\n".join(parts) + "\n"


def body(table: FoldTable) -> list[list[str]]:
    """Return a table's cells as text, three decimals as in the paper; the last row is the mean."""
    rows = []
    for number, fold in enumerate(table.folds, 1):
        means = fold.kl_mean_a, fold.kl_mean_b
        medians = fold.kl_median_upper_a, fold.kl_median_upper_b
        rows.append([str(number), *(f"{x:.3f}" for x in (*means, *medians, fold.wilcoxon_p))])
    return [*rows, ["mean", *(f"{x:.3f}" for x in table.average), ""]]


def _piped(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
}  # fmt: skip


def _escaped(text: str) -> str:
    return "".join(_LATEX.get(letter, letter) for letter in text)
