"""Support vector regression."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError
from sklearn.metrics import r2_score

from merbench import Task
from merbench_plugins.models.support_vectors import SupportVectorRegression


def clips(n: int = 240, d: int = 60, seed: int = 0):
    """Arousal is the square of a hidden factor, which nothing linear can tell."""
    rng = np.random.default_rng(seed)
    factor = rng.uniform(-1, 1, (n, 1))
    X = factor @ rng.standard_normal((1, d)) + 0.1 * rng.standard_normal((n, d))
    Y = 0.2 + 0.02 * rng.standard_normal((n, 4))
    Y[:, 0] += 0.3 * factor[:, 0]
    Y[:, 1] += 0.5 * factor[:, 0] ** 2
    return X.astype(np.float32), Y


def fitted(X, Y, seed=0, **parameters):
    model = SupportVectorRegression(**parameters)
    return model.estimator(task=Task.VA, seed=seed, device="cpu").fit(X, Y)


def test_learns_what_is_not_linear():
    X, Y = clips()
    predicted = fitted(X[:160], Y[:160], gamma=1).predict(X[160:])
    assert (r2_score(Y[160:], predicted, multioutput="raw_values")[:2] > 0.8).all()


def test_targets_of_any_unit_are_learnt_alike():
    X, Y = clips(n=60)
    factor, shift = np.array([1, 0.01, 50, 1e3]), np.array([0, 1, -3, 9])
    plain = fitted(X, Y).predict(X)
    changed = fitted(X, Y * factor + shift).predict(X)
    np.testing.assert_allclose((changed - shift) / factor, plain, rtol=1e-2, atol=1e-3)


def test_a_target_that_never_varies_is_its_value():
    X, Y = clips(n=40)
    Y[:, 2] = 0.15
    np.testing.assert_allclose(fitted(X, Y).predict(X)[:, 2], 0.15, atol=1e-6)


@pytest.mark.parametrize(("n_components", "expected"), [(3, 3), (1, 1), (0.5, 1)])
def test_principal_components_kept(n_components, expected):
    X, Y = clips(n=60)
    model = SupportVectorRegression(n_components=n_components)
    assert type(model.n_components) is type(n_components)
    regression = fitted(X, Y, n_components=n_components).regressor_.regressor_
    assert regression[1].n_components_ == expected


def test_a_wide_tube_leaves_nothing_to_learn():
    X, Y = clips(n=60)
    predicted = fitted(X, Y, epsilon=50).predict(X)
    assert np.ptp(predicted, axis=0).max() < 1e-12


def test_global_random_state_is_left_alone():
    X, Y = clips(n=40)
    before = repr(np.random.get_state())  # noqa: NPY002
    fitted(X, Y)
    assert repr(np.random.get_state()) == before  # noqa: NPY002


@pytest.mark.parametrize(
    "wrong", [{"C": 0}, {"epsilon": -1}, {"n_components": 1.0}, {"n_components": 0}, {"gamma": 0}]
)
def test_wrong_parameters_are_refused(wrong):
    with pytest.raises(ValidationError):
        SupportVectorRegression(**wrong)
