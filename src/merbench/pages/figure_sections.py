"""The sections that are figures of many systems or clips: accuracy, cost, data sets, features."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from merbench.components import MIXED
from merbench.leaderboard.accuracy import SystemAccuracy, accuracies
from merbench.leaderboard.cost import costs
from merbench.leaderboard.results import finished, short_names
from merbench.pages import diagrams
from merbench.pages.render import render
from merbench.pages.view import View
from merbench.runs import row_columns
from merbench.wording import p_text

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["accuracy_section", "clips_section", "cost_section", "datasets_section"]

SYSTEMS_SHOWN = 40
"""Systems of one table whose accuracy is drawn, the best; the table has the others."""
LETTERS = 64
"""Of a system's name, in a figure."""


def accuracy_section(view: View) -> Markup | None:
    """Draw how often systems are right: a figure for each table of a task of classes."""
    import numpy as np
    from markupsafe import Markup

    items = []
    for i, rows in enumerate(view.content.tables.values()):
        found = accuracies(view.content, rows, SYSTEMS_SHOWN)
        if sum(not one.baseline for one in found) < 2:
            continue
        low, high = (
            np.array([math.nan if end is None else end for end in ends], float)
            for ends in ([one.low for one in found], [one.high for one in found])
        )
        svg = diagrams.draw_accuracies(
            f"a{i}",
            [_cut(name) for name in short_names([one.row for one in found])],
            np.array([one.mean for one in found], float),
            low,
            high,
            [one.folds for one in found],
            [one.baseline for one in found],
        )
        caption = f"Test accuracy, {rows[0]['dataset']}."
        note = _accuracy_note(found)
        n_systems = sum(row["role"] == row_columns.SYSTEM for row in finished(rows))
        if n_systems > SYSTEMS_SHOWN:
            note += f" The best {SYSTEMS_SHOWN} of {n_systems} systems are shown."
        items.append((note, caption, Markup(svg)))
    return render("figures", items=items) if items else None


def _accuracy_note(found: Sequence[SystemAccuracy]) -> str:
    folds = max(len(one.folds) for one in found)
    tests = max(one.n_tests for one in found)
    notes = [
        f"point: mean over {folds} folds" if folds > 1 else f"point: one fold of {tests} clips"
    ]
    if any(one.low is not None for one in found):
        notes.append("bar: 95 % interval, groups of clips drawn with replacement")
    if folds > 1:
        notes.append("small points: single folds")
    if any(one.baseline for one in found):
        notes.append("grey: baselines, a dashed line at the best")
    return f"Share of test clips in the right class; {'; '.join(notes)}. The rank is by KL."


def _cut(name: str) -> str:
    return name if len(name) <= LETTERS else f"{name[: LETTERS - 1]}…"


def cost_section(view: View) -> Markup | None:
    """Draw what the systems of each table cost against how well they do."""
    import numpy as np
    from markupsafe import Markup

    items = []
    for i, rows in enumerate(view.content.tables.values()):
        found = costs(rows)
        if len(found) < 2:
            continue
        seconds = np.array([cost.seconds for cost in found], float)
        kl = np.array([cost.kl for cost in found], float)
        names = short_names([cost.row for cost in found])
        marks = ["" if cost.place is None else str(cost.place) for cost in found]
        svg = diagrams.draw_runtime_against_kl(f"r{i}", names, seconds, kl, marks)
        front = sorted((c.place, name) for c, name in zip(found, names, strict=True) if c.place)
        listed = "; ".join(f"{place}: {name}" for place, name in front)
        note = (
            f"Numbered are the systems that no other beats in both. {listed}. Seconds are those of "
            "fitting and predicting: what features and separating cost is not in them. Baselines "
            "and marked rows are left out."
        )
        items.append((note, f"Runtime against KL, {rows[0]['dataset']}.", Markup(svg)))
    return render("figures", items=items) if items else None


def clips_section(view: View) -> Markup | None:
    """Draw the tested clips by their features, and say how far their classes lie apart."""
    from markupsafe import Markup

    items = []
    for i, one in enumerate(view.layouts):
        separator = "" if one.separator == MIXED else f"{one.separator} x "
        caption = f"{one.dataset}, {separator}{one.features}, by t-SNE."
        n = len(one.points)
        drawn = "" if n == one.n_clips else f"{n} of {one.n_clips} tested clips, drawn at random. "
        note = (
            f"{drawn}The nearest neighbour on the plane is of a clip's own class for "
            f"{100 * one.alike:.0f} % of the clips, where {100 * one.chance:.0f} % would be by "
            "chance. Near points are alike; distances between far ones mean nothing."
        )
        svg = diagrams.draw_clip_map(f"e{i}", one.points, one.classes, one.names, note)
        items.append((note, caption, Markup(svg)))
    return render("figures", items=items) if items else None


def datasets_section(view: View) -> Markup | None:
    """Draw the ranks of systems over several datasets: the critical-difference diagram."""
    import numpy as np
    from markupsafe import Markup

    rows = view.content.across
    if not rows:
        return None
    cliques: dict[str, list[int]] = {}
    for place, row in enumerate(rows):
        for clique in str(row.get("cliques") or "").split("; "):
            if clique:
                cliques.setdefault(clique.removesuffix(".0"), []).append(place)
    names = [str(row["system"]) for row in rows]
    ranks = np.array([row["mean_rank"] for row in rows], float)
    svg = diagrams.draw_critical_difference(
        "cd", names, ranks, [cliques[c] for c in sorted(cliques)]
    )
    n, p = rows[0]["n_datasets"], p_text(rows[0]["friedman_p"])
    note = (
        f"Friedman's test over {n} datasets, p {p}. "
        "A bar joins systems that pairwise Wilcoxon tests over datasets, after Holm, cannot tell "
        "apart."
    )
    return render("figures", items=[(note, "Mean rank over datasets.", Markup(svg))])
