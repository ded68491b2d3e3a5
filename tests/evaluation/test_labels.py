"""What labels are, task by task: their best constant, their columns, and which task they are of."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from merbench import MerbenchError, Task
from merbench.evaluation.divergence import categorical_kl, gaussian_kl
from merbench.evaluation.labels import best_constant, divergence, labels_of

# A busy machine is no failure: no deadline.
relaxed = settings(deadline=None, max_examples=60)
means = st.floats(0, 1)
stds = st.floats(0.01, 0.5)
row = st.tuples(means, means, stds, stds)
rows = st.lists(st.tuples(row, row), min_size=1, max_size=20).map(np.array)
weights = arrays(np.float64, (6, 4), elements=st.floats(0.01, 1))


def test_the_best_normal_has_the_moments_of_the_mixture_by_hand() -> None:
    truth = [[0.2, 0.5, 0.1, 0.2], [0.6, 0.5, 0.1, 0.4]]
    # Valence: 0.1^2 and the means' variance, 0.2^2; arousal: (0.2^2 + 0.4^2) / 2 and none.
    expected = [0.4, 0.5, math.sqrt(0.01 + 0.04), math.sqrt(0.10)]
    np.testing.assert_allclose(best_constant("va", truth), expected)


def test_the_best_distribution_is_the_mean_by_hand() -> None:
    truth = [[1, 0, 0, 0], [0.5, 0.5, 0, 0]]
    np.testing.assert_allclose(best_constant("quadrant", truth), [0.75, 0.25, 0, 0])
    np.testing.assert_allclose(best_constant("classes", [[1, 0], [0, 1], [0, 1]]), [1 / 3, 2 / 3])


@relaxed
@given(rows, st.integers(0, 3), st.sampled_from([-0.01, 0.01, 0.05]))
def test_no_other_constant_beats_the_best_normal(
    pairs: np.ndarray, column: int, step: float
) -> None:
    truth = pairs[:, 0]
    best = best_constant(Task.VA, truth)
    other = best.copy()
    other[column] = max(other[column] + step, 0.001) if column > 1 else other[column] + step
    n = len(truth)
    kl = gaussian_kl(truth, np.tile(best, (n, 1))).kl.mean()
    assert kl <= gaussian_kl(truth, np.tile(other, (n, 1))).kl.mean() + 1e-12


@relaxed
@given(weights, weights)
def test_no_other_constant_beats_the_best_distribution(p: np.ndarray, q: np.ndarray) -> None:
    p, q = p / p.sum(axis=1, keepdims=True), q / q.sum(axis=1, keepdims=True)
    best = np.tile(best_constant(Task.QUADRANT, p), (6, 1))
    other = np.tile(q[0], (6, 1))
    assert categorical_kl(p, best).kl.mean() <= categorical_kl(p, other).kl.mean() + 1e-12


@pytest.mark.parametrize("task", list(Task))
def test_the_tasks_columns_are_the_labels(task: Task) -> None:
    assert labels_of(task).columns == task.columns


def test_a_tasks_divergence_is_of_its_own_kind() -> None:
    normal = [[0.5, 0.5, 0.1, 0.1]], [[0.7, 0.5, 0.1, 0.1]]
    assert divergence("va", *normal).kl == pytest.approx([2.0])  # (0.2 / 0.1)^2 / 2
    shares = [[0.0, 1.0]], [[0.75, 0.25]]
    assert divergence("classes", *shares).kl == pytest.approx([math.log(4)], rel=1e-5)
    with pytest.raises(MerbenchError, match="true probabilities do not add up to 1"):
        divergence("quadrant", *normal)


def test_music_is_heard_in_the_means_and_in_every_class() -> None:
    rows = np.arange(8.0).reshape(2, 4)
    assert labels_of("va").located(rows).tolist() == [[0, 1], [4, 5]]
    assert labels_of("quadrant").located(rows).tolist() == rows.tolist()


def test_an_unknown_task_is_refused_with_those_there_are() -> None:
    with pytest.raises(MerbenchError, match="no task 'mood'; the tasks are va, quadrant, classes"):
        labels_of("mood")
