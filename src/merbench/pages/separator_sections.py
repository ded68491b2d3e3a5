"""The sections on separators: one against another, fold by fold, and what each makes of clips."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from merbench.leaderboard.fold_tables import FoldTable, fold_tables, n_pairs
from merbench.pages import figures, separator_tables, stem_levels
from merbench.pages.render import render
from merbench.pages.view import View

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["separators_section", "stems_section"]

SEPARATED_SHOWN = 12
"""Pairs of separators that are shown fold by fold."""
FOLDS_DRAWN = 10
"""Histograms of single folds, as many as the paper has."""


def separators_section(view: View) -> Markup | None:
    """Set one separator against another, fold by fold.

    These are Tables 1 and 2 and Figure 4 of Nguyen et al. (2022).
    """
    found = fold_tables(view.content, SEPARATED_SHOWN)
    if not found:
        return None
    return render(
        "separators",
        left_out=max(0, n_pairs(view.content) - SEPARATED_SHOWN),
        median=separator_tables.MEDIAN,
        tables=[_separated(i, table) for i, table in enumerate(found)],
    )


def _separated(position: int, table: FoldTable) -> dict[str, Any]:
    import numpy as np
    from markupsafe import Markup

    names, folds = table.separators, len(table.folds)
    drawn: list[tuple[str, str]] = []
    for i in range(min(folds, FOLDS_DRAWN)):
        pair = {name: kl[i] for name, kl in zip(names, table.kl, strict=True)}
        svg = figures.draw_kl_histogram(f"q{position}-{i}", pair, title=f"fold {i + 1}", small=True)
        drawn.append((f"Fold {i + 1}", svg))
    pooled = {name: np.concatenate(kl) for name, kl in zip(names, table.kl, strict=True)}
    svg = figures.draw_kl_histogram(f"q{position}-all", pooled, title="all folds", small=True)
    drawn.append(("All folds", svg))
    return {
        "title": f"{table.dataset}: {table.system}, {names[0]} against {names[1]}",
        "names": names,
        "body": separator_tables.body(table),
        "figures": [(caption, Markup(svg)) for caption, svg in drawn],
        "more": folds if folds > FOLDS_DRAWN else 0,
    }


def stems_section(view: View) -> Markup | None:
    """Show how loud stems are, and whether clips are like what their separator learned from."""
    found = stem_levels.separations(view.content)
    return render("separation", items=found) if found else None
