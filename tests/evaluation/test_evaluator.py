"""The one evaluator, by hand: a test set in, its KL and metrics out."""

from __future__ import annotations

import math

import numpy as np
import pytest

from merbench import MerbenchError, Task
from merbench.evaluation.evaluator import evaluate

RNG = np.random.default_rng(3)
TRUTH = np.hstack([RNG.random((30, 2)), RNG.uniform(0.05, 0.3, (30, 2))])
PREDICTED = 0.6 * TRUTH + 0.1 * RNG.random((30, 4)) + 0.1


def test_normals_are_scored_clip_by_clip() -> None:
    truth = [[0.5, 0.5, 0.1, 0.1]] * 4
    predicted = [
        [0.5, 0.5, 0.1, 0.1],
        [0.6, 0.5, 0.1, 0.1],
        [0.5, 0.5, 0.1, 0.2],
        [0.5, 0.5, 0.1, -0.1],
    ]
    scored = evaluate("va", truth, predicted)
    wide = math.log(2) + 0.1**2 / (2 * 0.2**2) - 1 / 2
    assert scored.kl == pytest.approx([0, 0.5, wide, 0])
    m = scored.metrics
    assert m["kl_mean"] == pytest.approx((0.5 + wide) / 4)
    assert m["kl_median"] == pytest.approx(wide / 2)
    assert m["kl_median_upper"] == pytest.approx(wide)
    assert m["mse"] == pytest.approx((0.1**2 + 0.1**2 + 0.2**2) / 16)
    assert m["rmse_arousal_std"] == pytest.approx(math.sqrt((0.1**2 + 0.2**2) / 4))
    assert (m["n_nonpositive_std"], m["n_floored_std"]) == (1, 0)
    assert not [name for name in m if name.startswith(("accuracy", "confusion"))]


def test_quadrants_are_scored_by_name() -> None:
    truth = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 1, 0, 0]]
    predicted = [[0.5, 0.5, 0, 0], [0.25, 0.75, 0, 0], [0.8, 0.2, 0, 0]]
    m = evaluate("quadrant", truth, predicted).metrics
    costs = [-math.log(p) for p in (0.5, 0.75, 0.2)]
    assert m["kl_mean"] == pytest.approx(np.mean(costs), abs=1e-5)
    assert m["log_loss"] == pytest.approx(m["kl_mean"])
    assert m["kl_Q2"] == pytest.approx(np.mean(costs[1:]), abs=1e-5)
    assert m["accuracy"] == pytest.approx(2 / 3)  # of equals the first counts
    assert m["balanced_accuracy"] == pytest.approx((1 + 1 / 2) / 2)
    assert (m["confusion_Q2_Q1"], m["confusion_Q2_Q2"], m["confusion_Q1_Q2"]) == (1, 1, 0)
    assert m["n_floored_probability"] == 6
    assert not [name for name in m if name.startswith(("mse", "ccc"))]


def test_single_classes_have_metrics_where_they_are_named() -> None:
    truth, predicted = np.eye(3), np.full((3, 3), 1 / 3)
    nameless = evaluate("classes", truth, predicted).metrics
    named = evaluate("classes", truth, predicted, classes=("sad", "happy", "angry")).metrics
    assert set(named) - set(nameless) == {
        *(f"kl_{name}" for name in ("sad", "happy", "angry")),
        *(f"confusion_{a}_{b}" for a in ("sad", "happy", "angry")
          for b in ("sad", "happy", "angry")),
    }  # fmt: skip
    assert nameless["kl_mean"] == named["kl_happy"] == pytest.approx(math.log(3))


def test_what_was_given_stays_as_it_was() -> None:
    truth, predicted = TRUTH.copy(), PREDICTED * [1, 1, -1, 1]
    before = predicted.copy()
    evaluate("va", truth, predicted)
    np.testing.assert_array_equal(truth, TRUTH)
    np.testing.assert_array_equal(predicted, before)


def test_clips_are_named_in_errors() -> None:
    predicted = PREDICTED.copy()
    predicted[4, 1] = np.nan
    ids = [f"song-{i}" for i in range(30)]
    with pytest.raises(MerbenchError, match="song-4"):
        evaluate(Task.VA, TRUTH, predicted, ids=ids)


@pytest.mark.parametrize(
    ("truth", "predicted", "says"),
    [
        (TRUTH, PREDICTED[:29], "30 rows of truth and 29 of predictions"),
        (TRUTH[:0], PREDICTED[:0], "there is no clip to score"),
        (TRUTH[:, :3], PREDICTED, r"must have the shape .* this has \(30, 3\)"),
    ],
)
def test_what_cannot_be_scored_is_refused(
    truth: np.ndarray, predicted: np.ndarray, says: str
) -> None:
    with pytest.raises(MerbenchError, match=says):
        evaluate("va", truth, predicted)


def test_a_task_that_is_none_is_refused() -> None:
    with pytest.raises(MerbenchError, match="there is no task 'tempo'"):
        evaluate("tempo", TRUTH, PREDICTED)
