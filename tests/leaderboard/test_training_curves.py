"""What training reported, averaged over folds and epochs."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd

from merbench.leaderboard.training_curves import averaged, loss_curves, mean_curves


def test_curves_are_read_from_the_folds_that_have_them():
    text = json.dumps([{"epoch": 1, "loss": 0.5}, {"epoch": 2}])
    (found,) = loss_curves(pd.DataFrame({"curve": [text, "", None]}))
    assert found["epoch"].tolist() == [1, 2]
    np.testing.assert_array_equal(found["loss"], [0.5, np.nan])
    assert loss_curves(pd.DataFrame({"fold": [0]})) == []


def test_the_mean_goes_as_far_as_half_of_the_folds():
    folds = [{"epoch": np.arange(1.0, n + 1), "loss": np.full(n, float(n))} for n in (2, 4, 6)]
    found = mean_curves(folds, ["loss"])
    assert found.longest == 6
    assert found.epochs.tolist() == [1, 2, 3, 4]
    assert found.means["loss"].tolist() == [4, 4, 5, 5]


def test_neighbouring_values_are_averaged():
    assert averaged(np.array([1.0, 3.0, 5.0]), 2).tolist() == [2, 5]
