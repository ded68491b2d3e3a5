"""One separator against another, fold by fold: Tables 1 and 2 of Nguyen et al. (2022), in general.

The paper sets a model trained on mixed clips against the same model trained on their stems. Here
any two separators of a run that share everything else make such a table, the one that comes first
in the run being what the others are held against.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from merbench.benchmark.names import NONE, settings_text
from merbench.leaderboard.columns import SeparatorFold
from merbench.runs import row_columns

if TYPE_CHECKING:
    from merbench.evaluation import Scores

__all__ = ["fold_rows"]


def fold_rows(
    rows: Sequence[Mapping[str, Any]], scores: Scores, places: Sequence[tuple[int, int]]
) -> list[SeparatorFold]:
    """Set separators against each other, fold by fold.

    Parameters
    ----------
    rows
        The ranked rows of one table.
    scores
        Scores of these rows, in the same order.
    places
        For each row the place of its run among the runs, and of its cell among those of the run.
    """
    from merbench.evaluation import signed_rank
    from merbench.evaluation.metrics import median_upper

    found = []
    for a, b in _pairs(rows, places):
        for place, (fold, part) in enumerate(zip(scores.folds, scores.fold_slices, strict=True)):
            kl_a, kl_b = scores.kl[a, part], scores.kl[b, part]
            found.append(
                SeparatorFold(
                    table=rows[a]["table"],
                    dataset=rows[a]["dataset"],
                    system=_system(rows[a]),
                    separator_a=_separator(rows[a]),
                    separator_b=_separator(rows[b]),
                    run=rows[a]["run"],
                    cell_a=rows[a]["cell"],
                    cell_b=rows[b]["cell"],
                    fold=int(fold),
                    kl_mean_a=float(scores.fold_means[a, place]),
                    kl_mean_b=float(scores.fold_means[b, place]),
                    kl_median_upper_a=median_upper(kl_a),
                    kl_median_upper_b=median_upper(kl_b),
                    wilcoxon_p=float(signed_rank(kl_a - kl_b).p),
                )
            )
    return found


def _pairs(
    rows: Sequence[Mapping[str, Any]], places: Sequence[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Return the pairs of rows of one run that differ in their separator alone: positions."""
    shared = [axis for axis in row_columns.AXES[1:] if axis != "separator"]
    families: dict[tuple[object, ...], list[int]] = {}
    for i in sorted(range(len(rows)), key=lambda i: places[i]):
        row = rows[i]
        if row["separator"] != NONE:
            choices = (repr(row_columns.choice(row, axis)) for axis in shared)
            families.setdefault((places[i][0], *choices), []).append(i)
    return [(first, other) for first, *others in families.values() for other in others]


def _system(row: Mapping[str, Any]) -> str:
    """Name of a row's system without its separator."""
    settings = row["parameters"] or {}
    rest = {axis: chosen for axis, chosen in settings.items() if axis != "separator"}
    return row_columns.system_name({**row, "separator": NONE, "parameters": rest})


def _separator(row: Mapping[str, Any]) -> str:
    name, settings = row_columns.choice(row, "separator")
    return str(name) + settings_text(settings or {})
