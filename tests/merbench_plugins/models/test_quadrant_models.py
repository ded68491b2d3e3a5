"""Every model of vectors that can be fitted for quadrants."""

from __future__ import annotations

import numpy as np
import pytest
from quadrant_models import REGISTRY, clips, fitted
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.ensemble import AdaBoostClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import r2_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from xgboost import XGBClassifier

from merbench import FeatureKind, MerbenchError, Task
from merbench.evaluation import categorical_kl

CLASSICAL = sorted(
    entry.name
    for entry in REGISTRY.of_kind("model")
    if entry.origin.distribution == "merbench"
    and entry.name != "shuffled-labels"
    and not any(field.is_required() for field in entry.cls.model_fields.values())  # wrappers
    and (model := REGISTRY.build("model", entry.name, {})).inputs is FeatureKind.VECTOR
    and Task.QUADRANT in model.tasks
)
BOTH = ["adaboost", "decision-tree", "knn", "mlp", "random-forest", "ridge", "xgboost"]


pytestmark = pytest.mark.usefixtures("one_thread")


def test_all_that_the_second_paper_compares_are_here():
    assert {
        *("logistic-regression", "ridge", "linear-svc", "svc", "random-forest", "adaboost"),
        *("gaussian-naive-bayes", "lda", "qda", "one-vs-rest", "knn", "decision-tree", "mlp"),
        "xgboost",
    } == set(CLASSICAL)


@pytest.mark.parametrize("name", CLASSICAL)
def test_hears_what_there_is_to_hear(name):
    X, Y = clips()
    predicted = fitted(name, X[:160], Y[:160]).predict(X[160:])
    prior = np.tile(Y[:160].mean(axis=0), (80, 1))
    assert (predicted.argmax(axis=1) == Y[160:].argmax(axis=1)).mean() > 0.45
    assert categorical_kl(Y[160:], predicted).kl.mean() < categorical_kl(Y[160:], prior).kl.mean()


@pytest.mark.parametrize("name", CLASSICAL)
def test_a_quadrant_no_training_clip_is_in_keeps_its_column(name):
    X, Y = clips()
    seen = Y[:, 1] == 0
    predicted = fitted(name, X[seen], Y[seen]).predict(X)
    np.testing.assert_allclose(predicted.sum(axis=1), 1)
    assert (predicted[:, 1] > 0).all()
    assert predicted[:, 1].max() < 0.25
    assert (predicted[seen].argmax(axis=1) == Y[seen].argmax(axis=1)).mean() > 0.6
    assert (fitted(name, X[seen], Y[seen], smoothing=0).predict(X)[:, 1] == 0).all()


@pytest.mark.parametrize("name", CLASSICAL)
def test_a_single_quadrant_is_a_constant(name):
    X, Y = clips(40)
    Y[:] = [0, 0, 1, 0]
    predicted = fitted(name, X, Y).predict(X)
    assert (predicted[:, 2] > predicted[:, [0, 1, 3]].max(axis=1)).all()
    assert np.ptp(predicted, axis=0).max() < 0.45  # a tree's leaf, neighbours: clips they rest on
    np.testing.assert_array_equal(fitted(name, X, Y, smoothing=0).predict(X), Y)


@pytest.mark.parametrize("name", CLASSICAL)
def test_shares_of_votes_are_learnt(name):
    X, Y = clips()
    votes = 0.7 * Y + 0.3 * np.roll(Y, 1, axis=1)  # as if 3 of 10 listeners said the next one
    predicted = fitted(name, X[:160], votes[:160]).predict(X[160:])
    prior = np.tile(votes[:160].mean(axis=0), (80, 1))
    np.testing.assert_allclose(predicted.sum(axis=1), 1)
    assert (predicted.argmax(axis=1) == Y[160:].argmax(axis=1)).mean() > 0.5
    if name not in ("lda", "qda", "ridge"):  # these take the most probable quadrant
        kl, before = (categorical_kl(votes[160:], rows).kl.mean() for rows in (predicted, prior))
        assert kl < before


@pytest.mark.parametrize("name", CLASSICAL)
def test_smoothing_leaves_the_likeliest_quadrant_alone(name):
    X, Y = clips(120)
    rough, smooth = (fitted(name, X, Y, smoothing=s).predict(X + 0.5) for s in (0, 2))
    assert not np.array_equal(rough, smooth)
    np.testing.assert_array_equal(
        np.argmax(rough.round(9), axis=1), np.argmax(smooth.round(9), axis=1)
    )
    assert smooth.min() > rough.min()


@pytest.mark.parametrize("name", CLASSICAL)
def test_the_seed_decides_all(name):
    X, Y = clips(80)
    before = repr(np.random.get_state())  # noqa: NPY002
    first, again = (fitted(name, X, Y, seed=2**40 + 3).predict(X) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert repr(np.random.get_state()) == before  # noqa: NPY002


@pytest.mark.parametrize("name", CLASSICAL)
def test_labels_that_are_no_distributions_are_refused(name):
    X, Y = clips(20)
    with pytest.raises(MerbenchError, match="no distribution"):
        fitted(name, X, Y * 2)
    with pytest.raises(MerbenchError, match="no distribution"):
        fitted(name, X, np.tile([1.5, -0.5, 0, 0], (20, 1)))
    with pytest.raises(MerbenchError, match="no distribution"):
        fitted(name, X, Y[:, :3])  # some of the clips were in the fourth
    with pytest.raises(MerbenchError, match="1 column; give two classes or more"):
        fitted(name, X, np.ones((20, 1)))


@pytest.mark.parametrize("name", BOTH)
def test_those_for_both_tasks_learn_valence_and_arousal(name):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((300, 6)).astype(np.float32)
    Y = 0.2 + 0.02 * rng.standard_normal((300, 4))
    Y[:, :2] += 0.3 * np.tanh(X[:, :2])
    predicted = fitted(name, X[:200], Y[:200], task=Task.VA).predict(X[200:])
    assert predicted.shape == (100, 4)
    floor = 0.4 if name in ("knn", "decision-tree") else 0.6
    assert (r2_score(Y[200:], predicted, multioutput="raw_values")[:2] > floor).all()


def standard(classifier):
    return make_pipeline(StandardScaler(), classifier)


PLAIN = {
    "logistic-regression": standard(LogisticRegression(max_iter=1_000)),
    "one-vs-rest": standard(OneVsRestClassifier(LogisticRegression(max_iter=1_000))),
    "gaussian-naive-bayes": standard(GaussianNB()),
    "lda": standard(LinearDiscriminantAnalysis()),
    "qda": standard(QuadraticDiscriminantAnalysis()),
    "knn": standard(KNeighborsClassifier()),
    "mlp": standard(MLPClassifier(max_iter=60, random_state=3)),
    "adaboost": AdaBoostClassifier(random_state=3),
    "xgboost": XGBClassifier(
        n_estimators=40,
        learning_rate=0.05,
        max_depth=3,
        subsample=0.8,
        max_bin=16,
        tree_method="hist",
        random_state=3,
        n_jobs=1,
    ),
}


@pytest.mark.parametrize("name", PLAIN)
def test_unsmoothed_it_is_scikit_learn_s_with_its_defaults(name):
    X, Y = clips(120)
    own = {"qda": {"n_components": None, "shrinkage": None}}.get(name, {})
    predicted = fitted(name, X, Y, seed=3, smoothing=0, **own).predict(X + 0.1)
    # In float64, as merbench scales features; trees take them as they are.
    given = X if name in ("adaboost", "xgboost") else X.astype(np.float64)
    expected = PLAIN[name].fit(given, Y.argmax(axis=1)).predict_proba((X + 0.1).astype(given.dtype))
    np.testing.assert_allclose(predicted, expected, atol=1e-3 if "r" in name[-4:] else 1e-5)


@pytest.mark.parametrize("name", ["svc", "linear-svc", "ridge", "qda"])
def test_a_quadrant_of_one_clip_is_left_out(name):
    X, Y = clips(60)
    kept = Y[:, 3] == 0
    kept[np.flatnonzero(~kept)[0]] = True
    predicted = fitted(name, X[kept], Y[kept], smoothing=0).predict(X)
    assert (predicted[:, 3] == 0).all()
    kept[np.flatnonzero(~kept)[:2]] = True
    predicted = fitted(name, X[kept], Y[kept], smoothing=0).predict(X)
    assert (predicted[:, 3] > 0).any()


def test_a_forest_does_as_well_as_scikit_learn_s_classifier():
    X, Y = clips(600)
    plain = RandomForestClassifier(random_state=0).fit(X[:300], Y[:300].argmax(axis=1))
    expected = categorical_kl(Y[300:], plain.predict_proba(X[300:])).kl.mean()
    for backend in ("fast", "sklearn"):
        forest = fitted("random-forest", X[:300], Y[:300], backend=backend, smoothing=0)
        kl = categorical_kl(Y[300:], forest.predict(X[300:])).kl.mean()
        assert kl == pytest.approx(expected, rel=0.25)
