"""One separator against another, fold by fold: Tables 1 and 2 of Nguyen et al. (2022), in general.

The paper sets a model trained on mixed clips against the same model trained on their stems. Here
any two separators of a run that share everything else make such a table, the one that comes first
in the run being what the others are held against.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from merbench.benchmark.names import NONE
from merbench.leaderboard.results import Results, Row, finished
from merbench.runs import row_columns

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["FoldTable", "Iteration", "fold_tables", "latex", "markdown", "pairs"]

MEDIAN = "M is the smallest of the n // 2 largest values, as the paper's code has it."


@dataclass(frozen=True)
class Iteration:
    """One fold of two systems: mean and median KL of each, and Wilcoxon's p between them."""

    fold: int
    mean: tuple[float, float]
    median: tuple[float, float]
    p: float


@dataclass(frozen=True)
class FoldTable:
    """Two systems that differ in their separator alone.

    Parameters
    ----------
    dataset, system
        What they share.
    separators
        Names of the two: the first is what the second is held against.
    rows
        Leaderboard rows of the two.
    iterations
        One a fold.
    kl
        By separator, one array a fold: the clips' KL, the same clips in the same order for both.
    """

    dataset: str
    system: str
    separators: tuple[str, str]
    rows: tuple[Row, Row]
    iterations: tuple[Iteration, ...]
    kl: tuple[tuple[Array, ...], tuple[Array, ...]]

    @property
    def average(self) -> tuple[float, float, float, float]:
        """Means over folds: E of both, M of both."""
        n = len(self.iterations)
        columns = zip(*((*i.mean, *i.median) for i in self.iterations), strict=True)
        a, b, c, d = (sum(column) / n for column in columns)
        return a, b, c, d


def pairs(content: Results) -> list[tuple[Row, Row]]:
    """Return the pairs of finished rows that differ in their separator alone."""
    order = {row: i for i, row in enumerate(dict.fromkeys(content.folds["cell"]))}
    rows = [row for row in finished(content.rows) if row["separator"] != NONE]
    families: dict[tuple[object, ...], list[Row]] = {}
    for row in sorted(rows, key=lambda r: order.get(r["cell"], len(order))):
        shared = [axis for axis in row_columns.AXES[1:] if axis != "separator"]
        choices = (repr(row_columns.choice(row, axis)) for axis in shared)
        key = (row["table"], row.get("run"), *choices)
        families.setdefault(key, []).append(row)
    return [(first, other) for first, *others in families.values() for other in others]


def fold_tables(content: Results, most: int | None = None) -> list[FoldTable]:
    """Return a table for each of the first `most` pairs, or for all."""
    made = (_fold_table(content, first, other) for first, other in pairs(content)[:most])
    return [table for table in made if table is not None]


def _fold_table(content: Results, first: Row, other: Row) -> FoldTable | None:
    from merbench.evaluation import signed_rank

    parts = [dict(iter(content.predictions_of(row).groupby("fold"))) for row in (first, other)]
    if parts[0].keys() != parts[1].keys() or first["split_hash"] != other["split_hash"]:
        return None
    summaries = [content.folds_of(row).set_index("fold") for row in (first, other)]
    iterations, kl = [], []
    for fold in sorted(parts[0]):
        a, b = (part[fold].set_index("clip")["kl"] for part in parts)
        b = b.reindex(a.index)
        means, medians = (
            tuple(float(table.loc[fold, column]) for table in summaries)
            for column in ("kl_mean", "kl_median_upper")
        )
        p = float(signed_rank(a.to_numpy(float) - b.to_numpy(float)).p)
        iterations.append(Iteration(int(fold), means, medians, p))  # type: ignore[arg-type]
        kl.append((a.to_numpy(float), b.to_numpy(float)))
    return FoldTable(
        str(first["dataset"]),
        _system(first),
        (_separator(first), _separator(other)),
        (first, other),
        tuple(iterations),
        (tuple(a for a, _ in kl), tuple(b for _, b in kl)),
    )


def _system(row: Row) -> str:
    """Name of a row's system without its separator."""
    settings = json.loads(row["parameters"]) if row["parameters"] else {}
    rest = {axis: chosen for axis, chosen in settings.items() if axis != "separator"}
    return row_columns.system_name(row | {"separator": NONE, "parameters": json.dumps(rest)})


def _separator(row: Row) -> str:
    name, settings = row_columns.choice(row, "separator")
    return str(name) + row_columns.parameter_text(json.dumps(settings or {}))


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
    rows = [
        [str(number), *(f"{x:.3f}" for x in (*i.mean, *i.median)), f"{i.p:.3f}"]
        for number, i in enumerate(table.iterations, 1)
    ]
    return [*rows, ["mean", *(f"{x:.3f}" for x in table.average), ""]]


def _piped(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
}  # fmt: skip


def _escaped(text: str) -> str:
    return "".join(_LATEX.get(letter, letter) for letter in text)
