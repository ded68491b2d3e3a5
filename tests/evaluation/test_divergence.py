from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import multivariate_normal
from sklearn.metrics import log_loss

from merbench import MerbenchError, Task
from merbench.evaluation.divergence import (
    PROBABILITY_FLOOR,
    STD_FLOOR,
    categorical_kl,
    gaussian_kl,
)
from merbench.evaluation.labels import divergence

# A busy machine is no failure: no deadline.
relaxed = settings(deadline=None, max_examples=60)
means = st.floats(0, 1)
stds = st.floats(0.01, 0.5)
row = st.tuples(means, means, stds, stds)
rows = st.lists(st.tuples(row, row), min_size=1, max_size=20).map(np.array)


def equation_1(truth: np.ndarray, predicted: np.ndarray) -> float:
    """Nguyen et al. (2022), Equation 1, with matrices as printed."""
    m1, m2 = truth[:2], predicted[:2]
    s1, s2 = np.diag(truth[2:] ** 2), np.diag(predicted[2:] ** 2)
    inverse = np.linalg.inv(s2)
    log_ratio = np.log(np.linalg.det(s1) / np.linalg.det(s2))
    return 0.5 * ((m2 - m1) @ inverse @ (m2 - m1) + np.trace(inverse @ s1) - log_ratio - 2)


def integrated(truth: np.ndarray, predicted: np.ndarray) -> float:
    """KL as an expectation under the truth, by Gauss-Hermite quadrature (exact for normals)."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(4)
    weights = weights / weights.sum()
    x = truth[0] + truth[2] * nodes
    y = truth[1] + truth[3] * nodes
    grid = np.stack(np.meshgrid(x, y, indexing="ij"), axis=-1)
    p = multivariate_normal(truth[:2], np.diag(truth[2:] ** 2))
    q = multivariate_normal(predicted[:2], np.diag(predicted[2:] ** 2))
    return float(weights @ (p.logpdf(grid) - q.logpdf(grid)) @ weights)


@relaxed
@given(rows)
def test_gaussian_kl_is_equation_1_and_its_integral(pairs: np.ndarray) -> None:
    truth, predicted = pairs[:, 0], pairs[:, 1]
    kl = gaussian_kl(truth, predicted).kl
    assert kl.shape == (len(pairs),)
    for one, t, p in zip(kl, truth, predicted, strict=True):
        assert one == pytest.approx(equation_1(t, p), rel=1e-9, abs=1e-9)
        assert one == pytest.approx(integrated(t, p), rel=1e-7, abs=1e-7)


@relaxed
@given(rows)
def test_gaussian_kl_is_zero_where_equal_and_only_there(pairs: np.ndarray) -> None:
    truth, predicted = pairs[:, 0], pairs[:, 1]
    assert not gaussian_kl(truth, truth).kl.any()
    kl = gaussian_kl(truth, predicted).kl
    assert (kl >= 0).all()
    apart = np.abs(truth - predicted).max(axis=1) > 1e-6
    assert (kl[apart] > 0).all()


@relaxed
@given(rows, st.randoms(use_true_random=False))
def test_gaussian_kl_ignores_signs_and_follows_order(pairs: np.ndarray, random) -> None:
    truth, predicted = pairs[:, 0], pairs[:, 1]
    kl = gaussian_kl(truth, predicted).kl
    signs = np.array([1, 1, random.choice([-1, 1]), random.choice([-1, 1])])
    np.testing.assert_array_equal(gaussian_kl(truth, predicted * signs).kl, kl)
    order = random.sample(range(len(pairs)), len(pairs))
    np.testing.assert_array_equal(gaussian_kl(truth[order], predicted[order]).kl, kl[order])


def test_standard_deviations_that_had_to_be_mended_are_counted() -> None:
    truth = np.tile([0.5, 0.5, 0.1, 0.2], (4, 1))
    predicted = truth.copy()
    predicted[0, 2] = -0.1  # negative, of fair size
    predicted[1, 3] = 0.0  # neither above 0 nor above the floor
    predicted[2, 2:] = 1e-5, -1e-5  # both below the floor, one negative
    scored = gaussian_kl(truth, predicted)
    assert scored.n_nonpositive == 3
    assert scored.n_floored == 3
    assert scored.kl[0] == 0
    assert scored.kl[3] == 0
    at_floor = np.array([0.5, 0.5, 0.1, STD_FLOOR])
    assert scored.kl[1] == pytest.approx(equation_1(truth[1], at_floor))
    assert scored.kl[1] > 1000


def test_the_floor_leaves_smaller_than_usual_predictions_alone() -> None:
    truth, predicted = np.array([[0.5, 0.5, 0.1, 0.1]]), np.array([[0.5, 0.5, 0.0011, 0.1]])
    scored = gaussian_kl(truth, predicted)
    assert scored.n_floored == 0
    assert scored.kl[0] == pytest.approx(equation_1(truth[0], predicted[0]))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({(1, 0): np.nan}, r"predictions not finite .* in valence_mean \(clip b\)"),
        ({(1, 3): np.inf}, r"predictions not finite .* in arousal_std \(clip b\)"),
        ({(0, 1): -1e200, (2, 2): 1e200}, r"in arousal_mean, valence_std \(clips a, c\)"),
    ],
)
def test_predictions_that_are_no_numbers_are_refused(change: dict, message: str) -> None:
    truth = np.tile([0.5, 0.5, 0.1, 0.2], (3, 1))
    predicted = truth.copy()
    for at, value in change.items():
        predicted[at] = value
    with pytest.raises(MerbenchError, match=message):
        gaussian_kl(truth, predicted, ids=["a", "b", "c"])


@pytest.mark.parametrize("std", [0.0, -0.1])
def test_truth_without_spread_is_refused_by_row(std: float) -> None:
    truth = np.tile([0.5, 0.5, 0.1, 0.2], (7, 1))
    truth[2:, 3] = std
    with pytest.raises(MerbenchError, match=r"in arousal_std \(rows 2, 3, 4 and 2 more\)"):
        gaussian_kl(truth, np.abs(truth) + 0.1)


@pytest.mark.parametrize(
    ("truth", "predicted", "message"),
    [
        (np.ones((2, 3)), np.ones((2, 4)), r"truth must have the shape .* this has \(2, 3\)"),
        (np.ones((2, 4)), np.ones(4), r"predictions must have the shape .* this has \(4,\)"),
        (np.ones((2, 4)), np.ones((3, 4)), "2 rows of truth and 3 of predictions"),
        (np.ones((0, 4)), np.ones((0, 4)), "no clip to score"),
    ],
)
def test_wrong_shapes_are_refused(truth: np.ndarray, predicted: np.ndarray, message: str) -> None:
    with pytest.raises(MerbenchError, match=message):
        gaussian_kl(truth, predicted)


weights = arrays(np.float64, (6, 4), elements=st.floats(0.01, 1))


@relaxed
@given(weights, weights)
def test_categorical_kl_is_at_least_zero_and_zero_where_equal(p: np.ndarray, q: np.ndarray) -> None:
    p, q = p / p.sum(axis=1, keepdims=True), q / q.sum(axis=1, keepdims=True)
    scored = categorical_kl(p, q)
    np.testing.assert_allclose(scored.kl, (p * np.log(p / q)).sum(axis=1), atol=1e-12)
    assert (scored.kl >= 0).all()
    assert scored.n_floored == 0
    np.testing.assert_allclose(categorical_kl(p, p).kl, 0, atol=1e-15)


@relaxed
@given(weights, st.lists(st.integers(0, 3), min_size=6, max_size=6))
def test_categorical_kl_of_one_hot_truth_is_the_log_loss(q: np.ndarray, classes: list[int]) -> None:
    q /= q.sum(axis=1, keepdims=True)
    kl = divergence(Task.QUADRANT, np.eye(4)[classes], q).kl
    assert kl.mean() == pytest.approx(log_loss(classes, q, labels=[0, 1, 2, 3]))


def test_impossible_quadrants_cost_the_floor_and_are_counted() -> None:
    scored = categorical_kl(np.eye(4)[[0, 1]], [[0, 1, 0, 0], [0, 1, 0, 0]])
    assert scored.n_floored == 6
    assert scored.kl[0] == pytest.approx(-np.log(PROBABILITY_FLOOR), rel=1e-5)
    assert scored.kl[1] == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ([0.5, 0.6, -0.1, 0.0], r"predicted probability below 0 in Q3 \(row 0\)"),
        ([0.5, 0.2, 0.1, 0.1], r"predicted probabilities do not add up to 1 \(row 0\)"),
        ([2.0, 1.0, 1.0, 1.0], "do not add up to 1"),
        ([np.nan, 1.0, 0.0, 0.0], "not finite"),
    ],
)
def test_what_is_no_distribution_is_refused(row: list[float], message: str) -> None:
    with pytest.raises(MerbenchError, match=message):
        divergence(Task.QUADRANT, np.eye(4)[[0]], [row])
    with pytest.raises(MerbenchError, match=message.replace("predicted", "true")):
        divergence(Task.QUADRANT, [row], np.eye(4)[[0]])
    nameless = message.replace("Q3", "class 3")
    with pytest.raises(MerbenchError, match=nameless):
        categorical_kl(np.eye(4)[[0]], [row])
