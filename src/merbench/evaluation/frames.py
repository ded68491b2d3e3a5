"""Data frames of anybody's predictions, put in order for the evaluator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from merbench.errors import MerbenchError
from merbench.evaluation.evaluator import Evaluation, evaluate
from merbench.evaluation.labels import labels_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["evaluate_frames"]


def evaluate_frames(task: str, truth: pd.DataFrame, predicted: pd.DataFrame) -> Evaluation:
    """Score predictions in a data frame, whose columns and clips are found by their names.

    Parameters
    ----------
    task
        What the columns are: `va`, `quadrant` or `classes`.
    truth
        A clip a row, with the clip's id as index. Of the tasks `va` and `quadrant` it has the
        task's columns, in any order, and maybe others; of `classes` a column of probabilities a
        class, and no other.
    predicted
        The same clips and columns, in any order; clips and columns that the truth lacks are no
        matter.

    Returns
    -------
    Evaluation
        Its `kl` is in the order of the truth's rows.

    Raises
    ------
    MerbenchError
        A column or a clip is missing, a clip stands twice, or a row cannot be scored.
    """
    columns = list(labels_of(task).columns) or [str(name) for name in truth.columns]
    _refuse_missing("columns", [c for c in columns if c not in truth.columns], "those of the truth")
    _refuse_missing(
        "columns", [c for c in columns if c not in predicted.columns], "the predictions"
    )
    for name, frame in (("the truth", truth), ("the predictions", predicted)):
        twice = frame.index[frame.index.duplicated()]
        if len(twice):
            raise MerbenchError(f"the clip {twice[0]!r} stands twice in {name}; keep one row of it")
    missing = truth.index[~truth.index.isin(predicted.index)]
    _refuse_missing("clips", list(missing), "the predictions")
    return evaluate(
        task,
        truth[columns].to_numpy(dtype=float),
        predicted.loc[truth.index, columns].to_numpy(dtype=float),
        ids=[str(clip) for clip in truth.index],
        classes=() if labels_of(task).columns else columns,
    )


def _refuse_missing(what: str, missing: Sequence[object], where: str) -> None:
    if missing:
        shown = ", ".join(repr(name) for name in missing[:5])
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        raise MerbenchError(f"there are no {what} {shown}{more} among {where}; add them")
