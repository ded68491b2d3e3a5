"""What rows of a task of classes have beside their folds' metrics: `columns.BEHIND`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from merbench.leaderboard import roc
from merbench.leaderboard.cell_scores import AlignedScores, RunPredictions
from merbench.tasks import Task

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from merbench.evaluation import Scores

    Array = NDArray[np.float64]

__all__ = ["set_class_scores"]


def set_class_scores(
    rows: Sequence[dict[str, Any]], scored: Sequence[RunPredictions], aligned: AlignedScores
) -> None:
    """Set the interval of accuracy, and means of ROC areas and precisions, of one table's rows.

    Rows have neither where their labels or predictions may not be republished.

    Parameters
    ----------
    rows
        The ranked rows of one table.
    scored
        The predictions of each row's run.
    aligned
        The rows' scores, and where these stand among the predictions.
    """
    import numpy as np

    if Task(rows[0]["task"]) is Task.VA:
        return
    truth = scored[0].truth(rows[0], aligned.rows[0])
    if np.isnan(truth).any():
        return
    classes = truth.argmax(axis=1)
    predicted = [
        run.predicted(row, at) for run, row, at in zip(scored, rows, aligned.rows, strict=True)
    ]
    known = [i for i, labels in enumerate(predicted) if not np.isnan(labels).any()]
    if not known:
        return
    probabilities = np.stack([predicted[i] for i in known])
    low, high = accuracy_intervals(aligned.scores, probabilities.argmax(axis=2) == classes)
    of_class, folds = roc.members(truth), aligned.scores.fold_slices
    areas = roc.mean_of_folds(roc.areas, folds, of_class, probabilities)
    precisions = roc.mean_of_folds(roc.average_precisions, folds, of_class, probabilities)
    for place, i in enumerate(known):
        rows[i] |= {
            "accuracy_low": float(low[place]),
            "accuracy_high": float(high[place]),
            "auc": float(areas[place]),
            "pr_auc": float(precisions[place]),
        }


def accuracy_intervals(scores: Scores, right: NDArray[np.bool_]) -> tuple[Array, Array]:
    """Return the ends of K cells' 95 % intervals of accuracy.

    They are made as those of KL are, by `evaluation.bootstrap`: groups of clips are drawn with
    replacement, and the mean over folds is computed again.

    Parameters
    ----------
    scores
        The table's, for its folds, clips and groups.
    right
        Shape (K, R): whether a clip's class was found, in the order of the scores' rows.
    """
    from merbench.evaluation import Scores, bootstrap

    names = tuple(map(str, range(len(right))))
    missed = (~right).astype(float)
    drawn = bootstrap(Scores(names, scores.fold, scores.clip, scores.group, scores.n_train, missed))
    return 1 - drawn.mean_high, 1 - drawn.mean_low
