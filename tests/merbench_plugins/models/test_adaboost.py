"""SAMME.R, by its equations and by what scikit-learn gave when it had it."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import AdaBoostClassifier
from sklearn.tree import DecisionTreeClassifier

from merbench import Task
from merbench_plugins.models._samme_r import RealAdaBoostClassifier
from merbench_plugins.models.adaboost import AdaBoost


def clips(kind: str):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((500, 8))
    if kind == "bands":
        y = np.digitize(X[:, 0] + 0.4 * rng.standard_normal(500), [-0.6, 0, 0.6])
    elif kind == "rings":
        y = np.digitize((X[:, :3] ** 2).sum(axis=1), [1.2, 2.4, 4.1])
    else:
        y = 2 * (X[:, 1] + 0.5 * rng.standard_normal(500) < 0) + (X[:, 0] * X[:, 1] > 0)
    return X, y


def model(**parameters):
    return AdaBoost(smoothing=0, **parameters).estimator(task=Task.QUADRANT, seed=0, device="cpu")


@pytest.mark.parametrize(
    ("kind", "accuracy", "first"),
    [
        ("bands", 0.405, [0.033117477, 0.122461874, 0.39302916, 0.451391489]),
        ("rings", 0.395, [0.331316404, 0.333397562, 0.328736492, 0.006549543]),
        ("quadrants", 0.45, [0.060604112, 0.324075467, 0.328956844, 0.286363577]),
    ],
)
def test_scikit_learn_1_5_gave_the_same(kind, accuracy, first):
    """`AdaBoostClassifier(algorithm="SAMME.R", random_state=0)` of scikit-learn 1.5.2."""
    X, y = clips(kind)
    real = model(algorithm="samme.r").fit(X[:300], np.eye(4)[y[:300]]).predict(X[300:])
    assert np.mean(real.argmax(axis=1) == y[300:]) == accuracy
    np.testing.assert_allclose(real[0], first, atol=1e-9)
    discrete = model().fit(X[:300], np.eye(4)[y[:300]]).predict(X[300:])
    stump = DecisionTreeClassifier(max_depth=1)
    expected = AdaBoostClassifier(stump, random_state=0).fit(X[:300], y[:300])
    np.testing.assert_allclose(discrete, expected.predict_proba(X[300:]))
    assert np.abs(discrete - real).max() > 0.05


def test_two_steps_by_hand():
    """Algorithm 4 of Zhu et al. (2009), with the sums written out."""
    X, y = clips("bands")
    X, y, k = X[:60], y[:60], 4
    weights = np.random.default_rng(1).uniform(0.5, 2, 60)
    boosted = RealAdaBoostClassifier(DecisionTreeClassifier(max_depth=1), 2, random_state=0)
    boosted.fit(X, y, sample_weight=weights)
    w, votes = weights / weights.sum(), np.zeros((60, k))
    for tree in boosted.estimators_:
        again = DecisionTreeClassifier(max_depth=1, random_state=tree.random_state)
        p = np.maximum(again.fit(X, y, sample_weight=w).predict_proba(X), np.finfo(float).eps)
        for c in range(k):
            votes[:, c] += (k - 1) * (np.log(p[:, c]) - np.log(p).sum(axis=1) / k)
        for i in range(60):
            label = [1 if c == y[i] else -1 / (k - 1) for c in range(k)]
            w[i] *= np.exp(-(k - 1) / k * np.dot(label, np.log(p[i])))
        w /= w.sum()
    np.testing.assert_allclose(boosted.decision_function(X), votes / 2, atol=1e-9)
    np.testing.assert_allclose(boosted.decision_function(X).sum(axis=1), 0, atol=1e-9)
    np.testing.assert_array_equal(boosted.predict(X), votes.argmax(axis=1))


def test_it_ends_where_a_tree_makes_no_mistake():
    X = np.array([[0.0], [1.0], [2.0], [3.0]])
    boosted = RealAdaBoostClassifier(DecisionTreeClassifier(), 50, random_state=0)
    assert len(boosted.fit(X, [0, 1, 2, 3]).estimators_) == 1
    assert list(boosted.predict(X)) == [0, 1, 2, 3]


def test_examples_without_weight_are_as_if_they_were_not_there():
    X, y = clips("rings")
    weights = np.r_[np.ones(200), np.zeros(100)]
    stumps = (DecisionTreeClassifier(max_depth=1), 10, 1.0, 0)
    some = RealAdaBoostClassifier(*stumps).fit(X[:200], y[:200])
    all_of_them = RealAdaBoostClassifier(*stumps).fit(X[:300], y[:300], sample_weight=weights)
    np.testing.assert_allclose(all_of_them.predict_proba(X), some.predict_proba(X))


def test_shares_of_votes_enter_as_weighted_copies():
    X, y = clips("quadrants")
    shares = 0.7 * np.eye(4)[y] + 0.075
    predicted = model(algorithm="samme.r", n_estimators=5).fit(X[:300], shares[:300]).predict(X)
    np.testing.assert_allclose(predicted.sum(axis=1), 1)
    assert np.mean(predicted[300:].argmax(axis=1) == y[300:]) > 0.35
