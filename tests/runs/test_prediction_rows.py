"""There is a row a cell and fold, and one a clip, with the dataset's own truth."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd


def test_there_is_a_row_a_cell_and_fold_and_one_a_clip(written):
    run, _ = written
    assert len(run.folds) == (7 + 7) * 3 + 2 * 3
    assert not run.folds.duplicated(["cell", "fold"]).any()
    done = run.folds[run.folds["status"] == "ok"]
    assert len(run.predictions) == done["n_test"].sum()
    sizes = run.predictions.groupby(["cell", "fold"]).size()
    assert (sizes - done.set_index(["cell", "fold"])["n_test"]).eq(0).all()
    assert json.loads(done[done["model"] == "linear"]["curve"].iloc[0])[0]["loss"] >= 0
    fits = done[~done["model"].str.startswith("human")]
    assert (fits["seconds"] > 0).all()
    assert (fits["peak_memory_mb"] > 10).all()


def test_the_truth_is_the_datasets_and_the_order_that_of_its_clips(written):
    run, folder = written
    labels = pd.read_csv(folder.parent / "data" / "clips.csv").set_index("id")
    for _, part in run.predictions.groupby(["cell", "fold"], sort=False):
        assert part["clip"].tolist() == sorted(part["clip"])
        expected = labels.loc[part["clip"]]
        assert part["group"].tolist() == expected["group"].tolist()
        for column in ("valence_mean", "arousal_std"):
            np.testing.assert_array_equal(part[f"truth_{column}"], expected[column])


def test_provenance_and_synthetic_data_are_said_in_every_row(written):
    rows = written[0].leaderboard.groupby("dataset")
    assert rows["provenance"].unique()["rated"].tolist() == ["rated anew (3 clips)"]
    assert rows["synthetic"].unique()["rated"].tolist() == [True]
    assert rows["provenance"].unique()["noise"].tolist() == [""]
