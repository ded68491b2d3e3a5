"""Every clip of every system, the worst first."""

from __future__ import annotations

import pandas as pd

from board_tables import content_of
from boards import made
from merbench.leaderboard import dictionary
from merbench.leaderboard.clip_losses import COLUMNS, clip_losses


def test_clips_stand_by_their_loss_averaged_over_folds():
    content = content_of(made("a", [[0.1, 0.2], [0.3, 0.2]]), made("b", [[0.2, 0.1], [0.2, 0.1]]))
    table = clip_losses(content)
    assert list(table.columns[: len(COLUMNS)]) == COLUMNS
    of_a = table[table["cell"] == "a"]
    assert of_a["clip"].tolist() == ["c0", "c1"]
    assert of_a["kl"].round(9).tolist() == [2.5, 2.0]  # (0.5 + 4.5) / 2, and 2
    assert of_a["place"].tolist() == [1, 2]
    assert of_a["truth_valence_mean"].round(9).tolist() == [0.3, 0.7]
    assert set(table["cell"]) == {"a", "b"}
    assert all(dictionary.describe_column(column) for column in table.columns)


def test_what_has_no_predictions_has_no_clips():
    content = content_of(made("a", [[0.1]]))
    content.predictions["kl"] = float("nan")
    assert list(clip_losses(content).columns) == COLUMNS
    assert isinstance(clip_losses(content), pd.DataFrame)
