"""Pairs of a table's rows compared as one family."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from merbench.identity import canonical
from merbench.leaderboard.columns import Comparison
from merbench.runs.record import RunRecord
from merbench.runs.row_columns import AXES, choice, is_blind, system_name

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from merbench.evaluation import Paired, Scores


FITTED = "these fitted models"
"""What a verdict holds for where there is one fold: nobody knows what other training would give."""


def level() -> float:
    """Return the level of significance."""
    from merbench.evaluation import ALPHA

    return ALPHA


def compared_axes(runs: Iterable[RunRecord]) -> list[str]:
    """Return the axes that runs are to be compared along; the pairs of each are one family."""
    asked = {family["across"] for run in runs for family in run.manifest["spec"]["compare"]}
    return [axis for axis in AXES if axis in asked]


def pairs_across(axis: str, rows: Sequence[Mapping[str, Any]]) -> NDArray[np.intp]:
    """Return the pairs of rows that differ along one axis only: (P, 2), positions, in order.

    A system's choice on an axis is a name and the parameters that differ from defaults. A model
    that never looks at the music has nothing on the other axes: it is compared, as a model, with
    every system.
    """
    import numpy as np

    axes = AXES[1:]
    codes = np.empty((len(rows), len(axes)), np.int64)
    for column, name in enumerate(axes):
        known: dict[Any, int] = {}
        chosen = [canonical(choice(row, name)) for row in rows]
        codes[:, column] = [known.setdefault(key, len(known)) for key in chosen]
    first, second = np.triu_indices(len(rows), k=1)
    differs = codes[first] != codes[second]
    at = axes.index(axis)
    wanted = differs[:, at] & (differs.sum(axis=1) == 1)
    if axis == "model":
        blind = np.asarray([is_blind(row) for row in rows])
        wanted |= blind[first] | blind[second]
    return np.stack([first[wanted], second[wanted]], axis=1)


def compared(
    across: str, rows: Sequence[Mapping[str, Any]], scores: Scores, pairs: NDArray[np.intp]
) -> list[Comparison]:
    """Compare pairs of rows of one table as one family.

    Parameters
    ----------
    across
        What the pairs have in common, as the column says it.
    rows, scores
        The table's ranked rows, and their scores in the same order.
    pairs
        Shape (P, 2), positions among them.
    """
    from merbench import evaluation

    if not len(pairs):
        return []
    return listed(across, rows, scores, pairs, evaluation.compare_pairs(scores, pairs))


def listed(
    across: str,
    rows: Sequence[Mapping[str, Any]],
    scores: Scores,
    pairs: NDArray[np.intp],
    paired: Paired,
) -> list[Comparison]:
    """Return comparisons as rows; the arguments are those of `compared`, and what was found."""
    better = paired.better
    common: dict[str, Any] = {
        "across": across,
        "n_folds": len(scores.folds),
        "n_clips": len(scores.clips),
        "n_groups": len(scores.groups),
        "given": FITTED if len(scores.folds) == 1 else "",
    }
    return [
        Comparison(
            table=a["table"], dataset=a["dataset"], a=system_name(a), b=system_name(b),
            cell_a=a["cell"], cell_b=b["cell"], run_a=a["run"], run_b=b["run"],
            kl_difference=float(paired.kl_difference[i]),
            kl_low=float(paired.kl_low[i]), kl_high=float(paired.kl_high[i]),
            corrected_t=float(paired.corrected_t[i]), corrected_df=float(paired.corrected_df[i]),
            corrected_p=float(paired.corrected_p[i]),
            corrected_p_holm=float(paired.corrected_p_holm[i]),
            resampled_p=float(paired.resampled_p[i]),
            clip_p=float(paired.clip_p[i]), clip_p_holm=float(paired.clip_p_holm[i]),
            group_p=float(paired.group_p[i]), naive_wilcoxon_p=float(paired.naive_p[i]),
            n_folds_p_below_05=int(paired.n_folds_p_below_05[i]),
            rank_biserial=float(paired.rank_biserial[i]),
            group_rank_biserial=float(paired.group_rank_biserial[i]),
            p_a_better=float(paired.p_a_better[i]), p_equal=float(paired.p_equal[i]),
            p_b_better=float(paired.p_b_better[i]),
            detectable_difference=float(paired.detectable[i]),
            significant=bool(paired.significant[i]), better=str(better[i]), **common,
        )
        for i, (a, b) in enumerate((rows[a], rows[b]) for a, b in pairs.tolist())
    ]  # fmt: skip
