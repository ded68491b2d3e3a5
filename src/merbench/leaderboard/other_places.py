"""Ranks and tiers by what a field ranks by beside KL: other losses of a clip, and macro F1."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from merbench.errors import MerbenchError
from merbench.leaderboard.cell_scores import AlignedScores, RunPredictions
from merbench.leaderboard.columns import Comparison
from merbench.leaderboard.comparisons import compared, listed
from merbench.leaderboard.places import families_of, ranks, tiers_of
from merbench.naming import nearest
from merbench.tasks import Task

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from merbench.evaluation import MacroF1, Scores

    Array = NDArray[np.float64]

__all__ = ["MACRO_F1", "compared_by", "set_other_places", "ways_to_rank"]

MACRO_F1 = "macro-f1"


def ways_to_rank(task: str) -> tuple[str, ...]:
    """Return what systems of a task can be ranked by; the first is what they are ranked by."""
    from merbench import evaluation

    losses = evaluation.losses_of(task)
    return losses if Task(task) is Task.VA else (*losses, MACRO_F1)


def set_other_places(
    rows: Sequence[dict[str, Any]], scored: Sequence[RunPredictions], aligned: AlignedScores
) -> None:
    """Set the other ranks and tiers of one table's ranked rows, and the interval of macro F1.

    The tests are those of KL. Where labels or predictions may not be republished, ranks follow from
    the folds' metrics, and there are no tiers.

    Parameters
    ----------
    rows
        The ranked rows of one table, with their marks.
    scored
        Of each row: its run's predictions.
    aligned
        The rows' scores, and where these stand among the predictions.
    """
    import numpy as np

    from merbench import evaluation

    labels = _labels(rows, scored, aligned)
    if labels is None:
        _rank_by_metrics(rows)
        return
    a, b = np.triu_indices(len(rows), k=1)
    families = families_of(rows)
    for way in ways_to_rank(rows[0]["task"])[1:]:
        name = way.replace("-", "_")
        if way == MACRO_F1:
            f1 = _f1(aligned.scores, *labels)
            p = evaluation.holm_within(f1.compare(a, b).corrected_p, families)
            pairs = evaluation.AllPairs.from_pairs(-f1.mean, p)
            low, high = f1.interval()
            for i, row in enumerate(rows):
                row |= {"macro_f1_low": float(low[i]), "macro_f1_high": float(high[i])}
        else:
            scores = _with_loss(way, rows[0]["task"], aligned.scores, *labels)
            pairs = evaluation.AllPairs.of(scores, families)
        if way == evaluation.SQUARED_ERROR:
            for row, mean in zip(rows, pairs.mean.tolist(), strict=True):
                row["squared_error"] = mean
        places = zip(ranks(pairs.mean.tolist()), tiers_of(rows, pairs), strict=True)
        for row, (rank, tier) in zip(rows, places, strict=True):
            row |= {f"rank_by_{name}": rank, f"tier_by_{name}": tier}


def _rank_by_metrics(rows: Sequence[dict[str, Any]]) -> None:
    """Rank by the means of the folds' metrics."""
    for name, metric, sign in (
        ("squared_error", "mse", 1), ("zero_one", "accuracy", -1), ("macro_f1", "macro_f1", -1)
    ):  # fmt: skip
        values = [sign * row["_metrics"].get(metric, math.nan) for row in rows]
        if not any(map(math.isnan, values)):
            for row, rank in zip(rows, ranks(values), strict=True):
                row[f"rank_by_{name}"] = rank
                if metric == "mse":
                    row["squared_error"] = row["_metrics"][metric]


def compared_by(
    way: str,
    across: str,
    rows: Sequence[dict[str, Any]],
    scored: Sequence[RunPredictions],
    aligned: AlignedScores,
    pairs: NDArray[np.intp],
) -> list[Comparison]:
    """Compare pairs of rows of one table by a loss, or by macro F1, as one family.

    Parameters
    ----------
    way
        One of `ways_to_rank`.
    across, pairs
        As `comparisons.compared` has them.
    rows, scored, aligned
        As `set_other_places` has them.

    Raises
    ------
    MerbenchError
        The rows' task has no such loss, or their labels are not there.
    """
    from merbench import evaluation

    task, dataset = rows[0]["task"], rows[0]["dataset"]
    known = ways_to_rank(task)
    if way not in known:
        raise MerbenchError(
            f"systems on {dataset} cannot be compared by {way!r}{nearest(way, known)}"
        )
    if way == evaluation.KL or not len(pairs):
        return compared(across, rows, aligned.scores, pairs)
    labels = _labels(rows, scored, aligned)
    if labels is None:
        raise MerbenchError(
            f"systems on {dataset} can be compared by kl alone, for the labels of its clips are "
            "not in the run; compare on the data themselves"
        )
    if way == MACRO_F1:
        paired = _f1(aligned.scores, *labels).compare(*pairs.T)
        return listed(across, rows, aligned.scores, pairs, paired)
    return compared(across, rows, _with_loss(way, task, aligned.scores, *labels), pairs)


def _f1(scores: Scores, truth: Array, predicted: Array) -> MacroF1:
    """Return macro F1 of K cells; truth (R, k), predictions (K, R, k)."""
    from merbench import evaluation

    return evaluation.macro_f1(scores, truth.argmax(axis=1), predicted.argmax(axis=2))


def _with_loss(way: str, task: str, scores: Scores, truth: Array, predicted: Array) -> Scores:
    import numpy as np

    from merbench import evaluation

    losses = [evaluation.clip_loss(way, task, truth, labels) for labels in predicted]
    return replace(scores, kl=np.stack(losses))


def _labels(
    rows: Sequence[dict[str, Any]], scored: Sequence[RunPredictions], aligned: AlignedScores
) -> tuple[Array, Array] | None:
    """Return truth (R, k) and predictions (K, R, k) in the order of the scores' rows."""
    import numpy as np

    truth = scored[0].truth(rows[0], aligned.rows[0])
    predicted = np.stack(
        [run.predicted(row, at) for run, row, at in zip(scored, rows, aligned.rows, strict=True)]
    )
    return None if np.isnan(truth).any() or np.isnan(predicted).any() else (truth, predicted)
