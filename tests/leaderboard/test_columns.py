"""The columns of a leaderboard are the same, whatever a run has."""

from __future__ import annotations

import pandas as pd
from board_cells import NOISE, board

from boards import made, recorded_run
from merbench.leaderboard.building import build
from merbench.leaderboard.columns import COMPARED, LEADING, TRAILING
from merbench.runs.record import RunRecord


def test_the_columns_are_the_same_whatever_the_run_has():
    whole = list(board(made("a", NOISE)).leaderboard.columns)
    assert whole[: len(LEADING)] == LEADING
    assert whole[-len(TRAILING) :] == TRAILING
    empty = build([RunRecord(recorded_run(made("a", NOISE)).manifest, pd.DataFrame(), pd.DataFrame(
        columns=["cell", "fold", "clip", "group", "kl"]))])  # fmt: skip
    assert list(empty.leaderboard.columns) == [*LEADING, *TRAILING]
    assert list(empty.comparisons.columns) == COMPARED
