"""What makes a row doubtful, whatever its rank."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from merbench.leaderboard.cell_scores import RunPredictions
from merbench.runs.row_columns import SYSTEM
from merbench.tasks import Task

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_TOGETHER = 50
"""Cells whose predictions are looked at at once: bounds the memory."""


UNTRAINED = "untrained weights"
"""What is random in place of learned: a row that tells how a benchmark runs, and has no rank."""


def has_untrained(parameters: Any) -> bool:
    """Tell whether any part of a system takes random weights, by its parameter `untrained`.

    Parameters
    ----------
    parameters
        What the system's parts differ in from their defaults, as deep as they wrap each other.
    """
    if isinstance(parameters, Mapping):
        return parameters.get("untrained") is True or any(map(has_untrained, parameters.values()))
    return isinstance(parameters, list) and any(map(has_untrained, parameters))


def set_marks(
    rows: Sequence[dict[str, Any]],
    scored: Sequence[RunPredictions],
    places: Sequence[NDArray[np.intp]],
    stored: Sequence[Mapping[str, str]],
) -> None:
    """Set the column `mark` of one table's ranked rows.

    Only systems are marked: a baseline is a constant, or uncorrelated, on purpose.

    Parameters
    ----------
    rows
        The ranked rows of one table; their column is set in place.
    scored, places
        Of each row: its run's predictions, and where its own stand among them.
    stored
        Of each row: the marks its run's manifest holds, by cell. They stand in where labels were
        left out, for without labels nothing can be marked.
    """
    known = []
    for i, row in enumerate(rows):
        if row["role"] != SYSTEM:
            continue
        if scored[i].is_whole(row, places[i]):
            known.append(i)  # what can be computed is believed in nobody's manifest
        else:
            row["mark"] = stored[i].get(row["cell"], "")
    for start in range(0, len(known), _TOGETHER):
        chosen = known[start : start + _TOGETHER]
        marks = _marks(
            [rows[i] for i in chosen], [scored[i] for i in chosen], [places[i] for i in chosen]
        )
        for i, words in zip(chosen, marks, strict=True):
            rows[i]["mark"] = words


def _marks(
    rows: Sequence[Mapping[str, Any]],
    scored: Sequence[RunPredictions],
    places: Sequence[NDArray[np.intp]],
) -> tuple[str, ...]:
    import numpy as np

    from merbench import evaluation

    task, run, at = Task(rows[0]["task"]), scored[0], places[0]
    predicted = [run.predicted(rows[0], at) for run, at in zip(scored, places, strict=True)]
    return evaluation.suspect(
        task, run.truth(rows[0], at), np.stack(predicted), fold=run.fold[at], clip=run.clip[at]
    ).marks
