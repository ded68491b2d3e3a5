"""Fold metrics and the names of rows, against what was worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from merbench import Task
from merbench.runs.row_columns import (
    bare_name,
    ceiling_metrics,
    joined,
    score_fold,
    system_name,
    system_settings,
    told_apart,
)

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
    parameters = {"model": {"penalty": 2}, "features": {"levels": {"n": 3}}}
    row = {
        "augmentation": "noise", "separator": "mix", "features": "levels", "model": "ridge",
        "parameters": parameters,
    }  # fmt: skip
    assert system_name(row) == "noise x mix x levels x ridge (penalty=2, n=3)"
    blind = {
        "augmentation": "none", "separator": "none", "features": "none", "model": "mean",
        "parameters": {},
    }  # fmt: skip
    assert system_name(blind) == "mean"


def row(model: str, of: str = "levels", /, **settings: object) -> dict[str, object]:
    return {
        "dataset": "d", "augmentation": "none", "separator": "mix", "features": of,
        "model": model, "parameters": settings,
    }  # fmt: skip


def test_of_a_grid_the_parameters_that_differ_are_named():
    rows = [
        row("forest", model={"trees": 10, "depth": 3}),
        row("forest", model={"trees": 20, "depth": 3}),
        row("forest", model={"depth": 3}),
        row("ridge", model={"penalty": 2}),
    ]
    assert [joined(text) for text in told_apart(rows)] == [
        "mix x levels x forest (trees=10)",
        "mix x levels x forest (trees=20)",
        "mix x levels x forest",  # trees at their default
        "mix x levels x ridge (penalty=2)",  # the only ridge there is: all that is no default
    ]


def test_each_axis_shows_its_own_parameters_and_those_of_wrapped_models():
    rows = [
        row("calibrated(ridge)", features={"levels": {"n": n}}, model={"model": {"n": m}, "k": 1})
        for n, m in ((3, 1), (3, 2), (4, 1))
    ]
    assert [joined(text) for text in told_apart(rows)] == [
        "mix x levels (n=3) x calibrated(ridge) (n=1)",
        "mix x levels (n=3) x calibrated(ridge) (n=2)",
        "mix x levels (n=4) x calibrated(ridge) (n=1)",
    ]
    twins = [
        row("crnn", "levels + frames", features={"levels": {"n": n}, "frames": {"n": 7 - n}})
        for n in (1, 2)
    ]
    assert told_apart(twins)[0]["features"] == "levels + frames (levels.n=1, frames.n=6)"


def test_one_dataset_with_two_settings_is_two():
    rows = [row("ridge") | {"dataset_parameters": {"clips": n}} for n in (10, 20)]
    assert [text["dataset"] for text in told_apart(rows)] == ["d (clips=10)", "d (clips=20)"]


def test_parameters_of_a_system_are_led_by_their_components_not_by_their_axis():
    chosen = {
        "augmentation": {"gain": {"draw": "either", "most": 3}, "stretch": {"draw": "even"}},
        "model": {"k": 3},
    }
    assert system_settings({"parameters": chosen}) == (
        " (gain.draw=either, most=3, stretch.draw=even, k=3)"
    )
    assert system_settings({"parameters": None}) == ""
