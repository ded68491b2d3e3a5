"""The multi-layer perceptron: what it becomes without hidden layers, and when it ends."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from pydantic import ValidationError
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.preprocessing import StandardScaler

from merbench import Task
from merbench_plugins.models.perceptron import Perceptron

RNG = np.random.default_rng(4)
X = RNG.standard_normal((90, 3))
Y = np.eye(4)[2 * (X[:, 1] + RNG.standard_normal(90) < 0) + (X[:, 0] + RNG.standard_normal(90) > 0)]
SOFTMAX = {
    "hidden_layers": (), "solver": "sgd", "momentum": 0, "alpha": 0, "until_settled": False,
    "smoothing": 0,
}  # fmt: skip


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


def fitted(task=Task.QUADRANT, labels=Y, seed=0, **parameters):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return Perceptron(**parameters).estimator(task=task, seed=seed, device="cpu").fit(X, labels)


def predicted(**parameters):
    return fitted(**parameters).predict(X)


def softmax(scores):
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True)


def test_without_hidden_layers_an_epoch_on_all_clips_is_a_step_of_softmax_regression():
    scaled = StandardScaler().fit_transform(X)
    probabilities = [
        predicted(**SOFTMAX, batch_size=90, learning_rate=0.5, max_iter=epochs)
        for epochs in (1, 2, 3)
    ]
    # Scores up to a constant a clip; what a step adds to them follows from the gradient alone.
    scores = [np.log(p) - np.log(p).mean(axis=1, keepdims=True) for p in probabilities]
    for before, after, p in zip(scores, scores[1:], probabilities, strict=False):
        error = (Y - softmax(before)) / len(Y)
        np.testing.assert_allclose(softmax(before), p, atol=1e-12)
        step = 0.5 * (scaled @ (scaled.T @ error) + error.sum(axis=0))
        np.testing.assert_allclose(after - before, step - step.mean(axis=1, keepdims=True),
                                   atol=1e-10)  # fmt: skip


def test_without_hidden_layers_its_optimum_is_that_of_logistic_regression():
    long = {"batch_size": 90, "learning_rate": 0.5, "max_iter": 4_000, "momentum": 0.9}
    ours = predicted(**(SOFTMAX | long | {"alpha": 2.0}))
    scaled = StandardScaler().fit_transform(X)
    theirs = LogisticRegression(C=0.5, tol=1e-10, max_iter=10_000).fit(scaled, Y.argmax(axis=1))
    np.testing.assert_allclose(ours, theirs.predict_proba(scaled), atol=1e-6)


def test_without_hidden_layers_it_is_linear_regression_for_valence_and_arousal():
    labels = np.column_stack([0.5 + 0.1 * X[:, :2], np.full((90, 2), 0.1) + 0.01 * X[:, 1:]])
    long = {"batch_size": 90, "learning_rate": 0.1, "max_iter": 2_000}
    rows = predicted(task=Task.VA, labels=labels, **(SOFTMAX | long | {"smoothing": 1}))
    np.testing.assert_allclose(rows, LinearRegression().fit(X, labels).predict(X), atol=1e-6)


def test_it_runs_all_epochs_only_where_told_to():
    settled = {"solver": "sgd", "learning_rate": 1e-5, "max_iter": 40}  # falls by less than 0.0001
    epochs = [fitted(**settled, until_settled=until).classifier_.n_iter_ for until in (True, False)]
    assert epochs[0] < 20
    assert epochs[1] == 40


def test_with_early_stopping_too():
    settled = {"solver": "sgd", "learning_rate": 1e-5, "max_iter": 40, "early_stopping": True}
    epochs = [fitted(**settled, until_settled=until).classifier_.n_iter_ for until in (True, False)]
    assert epochs[0] < epochs[1] == 40


@pytest.mark.parametrize(
    "change",
    [
        {"solver": "adam"}, {"momentum": 0.0}, {"batch_size": 7}, {"hidden_layers": ()},
        {"learning_rate": 0.1}, {"alpha": 1.0}, {"max_iter": 2}, {"early_stopping": True},
    ],
    ids=str,
)  # fmt: skip
def test_every_parameter_matters(change):
    plain = {"solver": "sgd", "max_iter": 5, "learning_rate": 0.01}
    assert not np.allclose(predicted(**plain), predicted(**(plain | change)), atol=1e-6)


@pytest.mark.parametrize(
    "wrong", [{"hidden_layers": (0,)}, {"solver": "lbfgs"}, {"batch_size": 0}, {"momentum": 1.5}]
)
def test_wrong_parameters_are_refused(wrong):
    with pytest.raises(ValidationError):
        Perceptron(**wrong)
