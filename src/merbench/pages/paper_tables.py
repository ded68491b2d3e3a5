"""The tables of a run or a board for a paper: systems, paired differences, separators by fold."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from merbench.leaderboard.columns import Comparison
from merbench.leaderboard.comparisons import level
from merbench.leaderboard.fold_tables import fold_tables
from merbench.leaderboard.results import Results, Row, short_names
from merbench.pages import separator_tables
from merbench.pages.leaderboard_table import page_number
from merbench.pages.text_table import Heading, TextCell, TextTable, csv, latex, markdown
from merbench.runs import row_columns
from merbench.tasks import Task
from merbench.wording import DASH, counted, p_text

__all__ = ["FOLDER", "FORMATS", "MARKDOWN", "TEX", "paper_tables", "table_texts"]

MARKDOWN, TEX, FOLDER = "tables.md", "tables.tex", "tables"
"""Files of all tables, and the folder of a CSV file each."""
FORMATS = ("markdown", "latex", "csv")

_SCORES: dict[Task, tuple[tuple[str, str, int], ...]] = {
    Task.VA: (
        ("r2_valence_mean", "R² valence", 2), ("r2_arousal_mean", "R² arousal", 2),
        ("ccc_valence_mean", "CCC valence", 2), ("ccc_arousal_mean", "CCC arousal", 2),
        ("rmse", "RMSE", 3),
    ),
}  # fmt: skip
_OF_CLASSES = (
    ("macro_f1", "Macro F1", 3), ("accuracy", "Accuracy", 3), ("auc", "AUC", 3),
    ("pr_auc", "PR-AUC", 3),
)  # fmt: skip
"""Metrics beside KL: column, heading, decimals."""
_DECIMALS = 10
"""Of a score in a CSV file: what is smaller is a rounding error of 0."""


def table_texts(content: Results, formats: Sequence[str] = FORMATS) -> dict[str, str]:
    """Return the files of a run's or a board's tables: name to content."""
    tables = paper_tables(content)
    written = {}
    if "markdown" in formats:
        written[MARKDOWN] = markdown(tables)
    if "latex" in formats:
        written[TEX] = latex(tables)
    if "csv" in formats:
        written |= {f"{FOLDER}/{table.name}.csv": csv(table) for table in tables}
    return written


def paper_tables(content: Results) -> list[TextTable]:
    """Return the leaderboard's tables, those of the paired differences, and separators by fold."""
    found = [
        _systems(_named("leaderboard", rows[0]["dataset"], i), rows)
        for i, rows in enumerate(content.tables.values(), 1)
    ]
    families: dict[tuple[str, str], list[Comparison]] = {}
    for pair in content.comparisons:
        families.setdefault((pair.dataset, pair.across), []).append(pair)
    found += [
        _pairs(_named(f"comparisons-{across}", dataset, i), dataset, across, pairs)
        for i, ((dataset, across), pairs) in enumerate(families.items(), 1)
    ]
    return found + [
        separator_tables.text_table(_named("separators", table.dataset, i), table)
        for i, table in enumerate(fold_tables(content), 1)
    ]


def _named(kind: str, dataset: Any, place: int) -> str:
    return re.sub(r"[^a-z0-9]+", "-", f"{kind}-{place}-{dataset}".lower()).strip("-")


# --- systems -------------------------------------------------------------------------------------


def _systems(name: str, rows: Sequence[Row]) -> TextTable:
    first = rows[0]
    metrics = _SCORES.get(Task(first["task"]), _OF_CLASSES)
    metrics = tuple(m for m in metrics if any(row.get(m[0]) is not None for row in rows))
    tiers = any(row.get("tier") is not None for row in rows)
    tested = any(row.get("corrected_p_holm") is not None for row in rows)
    headings = [
        *([Heading("Tier", "tier")] if tiers else []),
        Heading("Rank", "rank"),
        Heading("System", ("system", "role", "mark"), numeric=False),
        Heading("KL mean", "kl_mean"),
        Heading("95 % interval", ("kl_mean_low", "kl_mean_high")),
        Heading("KL median", "kl_median"),
        *(Heading(heading, column) for column, heading, _ in metrics),
    ]
    named = zip(rows, short_names(rows), strict=True)
    cells = [_system(row, label, rows, metrics)[0 if tiers else 1 :] for row, label in named]
    caption = (
        f"Systems on {first['dataset']}, {first.get('n_clips')} clips, "
        f"{counted(first.get('n_folds'), 'fold')}; KL in nats, less is better, with its 95 % "
        "interval over groups of clips. The best of each column is bold; baselines, people, and "
        "rows with a mark in brackets aside."
    )
    if tiers:
        caption += " A tier is a run of ranks, none significantly worse than its first."
    if tested:
        caption += (
            f" *: significantly different from the row that ranks first, p below {level():g} after "
            "Holm's correction for the family."
        )
    if first.get("synthetic"):
        caption += " Music and ratings are synthetic."
    return TextTable(name, caption, headings, cells, "differs_from_best" if tested else "")


def _system(
    row: Row, label: str, rows: Sequence[Row], metrics: Sequence[tuple[str, str, int]]
) -> list[TextCell]:
    low, high = row.get("kl_mean_low"), row.get("kl_mean_high")
    ends = DASH if low is None or high is None else f"{page_number(low)}–{page_number(high)}"
    mark = str(row.get("mark") or "")
    notes = [] if row["role"] == row_columns.SYSTEM else [str(row["role"])]
    notes += [mark] if mark else []
    notes += [] if row["status"] == "ok" else [str(row["status"])]
    text = f"{label} ({', '.join(notes)})" if notes else label

    def scored(column: str, digits: int, better: Callable[..., Any]) -> TextCell:
        value = row.get(column)
        systems = [r[column] for r in rows if _counts(r) and r.get(column) is not None]
        best = bool(_counts(row) and systems and value == better(systems))
        exact = None if value is None else round(float(value), _DECIMALS)
        return TextCell(page_number(value, digits), exact, bold=best)

    kl = scored("kl_mean", 3, min)
    p, tier = row.get("corrected_p_holm"), row.get("tier")
    return [
        TextCell(DASH if tier is None else f"{tier:.0f}"),
        TextCell(DASH if row.get("rank") is None else f"{row['rank']:.0f}"),
        TextCell(text, (row_columns.system_name(row), row["role"], mark)),
        TextCell(kl.text, kl.value, kl.bold, star=p is not None and p < level()),
        TextCell(ends, (low, high)),
        scored("kl_median", 3, min),
        *(scored(column, digits, min if column == "rmse" else max)
          for column, _, digits in metrics),
    ]  # fmt: skip


def _counts(row: Mapping[str, Any]) -> bool:
    """Tell whether a row is held for the best of a column: a system that nothing speaks against."""
    ok = row["role"] == row_columns.SYSTEM and row["status"] == "ok"
    return bool(ok and not row.get("mark"))


# --- paired differences --------------------------------------------------------------------------

_PAIRED = (
    Heading("First", "a", numeric=False),
    Heading("Second", "b", numeric=False),
    Heading("Difference", "kl_difference"),
    Heading("95 % interval", ("kl_low", "kl_high")),
    Heading("p", "corrected_p_holm"),
    Heading("Detectable", "detectable_difference"),
)


def _pairs(name: str, dataset: str, across: str, pairs: Sequence[Comparison]) -> TextTable:
    caption = (
        f"Paired differences of mean KL on {dataset}{f', across {across}' if across else ''}: the "
        "first less the second, nats, below 0 where the first is better; p after correction for "
        "the family; the difference that would be found with 80 % power. The better of a pair is "
        "bold where they differ significantly (*)."
    )
    return TextTable(name, caption, _PAIRED, [_pair(pair) for pair in pairs], "significant")


def _pair(pair: Comparison) -> list[TextCell]:
    low, high, sure = pair.kl_low, pair.kl_high, pair.significant
    known = math.isfinite(low) and math.isfinite(high)
    first = pair.kl_difference < 0
    return [
        TextCell(pair.a, bold=sure and first),
        TextCell(pair.b, bold=sure and not first),
        TextCell(
            page_number(pair.kl_difference, signed=True), _known(pair.kl_difference), star=sure
        ),
        TextCell(
            f"{page_number(low, signed=True)} to {page_number(high, signed=True)}"
            if known
            else DASH,
            (low, high) if known else (None, None),
        ),
        TextCell(p_text(pair.corrected_p_holm), _known(pair.corrected_p_holm)),
        TextCell(page_number(pair.detectable_difference), _known(pair.detectable_difference)),
    ]


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
