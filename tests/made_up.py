"""Predictions of two systems, made up."""

from __future__ import annotations

import numpy as np
import pandas as pd

from merbench import Task

COLUMNS = Task.VA.columns


def made_up(seed: int = 0, n: int = 40, prefix: str = "gt") -> pd.DataFrame:
    """Truth, a good system, a noisy one, all on [0, 1]; every number with all its digits."""
    rng = np.random.default_rng(seed)
    truth = np.hstack([rng.uniform(0.2, 0.8, (n, 2)), rng.uniform(0.1, 0.2, (n, 2))])
    good = truth + rng.normal(0, 0.02, (n, 4))
    noisy = truth + rng.normal(0, 0.03, (n, 4)) * [4, 4, 0.5, 0.5]
    frame = pd.DataFrame({"song": [f"song {i}" for i in range(n)]})
    for name, rows in ((prefix, truth), ("good", good), ("noisy", noisy)):
        frame[[f"{name}_{column}" for column in COLUMNS]] = rows
    return frame
