"""The section on pairs of systems: how far apart they are, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from merbench.benchmark.names import NONE
from merbench.leaderboard.columns import Comparison
from merbench.leaderboard.comparisons import level
from merbench.leaderboard.results import Results, Row
from merbench.pages import diagrams
from merbench.pages.leaderboard_table import page_number
from merbench.pages.render import render
from merbench.pages.view import View
from merbench.runs import row_columns
from merbench.wording import DASH, p_text

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["differences_section"]

PAIRS_SHOWN = 40
"""Pairs of one family that are drawn and listed; files hold the others."""

_PAIR_COLUMNS = (
    ("First", False, "", "a"),
    ("Second", False, "", "b"),
    ("Difference", True, "Mean over folds of KL of the first less that of the second, nats",
     "kl_difference"),
    ("p", True, "Of the test that decides, corrected for all pairs of its family",
     "corrected_p_holm"),
    ("p clips", True, "Wilcoxon signed-rank test over clips, after Holm: takes clips of one group "
     "for independent", "clip_p_holm"),
    ("Effect", True, "Matched-pairs rank-biserial correlation; −1: first better on every clip",
     "rank_biserial"),
    ("Detectable", True, "Smallest difference that would be found with 80 % power, nats",
     "detectable_difference"),
    ("Verdict", False, "Significant where p is below 0.05", ""),
)  # fmt: skip


def differences_section(view: View) -> Markup | None:
    """Show how far apart pairs of systems are, and how sure that is."""
    families: dict[tuple[str, str], list[Comparison]] = {}
    for pair in view.content.comparisons:
        families.setdefault((pair.dataset, pair.across), []).append(pair)
    if not families:
        return None
    note = (
        "A difference is called significant where p is below "
        f"{level():g}, after correction for the pairs of its family. The test allows for clips of "
        "one group and for folds that share clips. Intervals are those of the same test, for each "
        "pair by itself."
    )
    made = [
        _family(i, *names, pairs, view.content) for i, (names, pairs) in enumerate(families.items())
    ]
    return render("comparisons", note=note, families=made)


def _family(
    position: int, dataset: str, across: str, pairs: Sequence[Comparison], content: Results
) -> dict[str, Any]:
    import numpy as np
    from markupsafe import Markup

    foremost = sorted(pairs, key=lambda pair: _standing(content.sides(pair)))[:PAIRS_SHOWN]
    shown = sorted(foremost, key=_surprise)
    columns = [c for c in _PAIR_COLUMNS if not c[3] or any(_is_known(p, c[3]) for p in pairs)]
    low, high = np.array([(pair.kl_low, pair.kl_high) for pair in shown]).T
    svg = diagrams.draw_paired_differences(
        f"d{position}",
        [_pair_name(pair, *content.sides(pair)) for pair in shown],
        np.array([pair.kl_difference for pair in shown]),
        low,
        high,
        [pair.significant for pair in shown],
    )
    return {
        "title": f"{dataset}: across {across}" if across else dataset,
        "svg": Markup(svg),
        "intervals": bool(np.isfinite(low).any()),
        "columns": [column[:3] for column in columns],
        "rows": [[_pair_cell(pair, column[3]) for column in columns] for pair in shown],
        "more": len(pairs) - len(shown),
    }


def _standing(sides: Sequence[Row]) -> tuple[Any, ...]:
    """Order pairs by what they tell of the best: systems before baselines, by the worse rank."""
    ranks = sorted((row.get("rank") or math.inf for row in sides), reverse=True)
    return (any(row["role"] != row_columns.SYSTEM for row in sides), ranks)


def _pair_name(pair: Comparison, a: Row, b: Row) -> str:
    """Name a pair: where one axis differs its two names, and once what is alike."""
    differ = [axis for axis in row_columns.AXES[1:] if a[axis] != b[axis]]
    if len(differ) == 1 and a["parameters"] == b["parameters"]:
        (axis,) = differ
        alike = row_columns.system_name(a | {axis: NONE})
        if alike and NONE not in (a[axis], b[axis]):
            return f"{a[axis]} − {b[axis]} ({alike})"
    return f"{pair.a} − {pair.b}"


def _surprise(pair: Comparison) -> tuple[float, float]:
    """Order pairs by how surely they differ, then by how far they are apart."""
    p = pair.corrected_p_holm
    return (2.0 if math.isnan(p) else p, -abs(pair.kl_difference))


def _is_known(pair: Comparison, column: str) -> bool:
    value = getattr(pair, column)
    return not math.isnan(value) if isinstance(value, float) else bool(value)


def _pair_cell(pair: Comparison, column: str) -> tuple[str, str]:
    """Return what a cell shows of a pair, and the number that it is sorted by."""
    if not column:
        if math.isnan(pair.corrected_p_holm):
            return "undecided: one group", ""
        if not pair.significant:
            return "not significant", ""
        return ("first better" if pair.kl_difference < 0 else "second better"), ""
    value = getattr(pair, column)
    if not _is_known(pair, column):
        return DASH, ""
    if isinstance(value, str):
        return value, ""
    text = p_text(value) if "_p" in column else page_number(value, signed=column == "kl_difference")
    return text, f"{value:.6g}"
