from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn import metrics as reference

from merbench import Task
from merbench.evaluation.evaluator import evaluate
from merbench.evaluation.metrics import (
    ccc,
    confusion_matrix,
    is_count,
    median_upper,
    pearson,
    r2,
)

# A busy machine is no failure: no deadline.
relaxed = settings(deadline=None, max_examples=60)
RNG = np.random.default_rng(3)
TRUTH = np.hstack([RNG.random((30, 2)), RNG.uniform(0.05, 0.3, (30, 2))])
PREDICTED = 0.6 * TRUTH + 0.1 * RNG.random((30, 4)) + 0.1
COLUMNS = Task.VA.columns

vector = arrays(np.float64, 12, elements=st.floats(-1, 1).map(lambda x: round(x, 6)))


def test_va_metrics_agree_with_scikit_learn_and_numpy() -> None:
    evaluation = evaluate(Task.VA, TRUTH, PREDICTED)
    m = evaluation.metrics
    assert evaluation.kl.shape == (30,)
    assert m["kl_mean"] == evaluation.kl.mean()
    assert m["kl_median"] == np.median(evaluation.kl)
    assert m["mse"] == pytest.approx(reference.mean_squared_error(TRUTH, PREDICTED))
    assert m["rmse"] == pytest.approx(math.sqrt(m["mse"]))
    for i, column in enumerate(COLUMNS):
        t, p = TRUTH[:, i], PREDICTED[:, i]
        assert m[f"mse_{column}"] == pytest.approx(reference.mean_squared_error(t, p))
        assert m[f"rmse_{column}"] == pytest.approx(math.sqrt(m[f"mse_{column}"]))
        assert m[f"r2_{column}"] == pytest.approx(reference.r2_score(t, p))
        assert m[f"pearson_{column}"] == pytest.approx(np.corrcoef(t, p)[0, 1])
        # Lin (1989): rho_c is Pearson's r times a bias correction.
        v = t.std() / p.std()
        u = (t.mean() - p.mean()) / math.sqrt(t.std() * p.std())
        bias = 2 / (v + 1 / v + u**2)
        assert m[f"ccc_{column}"] == pytest.approx(np.corrcoef(t, p)[0, 1] * bias)
    assert all(isinstance(value, (int, float)) for value in m.values())


def test_errors_take_predictions_as_they_stand_sign_included() -> None:
    predicted = TRUTH * [1, 1, -1, 1]
    m = evaluate(Task.VA, TRUTH, predicted).metrics
    assert m["kl_mean"] == 0
    assert m["n_nonpositive_std"] == 30
    assert m["mse_valence_std"] == pytest.approx((4 * TRUTH[:, 2] ** 2).mean())


def test_what_is_undefined_is_nan() -> None:
    constant = np.tile(TRUTH.mean(axis=0), (30, 1))
    m = evaluate(Task.VA, TRUTH, constant).metrics
    assert math.isnan(m["pearson_valence_mean"])
    assert m["r2_valence_mean"] == pytest.approx(0)
    assert m["ccc_valence_mean"] == pytest.approx(0)
    m = evaluate(Task.VA, constant, PREDICTED).metrics
    assert math.isnan(m["r2_arousal_std"])
    assert math.isnan(m["pearson_arousal_std"])
    one = evaluate(Task.VA, TRUTH[:1], TRUTH[:1]).metrics
    assert math.isnan(one["ccc_valence_mean"])
    assert one["kl_mean"] == one["kl_median"] == one["kl_median_upper"] == 0


@relaxed
@given(vector, vector)
def test_correlations_stay_in_bounds_and_concordance_never_exceeds_pearson(
    t: np.ndarray, p: np.ndarray
) -> None:
    r, concordance = pearson(t, p), ccc(t, p)
    assert math.isnan(r) or -1 <= r <= 1
    if not math.isnan(r):
        assert abs(concordance) <= abs(r) + 1e-9
        assert pearson(p, t) == pytest.approx(r)
        assert pearson(t, 3 * p + 1) == pytest.approx(r, abs=1e-6)
    if np.ptp(t) > 0:
        assert r2(t, p) <= 1
        assert r2(t, t) == pearson(t, t) == pytest.approx(1)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 2, 3, 4], 3),  # even: the upper middle
        ([1, 2, 3, 4, 5], 4),  # odd: one above the median
        ([2, 1], 2),
        ([3, 2, 1], 3),
        ([7], 7),
    ],
)
def test_median_upper_is_the_papers(values: list[float], expected: float) -> None:
    assert median_upper(values) == expected


@relaxed
@given(st.lists(st.floats(0, 100), min_size=2, max_size=40))
def test_median_upper_is_the_smallest_of_the_larger_half(values: list[float]) -> None:
    larger = sorted(values, reverse=True)[: len(values) // 2]
    assert median_upper(values) == min(larger)
    assert median_upper(values) >= np.median(values)


classes = st.lists(st.integers(0, 3), min_size=10, max_size=10)


@relaxed
@given(classes, arrays(np.float64, (10, 4), elements=st.floats(0.01, 1)))
def test_quadrant_metrics_agree_with_scikit_learn(true: list[int], weights: np.ndarray) -> None:
    q = weights / weights.sum(axis=1, keepdims=True)
    called = q.argmax(axis=1)
    m = evaluate(Task.QUADRANT, np.eye(4)[true], q).metrics
    assert m["accuracy"] == pytest.approx(reference.accuracy_score(true, called))
    assert m["macro_f1"] == pytest.approx(reference.f1_score(true, called, average="macro"))
    recalls = reference.recall_score(true, called, labels=sorted(set(true)), average=None)
    assert m["balanced_accuracy"] == pytest.approx(np.mean(recalls))
    expected = reference.confusion_matrix(true, called, labels=range(4))
    np.testing.assert_array_equal(confusion_matrix(np.eye(4)[true], q), expected)
    for i in range(4):
        for j in range(4):
            assert m[f"confusion_Q{i + 1}_Q{j + 1}"] == expected[i, j]


def test_log_loss_and_kl_of_each_quadrant_by_hand() -> None:
    truth = np.array([[1, 0, 0, 0], [0.5, 0.5, 0, 0], [0, 0, 0, 1]])
    predicted = np.array([[0.5, 0.25, 0.25, 0], [0.5, 0.25, 0.25, 0], [0.25, 0.25, 0.25, 0.25]])
    m = evaluate(Task.QUADRANT, truth, predicted).metrics
    votes = 0.5 * np.log(2)  # 1/2 ln(0.5 / 0.5) + 1/2 ln(0.5 / 0.25)
    assert m["kl_Q1"] == pytest.approx((np.log(2) + votes) / 2, abs=1e-5)
    assert m["kl_Q4"] == pytest.approx(np.log(4))
    assert math.isnan(m["kl_Q2"])
    assert math.isnan(m["kl_Q3"])
    expected = reference.log_loss([0, 0, 1, 3], predicted[[0, 1, 1, 2]],
                                  sample_weight=[1, 0.5, 0.5, 1], labels=range(4))  # fmt: skip
    assert m["log_loss"] == pytest.approx(expected, abs=1e-5)
    assert m["log_loss"] == pytest.approx(m["kl_mean"] + np.log(2) / 3)


def test_what_is_summed_over_folds_is_what_counts() -> None:
    va = evaluate(Task.VA, TRUTH, PREDICTED).metrics
    quadrants = evaluate(Task.QUADRANT, np.eye(4), np.eye(4)).metrics
    counts = {metric for metric in va | quadrants if is_count(metric)}
    assert counts == {
        metric for metric, value in (va | quadrants).items() if isinstance(value, int)
    }


def test_tied_votes_are_counted_and_the_lower_quadrant_taken() -> None:
    truth = np.array([[0.4, 0.4, 0.2, 0], [0, 0.1, 0.1, 0.8]])
    m = evaluate(Task.QUADRANT, truth, np.eye(4)[[0, 3]]).metrics
    assert m["n_tied_truth"] == 1
    assert m["accuracy"] == 1
    assert m["n_floored_probability"] == 6
