"""Fold metrics and the names of rows, against what was worked out by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest

from merbench import Task
from merbench.results import bare_name, ceiling_metrics, parameter_text, score_fold, system_name

TRUTH = (0.5, 0.5, 0.1, 0.1)


def test_a_title_begins_with_the_datasets_name():
    assert bare_name("my-songs (fixed_std=0.1)") == bare_name("my-songs") == "my-songs"


# --- a fold --------------------------------------------------------------------------------------


def test_a_folds_metrics_are_those_of_hand_calculation():
    truth = np.tile(TRUTH, (2, 1))
    predicted = truth + np.array([[0.1, 0, 0, 0], [0, 0.2, 0, 0]])
    predicted[1, 2] *= -1
    kl, metrics = score_fold(Task.VA, truth, predicted, ["a", "b"])
    assert kl.tolist() == pytest.approx([0.5, 2.0])
    assert metrics["kl_mean"] == pytest.approx(1.25)
    assert metrics["kl_median"] == pytest.approx(1.25)
    # Four columns: 0.01 / 2, 0.04 / 2, 0.2^2 / 2 for the turned sign, and 0.
    assert metrics["mse"] == pytest.approx((0.005 + 0.02 + 0.02 + 0) / 4)
    assert metrics["n_nonpositive_std"] == 1


def test_a_ceilings_metrics_are_of_the_clips_that_have_one():
    found = ceiling_metrics(np.array([0.5, 2.0, np.nan]))
    assert found == pytest.approx({"kl_mean": 1.25, "kl_median": 1.25})
    assert ceiling_metrics(np.array([np.nan])) == {}


# --- names ---------------------------------------------------------------------------------------


def test_systems_are_named_with_the_parameters_that_differ():
    parameters = json.dumps({"model": {"penalty": 2}, "features": {"levels": {"n": 3}}})
    row = {
        "augmentation": "noise", "separator": "mix", "features": "levels", "model": "ridge",
        "parameters": parameters,
    }  # fmt: skip
    assert system_name(row) == "noise x mix x levels x ridge (penalty=2, n=3)"
    blind = {
        "augmentation": "none", "separator": "none", "features": "none", "model": "mean",
        "parameters": "",
    }  # fmt: skip
    assert system_name(blind) == "mean"
    assert parameter_text("") == ""
