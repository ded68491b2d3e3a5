"""How predictions agree with labels, against hand calculation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from merbench.leaderboard.clip_agreement import along_axes, confusion, on_plane, one_column
from merbench.runs.row_columns import predicted_columns, truth_columns
from merbench.tasks import Task


def test_distances_on_the_plane():
    truth = np.array([[0.5, 0.5, 0.1, 0.1], [0.2, 0.2, 0.2, 0.2]])
    predicted = np.array([[0.8, 0.9, 0.2, 0.2], [0.2, 0.2, 0.1, -0.1]])
    found = on_plane(truth, predicted)
    assert found.mean_distance == pytest.approx(0.25)
    assert found.largest_distance == pytest.approx(0.5)
    assert found.wider == 1


def test_quadrants_lie_along_valence_and_arousal_by_their_shares():
    truth = np.array([[0.4, 0.3, 0.2, 0.1], [1.0, 0.0, 0.0, 0.0]])
    valence, arousal = along_axes(Task.QUADRANT, truth, truth[:, ::-1])
    assert valence.truth.tolist() == pytest.approx([0.5, 1.0])
    assert arousal.truth.tolist() == pytest.approx([0.7, 1.0])
    assert arousal.predicted.tolist() == pytest.approx([0.3, 0.0])
    assert valence.graded
    assert not along_axes(Task.QUADRANT, truth[1:], truth[1:])[0].graded
    assert along_axes(Task.CLASSES, truth, truth) == []


def test_one_column():
    found = one_column(np.array([0.0, 0.5, 1.0]), np.array([-0.5, 0.5, 1.5]))
    assert found.correlation == pytest.approx(1)
    assert found.rmse == pytest.approx(np.sqrt(0.5 / 3))
    assert found.outside == 2
    assert one_column(np.array([0.2, 0.4]), np.array([0.3, 0.3])).correlation is None


def test_of_many_classes_the_least_frequent_are_gathered_and_right_is_counted_before():
    classes = ("a", "b", "c", "d")
    truth, guess = [0, 0, 0, 1, 1, 2, 3], [0, 0, 1, 1, 0, 3, 3]
    table = pd.DataFrame(np.eye(4)[truth], columns=truth_columns(classes))
    table[predicted_columns(classes)] = np.eye(4)[guess]
    whole = confusion(table, classes, 4)
    assert whole.classes == classes
    assert whole.counts.tolist() == [[2, 1, 0, 0], [1, 1, 0, 0], [0, 0, 0, 1], [0, 0, 0, 1]]
    found = confusion(table, classes, 3)
    assert found.classes == ("a", "b", "2 others")
    assert found.counts.tolist() == [[2, 1, 0], [1, 1, 0], [0, 0, 2]]
    assert whole.right == found.right == 4
