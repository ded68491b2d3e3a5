"""Tables 1 and 2 of Nguyen et al. (2022), in general: as cells, and as tables for a paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

from merbench.pages.text_table import Heading, TextCell, TextTable, escaped

if TYPE_CHECKING:
    from merbench.leaderboard.fold_tables import FoldTable

__all__ = ["MEDIAN", "body", "text_table"]

MEDIAN = "M is the smallest of the n // 2 largest values, as the paper's code has it."


def caption(table: FoldTable) -> str:
    """What a table shows, in one sentence."""
    first, other = table.separators
    return (
        f"KL divergence of {table.system} on {table.dataset}, {first} against {other}: "
        "mean E, median M and Wilcoxon signed-rank p W of each iteration."
    )


def text_table(name: str, table: FoldTable) -> TextTable:
    """Return the paper's layout of a pair of separators: iterations, and their mean.

    Parameters
    ----------
    name
        The table's.
    table
        What it holds.
    """
    names = table.separators
    headings = [Heading("Iteration", "iteration")]
    for letter, column in (("E", "kl_mean"), ("M", "kl_median_upper")):
        headings += [
            Heading(f"{letter} {name}", f"{column}_{name}", _subscript(letter, name))
            for name in names
        ]
    headings.append(Heading("W", "wilcoxon_p", _subscript("W", ", ".join(names))))
    values = [
        (
            fold.kl_mean_a, fold.kl_mean_b, fold.kl_median_upper_a, fold.kl_median_upper_b,
            fold.wilcoxon_p,
        )
        for fold in table.folds
    ]  # fmt: skip
    rows = [
        [TextCell(text, value) for text, value in zip(texts, (None, *numbers), strict=True)]
        for texts, numbers in zip(body(table), [*values, (*table.average, None)], strict=True)
    ]
    return TextTable(name, f"{caption(table)} {MEDIAN}", headings, rows, summed=True)


def _subscript(letter: str, name: str) -> str:
    return rf"${letter}_{{\text{{{escaped(name)}}}}}$"


def body(table: FoldTable) -> list[list[str]]:
    """Return a table's cells as text, three decimals as in the paper; the last row is the mean."""
    rows = []
    for number, fold in enumerate(table.folds, 1):
        means = fold.kl_mean_a, fold.kl_mean_b
        medians = fold.kl_median_upper_a, fold.kl_median_upper_b
        rows.append([str(number), *(f"{x:.3f}" for x in (*means, *medians, fold.wilcoxon_p))])
    return [*rows, ["mean", *(f"{x:.3f}" for x in table.average), ""]]
