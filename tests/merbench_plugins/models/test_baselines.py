"""Baselines that never look at the music."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn.base import BaseEstimator
from sklearn.metrics import r2_score

from merbench import FeatureKind, MerbenchError, Model, Task
from merbench.evaluation import best_constant, gaussian_kl
from merbench.plugins import discovery
from merbench_plugins.models.baselines import (
    ConstantMean,
    ConstantMoments,
    Majority,
    ShuffledLabels,
)
from merbench_plugins.models.ridge import Ridge

NOTHING = np.empty((40, 0), np.float32)


def ratings(n: int = 40, seed: int = 0):
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.uniform(0.2, 0.8, (n, 2)), rng.uniform(0.05, 0.3, (n, 2))], axis=1)


def fitted(model, X, Y, *, task=Task.VA, seed=0):
    return model.estimator(task=task, seed=seed, device="cpu").fit(X, Y)


def mean_kl(row, Y):
    return gaussian_kl(Y, np.tile(row, (len(Y), 1))).kl.mean()


def test_constant_mean():
    Y = ratings()
    predicted = fitted(ConstantMean(), NOTHING, Y).predict(NOTHING[:3])
    np.testing.assert_allclose(predicted, np.tile(Y.mean(axis=0), (3, 1)))


def test_constant_mean_of_quadrants_is_their_shares():
    Y = np.eye(4)[[0, 0, 0, 1, 3]]
    predicted = fitted(ConstantMean(), NOTHING[:5], Y, task=Task.QUADRANT).predict(NOTHING[:1])
    np.testing.assert_allclose(predicted, [[0.6, 0.2, 0, 0.2]])


def test_majority_is_the_commonest_quadrant_of_the_clips_not_of_the_votes():
    Y = np.array([[0.6, 0.4, 0, 0], [0.6, 0.4, 0, 0], [0, 1, 0, 0]])
    assert Y.sum(axis=0)[1] > Y.sum(axis=0)[0]
    predicted = fitted(Majority(), NOTHING[:3], Y, task=Task.QUADRANT).predict(NOTHING[:2])
    np.testing.assert_array_equal(predicted, [[1, 0, 0, 0]] * 2)


def test_constant_moments_of_a_worked_example():
    """Means 0.2 and 0.6: variance 0.04. Deviations 0.1 and 0.3: mean square 0.05."""
    Y = np.array([[0.2, 0.5, 0.1, 0.2], [0.6, 0.5, 0.3, 0.2]])
    (row,) = fitted(ConstantMoments(), NOTHING[:2], Y).predict(NOTHING[:1])
    np.testing.assert_allclose(row, [0.4, 0.5, 0.3, 0.2])


@settings(deadline=None)
@given(
    arrays.arrays(np.float64, (7, 4), elements=st.floats(0.05, 0.95)),
    arrays.arrays(np.float64, 4, elements=st.floats(-0.04, 0.04)),
)
def test_no_constant_is_nearer_than_constant_moments(Y, step):
    (row,) = fitted(ConstantMoments(), NOTHING[:7], Y).predict(NOTHING[:1])
    assert mean_kl(row, Y) <= mean_kl(row + step, Y) + 1e-12


def test_constant_moments_is_the_evaluators_best_constant():
    Y = ratings()
    (row,) = fitted(ConstantMoments(), NOTHING, Y).predict(NOTHING[:1])
    np.testing.assert_allclose(row, np.ravel(best_constant(Task.VA, Y)))


@pytest.mark.parametrize("model", [ConstantMean(), ConstantMoments(), ShuffledLabels()])
def test_unsound_labels_are_refused(model):
    with pytest.raises(MerbenchError, match="39 rows of labels for 40 training clips"):
        fitted(model, NOTHING, ratings(39))
    with pytest.raises(MerbenchError, match="NaN"):
        fitted(model, NOTHING, np.full((40, 4), np.nan))


@pytest.mark.parametrize("task", list(Task))
def test_shuffled_labels_are_drawn_from_training_clips(task):
    Y = ratings() if task is Task.VA else np.eye(4)[np.arange(40) % 4]
    many = np.empty((2_000, 0))
    predicted = fitted(ShuffledLabels(), NOTHING, Y, task=task).predict(many)
    rows, counts = np.unique(predicted, axis=0, return_counts=True)
    np.testing.assert_array_equal(rows, np.unique(Y, axis=0))
    assert counts.min() > 0.4 * len(many) / len(rows)


@pytest.mark.parametrize("model", [ShuffledLabels(), ShuffledLabels(model=Ridge(alpha=0.01))])
def test_seed_decides_what_is_shuffled_where(model):
    Y = ratings()
    X = np.random.default_rng(0).standard_normal((40, 30)) if model.inputs else NOTHING
    first, again, other = (fitted(model, X, Y, seed=s).predict(X) for s in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


class Witness(BaseEstimator):
    """Keeps what it is fitted to."""

    def fit(self, X, Y, groups=None, copy_of=None):
        self.seen_ = X, Y
        self.told_ = groups, copy_of
        self.curve_ = [{"loss": 0.5}]
        self.trials_ = [{"score": 0.5}]
        return self

    def predict(self, X):
        return np.zeros((len(X), 4))


class Watched(Model):
    """A model that keeps what it is fitted to."""

    name = "watched"
    inputs = FeatureKind.IMAGE
    tasks = frozenset({Task.QUADRANT})

    def estimator(self, *, task, seed, device):
        return Witness()


def test_a_shuffled_model_sees_every_label_once_and_beside_other_clips():
    X, Y = np.arange(40).reshape(-1, 1), ratings()
    given_labels = Y.copy()
    estimator = fitted(ShuffledLabels(model=Watched()), X, Y)
    seen_X, seen_Y = estimator.estimator_.seen_
    np.testing.assert_array_equal(Y, given_labels)
    np.testing.assert_array_equal(seen_X, X)
    np.testing.assert_array_equal(np.unique(seen_Y, axis=0), np.unique(Y, axis=0))
    assert (seen_Y == Y).all(axis=1).mean() < 0.2
    assert estimator.curve_ == [{"loss": 0.5}]
    assert estimator.trials_ == [{"score": 0.5}]


def test_a_shuffled_model_is_told_of_groups_and_copies():
    X, Y = np.arange(40).reshape(-1, 1), ratings()
    known = np.full(40, "a"), np.arange(40)
    made = ShuffledLabels(model=Watched()).estimator(task=Task.VA, seed=0, device="cpu")
    made.fit(X, Y, groups=known[0], copy_of=known[1])
    assert made.estimator_.told_ == known


def test_a_shuffled_model_learns_nothing_where_there_is_something():
    rng = np.random.default_rng(0)
    Y = ratings(200)
    X = Y[:, :1] + 0.01 * rng.standard_normal((200, 20))
    r2 = [
        r2_score(Y[100:, 0], fitted(m, X[:100], Y[:100]).predict(X[100:])[:, 0])
        for m in (Ridge(), ShuffledLabels(model=Ridge()))
    ]
    assert r2[0] > 0.9
    assert r2[1] < 0.1


def test_shuffled_labels_takes_what_its_model_takes():
    assert ShuffledLabels().input_kinds == ()
    assert ShuffledLabels().tasks == set(Task)
    shuffled = ShuffledLabels(model=Watched())
    assert shuffled.input_kinds == (FeatureKind.IMAGE,)
    assert shuffled.tasks == {Task.QUADRANT}
    assert shuffled.title == "shuffled-labels(watched)"


def test_shuffled_labels_finds_its_model_by_name():
    built = discovery.load_plugins().build(
        "model", "shuffled-labels", {"model": {"ridge": {"alpha": 2}}}
    )
    assert built == ShuffledLabels(model=Ridge(alpha=2))


def test_baselines_are_included_by_themselves():
    for model in (ConstantMean(), ConstantMoments(), ShuffledLabels()):
        assert model.baseline
        assert model.input_kinds == ()
        assert Task.VA in model.tasks
    assert Task.QUADRANT not in ConstantMoments().tasks
