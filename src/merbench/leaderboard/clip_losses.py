"""Every clip of every system by what it loses there, the worst first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from merbench.leaderboard.results import Results, clips_of
from merbench.runs.row_columns import PEOPLE, predicted_columns, system_name, truth_columns
from merbench.tasks import Task

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["COLUMNS", "clip_losses"]

COLUMNS = ["dataset", "cell", "system", "place", "clip", "group", "kl"]
"""Columns of the table; true and predicted columns of the tasks follow."""


def clip_losses(content: Results) -> pd.DataFrame:
    """Return a row a system and clip, averaged over the folds that tested it.

    Systems come in the order of the leaderboard, and of each the clips with the largest KL first.
    Where labels are not there, their columns are empty.
    """
    import pandas as pd

    parts = []
    for row in content.rows:
        found = clips_of(Task(row["task"]), content.predictions_of(row))
        if row["role"] == PEOPLE or found is None:
            continue
        table = pd.DataFrame({"clip": found.clip, "group": found.group, "kl": found.kl})
        for names, values in (
            (truth_columns(found.columns), found.truth),
            (predicted_columns(found.columns), found.predicted),
        ):
            if values is not None:
                table[names] = values
        table = table.iloc[::-1].reset_index(drop=True)
        of_row = {name: row[name] for name in ("dataset", "cell")} | {"system": system_name(row)}
        parts.append(table.assign(**of_row, place=range(1, len(table) + 1)))
    if not parts:
        return pd.DataFrame(columns=COLUMNS)
    whole = pd.concat(parts, ignore_index=True)
    return whole[[*COLUMNS, *(c for c in whole.columns if c not in COLUMNS)]]
