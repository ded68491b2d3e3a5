"""Nearest neighbours, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from merbench import Task
from merbench_plugins.models.neighbours import NearestNeighbours

X = np.array([[0.0], [1.0], [2.0], [10.0], [11.0], [12.0]], np.float32)


def predicted(task: Task, Y: np.ndarray, at: float, **parameters: object) -> np.ndarray:
    model = NearestNeighbours(**parameters)  # type: ignore[arg-type]
    estimator = model.estimator(task=task, seed=0, device="cpu").fit(X, Y)
    return estimator.predict(np.array([[at]], np.float32))[0]


def test_the_label_is_the_mean_of_the_nearest() -> None:
    Y = np.linspace(0.1, 0.9, 24).reshape(6, 4)
    np.testing.assert_allclose(predicted(Task.VA, Y, 0.9, n_neighbors=3), Y[:3].mean(axis=0))
    np.testing.assert_allclose(predicted(Task.VA, Y, 11.2, n_neighbors=1), Y[4])


def test_nearer_clips_count_more_where_they_are_weighted_by_distance() -> None:
    Y = np.linspace(0.1, 0.9, 24).reshape(6, 4)
    # At 0.5 from the first and 1.5 from the third of the two that are asked.
    found = predicted(Task.VA, Y, 11.25, n_neighbors=2, weights="distance")
    np.testing.assert_allclose(found, 0.75 * Y[4] + 0.25 * Y[5], rtol=1e-5)


@pytest.mark.parametrize("smoothing", [0.0, 2.0])
def test_shares_are_those_of_the_neighbours(smoothing: float) -> None:
    Y = np.eye(4)[[0, 0, 1, 2, 2, 2]]
    row = predicted(Task.QUADRANT, Y, 0.9, n_neighbors=3, smoothing=smoothing)
    assert row.sum() == pytest.approx(1)
    if not smoothing:
        np.testing.assert_allclose(row, [2 / 3, 1 / 3, 0, 0])
    assert (row > 0).all() == bool(smoothing)
    assert row.argmax() == 0
