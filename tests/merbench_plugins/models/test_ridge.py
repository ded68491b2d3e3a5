"""Ridge regression."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError
from sklearn.metrics import r2_score
from sklearn.preprocessing import StandardScaler

from merbench import Task
from merbench_plugins.models.ridge import Ridge


def clips(n: int = 60, d: int = 300, seed: int = 0):
    """Features with two hidden factors; valence and arousal follow them, the rest is noise."""
    rng = np.random.default_rng(seed)
    factors = rng.standard_normal((n, 2))
    X = factors @ rng.standard_normal((2, d)) + rng.standard_normal((n, d))
    Y = 0.2 + 0.02 * rng.standard_normal((n, 4))
    Y[:, :2] = 0.5 + 0.1 * factors + 0.02 * rng.standard_normal((n, 2))
    return X.astype(np.float32), Y


def fitted(X, Y, **parameters):
    return Ridge(**parameters).estimator(task=Task.VA, seed=0, device="cpu").fit(X, Y)


@pytest.mark.parametrize("scaling", ["rank", "standard"])
def test_learns_what_can_be_learnt_and_no_more(scaling):
    X, Y = clips(n=160)
    predicted = fitted(X[:80], Y[:80], scaling=scaling).predict(X[80:])
    r2 = r2_score(Y[80:], predicted, multioutput="raw_values")
    assert (r2[:2] > 0.8).all()
    assert (np.abs(r2[2:]) < 0.2).all()


def test_an_outlier_does_not_spoil_it():
    X, Y = clips(n=160)
    X[80::5, :150] *= 300
    wild, tame = (
        np.mean((fitted(X[:80], Y[:80], scaling=s).predict(X[80:]) - Y[80:]) ** 2)
        for s in ("standard", "rank")
    )
    assert tame < wild / 20


def test_penalty_is_the_one_of_least_leave_one_out_error_for_each_target():
    X, Y = clips(n=25, d=40)
    chosen = fitted(X, Y, scaling="standard").regressor_[-1].alpha_
    Z = StandardScaler().fit_transform(X.astype(np.float64)) / np.sqrt(X.shape[1])
    alphas = np.logspace(-3, 4, 15)
    errors = [leave_one_out_error(Z, Y, alpha) for alpha in alphas]
    np.testing.assert_allclose(chosen, alphas[np.argmin(errors, axis=0)])
    assert len(set(chosen)) > 1


def leave_one_out_error(Z, Y, alpha):
    """Fit as often as there are clips, features scaled once."""
    errors = []
    for i in range(len(Z)):
        rest = np.arange(len(Z)) != i
        mean, centre = Y[rest].mean(axis=0), Z[rest].mean(axis=0)
        A = Z[rest] - centre
        weights = np.linalg.solve(A.T @ A + alpha * np.eye(A.shape[1]), A.T @ (Y[rest] - mean))
        errors.append((mean + (Z[i] - centre) @ weights - Y[i]) ** 2)
    return np.mean(errors, axis=0)


def test_a_penalty_given_is_the_one_used():
    X, Y = clips(n=25, d=40)
    predicted = fitted(X, Y, scaling="standard", alpha=0.3).predict(X)
    Z = StandardScaler().fit_transform(X.astype(np.float64)) / np.sqrt(X.shape[1])
    K = Z @ Z.T
    expected = Y.mean(0) + K @ np.linalg.solve(K + 0.3 * np.eye(25), Y - Y.mean(0))
    np.testing.assert_allclose(predicted, expected, rtol=1e-6)


@pytest.mark.parametrize("scaling", ["rank", "standard"])
def test_silent_clips_make_constant_features_which_are_no_matter(scaling):
    X, Y = clips()
    padded = np.concatenate([X, np.full((len(X), 50), 3.7, np.float32)], axis=1)
    plain = fitted(X, Y, scaling=scaling).predict(X)
    np.testing.assert_allclose(fitted(padded, Y, scaling=scaling).predict(padded), plain)
    mean = fitted(np.ones_like(X), Y, scaling=scaling).predict(X)
    np.testing.assert_allclose(mean, np.tile(Y.mean(axis=0), (len(X), 1)))


@pytest.mark.parametrize("wrong", [{"alpha": 0}, {"scaling": "some"}, {"penalty": 1}])
def test_wrong_parameters_are_refused(wrong):
    with pytest.raises(ValidationError):
        Ridge(**wrong)
