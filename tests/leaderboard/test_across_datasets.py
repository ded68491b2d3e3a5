"""Systems compared over several datasets."""

from __future__ import annotations

import numpy as np
import pandas as pd
from board_cells import NOISE

from boards import made, recorded_run
from merbench.leaderboard import across_datasets, files
from merbench.leaderboard.building import build_board


def several(datasets: int) -> pd.DataFrame:
    """Three systems of a clear order on each data set, and one that is on the first alone."""
    rng = np.random.default_rng(3)
    cells = []
    for d in range(datasets):
        for name, scale in (("good", 0.05), ("fair", 0.1), ("poor", 0.2)):
            offsets = (scale * rng.uniform(0.9, 1.1, (2, 6))).tolist()
            cells.append(made(f"{name}-{d}", offsets, model=name, dataset=f"d{d}"))
    cells.append(made("alone", [[0.1] * 6] * 2, dataset="d0"))
    return build_board([recorded_run(*cells)]).leaderboard


def test_systems_are_compared_over_the_datasets_that_all_have():
    found = across_datasets.systems_across(several(8))
    assert found is not None
    assert found["model"].tolist() == ["good", "fair", "poor"]
    assert found["mean_rank"].tolist() == [1, 2, 3]
    assert set(found["n_datasets"]) == {8}
    assert found["friedman_p"].iloc[0] < 0.01
    few = across_datasets.systems_across(several(2))
    assert few is not None
    assert few["cliques"].tolist() == ["1", "1", "1"]  # two data sets tell nothing apart


def test_one_dataset_is_no_sample_of_datasets():
    assert across_datasets.systems_across(several(1)) is None
    assert "across-datasets.csv" not in files.compose_board([recorded_run(made("a", NOISE))]).names
