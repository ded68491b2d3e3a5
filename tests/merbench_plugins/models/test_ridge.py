"""Ridge regression."""

from __future__ import annotations

from contextlib import nullcontext

import numpy as np
import pytest
from pydantic import ValidationError
from sklearn.linear_model import Ridge as Penalised
from sklearn.linear_model import RidgeClassifierCV
from sklearn.metrics import r2_score
from sklearn.preprocessing import StandardScaler

from merbench import MerbenchError, Task
from merbench_plugins.models._ridge import (
    ALPHAS,
    ChosenRidge,
    ChosenRidgeClassifier,
    left_out_errors,
)
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
    chosen = fitted(X, Y, scaling="standard").regressor_.alpha_
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


@pytest.mark.parametrize("d", [10, 40], ids=["more clips", "more features"])
def test_groups_left_out_err_as_when_they_are_not_fitted_to(d):
    X, Y = clips(n=25, d=d)
    units = np.random.default_rng(0).integers(0, 6, 25)
    X = X.astype(np.float64) / np.sqrt(d)
    errors = np.empty((len(ALPHAS), 25, 4))
    for unit in np.unique(units):
        rest, own = np.flatnonzero(units != unit), np.flatnonzero(units == unit)
        for i, alpha in enumerate(ALPHAS):
            fitted_to_rest = Penalised(alpha, solver="svd").fit(X[rest], Y[rest])
            errors[i, own] = (fitted_to_rest.predict(X[own]) - Y[own]) ** 2
    np.testing.assert_allclose(left_out_errors(X, Y, units), errors.mean(axis=1), rtol=1e-6)


def test_penalty_is_the_one_of_least_error_on_groups_left_out():
    rng = np.random.default_rng(0)
    artist = np.repeat(np.arange(12), 5)
    # What tells artists apart says nothing of the next one.
    X = np.hstack([np.eye(12)[artist], rng.standard_normal((60, 5))])
    X += 0.01 * rng.standard_normal(X.shape)
    Y = 0.5 + rng.standard_normal((12, 4))[artist] + 0.1 * rng.standard_normal((60, 4))
    apart, regardless = (
        ChosenRidge("standard").fit(X, Y, groups=groups) for groups in (artist.astype(str), None)
    )
    assert (apart.alpha_ > 10 * regardless.alpha_).all()
    scaled = apart.scaler_.transform(X)
    best = left_out_errors(scaled, Y, artist).argmin(axis=0)
    np.testing.assert_array_equal(apart.alpha_, ALPHAS[best])
    by_hand = [
        Penalised(alpha).fit(scaled, y).predict(scaled)
        for alpha, y in zip(apart.alpha_, Y.T, strict=True)
    ]
    np.testing.assert_allclose(apart.predict(X), np.column_stack(by_hand))
    # Each clip by itself is what scikit-learn's leave-one-out has.
    alone = ChosenRidge("standard").fit(X, Y, groups=np.arange(60).astype(str))
    np.testing.assert_array_equal(alone.alpha_, regardless.alpha_)


def test_copies_of_a_clip_are_left_out_with_it():
    X, Y = clips(n=25, d=40)
    copied, labels = np.vstack([X, X + 0.01]), np.vstack([Y, Y])
    copy_of = np.tile(np.arange(25), 2)
    alone, told, untold = (
        made.alpha_
        for made in (
            ChosenRidge("standard").fit(X, Y),
            ChosenRidge("standard").fit(copied, labels, copy_of=copy_of),
            ChosenRidge("standard").fit(copied, labels),
        )
    )
    assert (told >= alone).all()  # twice the clips want twice the penalty
    assert (untold[:2] < alone[:2]).any() or (untold[2:] < alone[2:]).all()


def test_the_classifier_s_penalty_is_found_with_groups_apart():
    rng = np.random.default_rng(0)
    artist = np.repeat(np.arange(20), 5)
    X = np.eye(20)[artist] + 0.01 * rng.standard_normal((100, 20))
    Y = np.eye(2)[rng.permutation(np.arange(20) % 2)][artist]
    penalties = []
    for groups in (None, artist.astype(str)):
        made = Ridge(scaling="standard").estimator(task=Task.QUADRANT, seed=0, device="cpu")
        made.fit(X, Y, groups=groups)
        penalties.append(made.classifier_.calibrated_classifiers_[0].estimator.alpha)
    assert penalties[1] > 5 * penalties[0]
    plain = ChosenRidgeClassifier().fit(X, Y.argmax(axis=1))
    assert plain.alpha == RidgeClassifierCV(ALPHAS).fit(X, Y.argmax(axis=1)).alpha_


def test_clips_of_one_group_are_refused_where_a_penalty_is_to_be_found():
    X, Y = clips(n=10)
    one = np.full(10, "one")
    for parameters, refused in (({}, True), ({"alpha": 1.0}, False)):
        made = Ridge(**parameters).estimator(task=Task.VA, seed=0, device="cpu")
        with pytest.raises(MerbenchError, match="all of one group") if refused else nullcontext():
            made.fit(X, Y, groups=one)


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
