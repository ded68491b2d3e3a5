"""Boosted trees."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError
from sklearn.metrics import r2_score

from merbench import Task, threads
from merbench_plugins.models.gradient_boosting import XGBoost


def clips(n: int = 200, d: int = 20, seed: int = 0):
    """Valence and arousal step where a feature crosses 0."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d)).astype(np.float32)
    Y = 0.2 + 0.02 * rng.standard_normal((n, 4))
    Y[:, :2] += 0.4 * (X[:, :2] > 0)
    return X, Y


def fitted(X, Y, seed=0, **parameters):
    return XGBoost(**parameters).estimator(task=Task.VA, seed=seed, device="cpu").fit(X, Y)


def test_learns_steps():
    X, Y = clips()
    predicted = fitted(X[:150], Y[:150], colsample_bytree=0.5).predict(X[150:])
    assert predicted.dtype == np.float64
    assert (r2_score(Y[150:], predicted, multioutput="raw_values")[:2] > 0.8).all()


def test_seed_decides():
    X, Y = clips(n=60)
    first, again, other = (fitted(X, Y, seed, n_estimators=5).predict(X) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_seeds_of_any_size_are_taken():
    X, Y = clips(n=30)
    fitted(X, Y, 2**63 + 5, n_estimators=2)


@pytest.mark.parametrize("rounds", [1, 3])
def test_one_tree_a_round_and_target(rounds):
    X, Y = clips(n=40)
    booster = fitted(X, Y, n_estimators=rounds).regressor_.get_booster()
    assert len(booster.get_dump()) == 4 * rounds


def test_every_parameter_reaches_the_library():
    given = XGBoost(
        n_estimators=7,
        learning_rate=0.3,
        max_depth=2,
        min_child_weight=4,
        subsample=0.6,
        colsample_bytree=0.7,
        colsample_bynode=0.9,
        reg_lambda=3,
        max_bin=9,
    )
    inner = given.estimator(task=Task.VA, seed=5, device="cpu").regressor.get_params()
    assert given.model_dump(exclude={"smoothing"}).items() <= inner.items()
    other = given.estimator(task=Task.QUADRANT, seed=5, device="cpu")
    assert given.model_dump(exclude={"smoothing"}).items() <= other.classifier.get_params().items()
    assert inner["tree_method"] == "hist"
    assert inner["random_state"] == 5


def test_threads_are_those_allowed(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    inner = XGBoost().estimator(task=Task.VA, seed=0, device="cpu").regressor
    assert inner.n_jobs == threads.available() == 3


def test_more_penalty_draws_predictions_to_the_mean():
    X, Y = clips(n=60)
    spread = [np.ptp(fitted(X, Y, reg_lambda=p).predict(X)[:, 0]) for p in (0, 100, 10_000)]
    assert spread[0] > 2 * spread[1] > 4 * spread[2]


@pytest.mark.parametrize("wrong", [{"subsample": 0}, {"max_depth": 0}, {"n_trees": 5}])
def test_wrong_parameters_are_refused(wrong):
    with pytest.raises(ValidationError):
        XGBoost(**wrong)
