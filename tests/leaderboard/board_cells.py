"""Boards of a few cells, for the tests of several modules."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from boards import made, recorded_run
from merbench.leaderboard.building import Board, build_board

NOISE = [[0.1, 0.2, 0.15, 0.05], [0.2, 0.1, 0.12, 0.3]]
LESS = [[0.05, 0.1, 0.1, 0.01], [0.1, 0.05, 0.1, 0.2]]


def board(*cells: dict[str, Any], **manifest: Any) -> Board:
    return build_board([recorded_run(*cells, **manifest)])


def pairs(found: pd.DataFrame) -> set[tuple[str, str, str]]:
    return {(row.across, *sorted((row.cell_a, row.cell_b))) for row in found.itertuples()}


def noisy(name: str, scale: float, seed: int, **changes: Any) -> dict[str, Any]:
    """A cell with random offsets over 4 folds of 30 clips."""
    rng = np.random.default_rng(seed)
    return made(name, (scale * rng.uniform(0.5, 1.5, (4, 30))).tolist(), n_train=90, **changes)
