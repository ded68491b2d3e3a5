"""What candidates are chosen by."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from merbench import Task, testing
from merbench.evaluation import evaluate
from merbench_plugins.models._tuning_metrics import Metric, less_is_better, tasks_of, value_of


@pytest.mark.parametrize("metric", get_args(Metric))
def test_perfect_predictions_are_better_than_others_by_every_metric(metric):
    for task in tasks_of(metric):
        truth = testing.labels(task, 30)
        worse = np.roll(truth, 1, axis=0) * 0.9 + 0.1 * truth
        best, other = (value_of(metric, evaluate(task, truth, p).metrics) for p in (truth, worse))
        assert (best < other) == less_is_better(metric)
        assert best != other


def test_which_tasks_have_a_metric():
    assert tasks_of("kl") == set(Task)
    assert tasks_of("rmse") == {Task.VA}
    assert tasks_of("macro-f1") == {Task.QUADRANT, Task.CLASSES}


def test_valence_and_arousal_count_alike():
    metrics = {"ccc_valence_mean": 0.2, "ccc_arousal_mean": 0.6, "ccc_valence_std": -1.0}
    assert value_of("ccc", metrics) == pytest.approx(0.4)
