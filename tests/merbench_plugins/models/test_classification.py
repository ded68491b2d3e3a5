"""From distributions to classes and back."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import SVC

from merbench import MerbenchError
from merbench_plugins.models._classification import (
    ScoresClassifier,
    SharesClassifier,
    _folds,
    in_columns,
    most_probable,
    smoothed,
    weighted_copies,
)

VOTES = arrays(np.int64, (7, 4), elements=st.integers(0, 5)).filter(
    lambda votes: (votes.sum(axis=1) > 0).all()
)


@given(VOTES)
def test_copies_add_up_to_the_labels(votes):
    shares = votes / votes.sum(axis=1, keepdims=True)
    examples = weighted_copies(shares)
    weight = np.ones(len(examples.clip)) if examples.weight is None else examples.weight
    added = np.zeros_like(shares)
    np.add.at(added, (examples.clip, examples.column), weight)
    np.testing.assert_array_equal(added, shares)


def test_one_hot_labels_are_the_clips_as_they_are():
    shares = np.eye(4)[[2, 0, 3, 3]]
    for examples in (weighted_copies(shares), most_probable(shares)):
        np.testing.assert_array_equal(examples.clip, range(4))
        np.testing.assert_array_equal(examples.column, [2, 0, 3, 3])
        assert examples.weight is None


def test_of_quadrants_that_tie_the_first_is_the_most_probable():
    np.testing.assert_array_equal(most_probable(np.array([[0, 0.5, 0.5, 0]])).column, [1])


def test_columns_are_in_the_fixed_order():
    rows = in_columns(np.array([[0.25, 0.75]]), np.array([1, 3]), 4)
    np.testing.assert_array_equal(rows, [[0, 0.25, 0, 0.75]])


@given(VOTES, st.integers(1, 50), st.floats(0, 10))
def test_smoothing_is_lidstone_s_rule(votes, n, added):
    shares = votes / votes.sum(axis=1, keepdims=True)
    rows = smoothed(shares, n, added)
    np.testing.assert_allclose(rows, (n * shares + added) / (n + 4 * added))
    np.testing.assert_allclose(rows.sum(axis=1), 1)


def test_weights_make_the_loss_the_cross_entropy_against_the_shares():
    """The optimum's gradient over the intercepts is zero: mean prediction equals mean label."""
    rng = np.random.default_rng(0)
    X, shares = rng.standard_normal((60, 3)), rng.dirichlet(np.ones(4), 60)
    classifier = SharesClassifier(LogisticRegression(C=1e6, tol=1e-8, max_iter=5_000))
    predicted = classifier.fit(X, shares).predict(X)
    np.testing.assert_allclose(predicted.mean(axis=0), shares.mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(X.T @ (predicted - shares), 0, atol=1e-2)


def test_scaling_is_of_clips_not_of_their_copies():
    rng = np.random.default_rng(0)
    X, shares = rng.standard_normal((30, 3)) * 9 + 5, rng.dirichlet(np.ones(4), 30)
    shares[:10] = np.eye(4)[0]
    classifier = SharesClassifier(GaussianNB(), scaling="standard").fit(X, shares)
    np.testing.assert_allclose(classifier.scaler_.mean_, X.mean(axis=0))


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000), st.integers(1, 40), st.integers(2, 6))
def test_calibration_folds_keep_a_clip_s_copies_together(seed, n, folds):
    rng = np.random.default_rng(seed)
    shares = rng.multinomial(3, rng.dirichlet(np.ones(4)), n) / 3
    examples, splits = _folds(weighted_copies(shares), shares, np.arange(len(shares)), folds)
    if not splits:  # too few clips to learn two quadrants from
        assert len(set(examples.column)) < 2
        return
    assert 2 <= len(splits) <= folds
    tested = np.concatenate([fold for _, fold in splits])
    assert sorted(tested) == list(range(len(examples.clip)))
    for rest, fold in splits:
        assert not set(examples.clip[rest]) & set(examples.clip[fold])
        assert set(examples.column[rest]) == set(examples.column)


@pytest.mark.parametrize("k", [2, 3, 5])
def test_by_scores_the_likeliest_class_is_the_one_that_the_classifier_decides_for(k):
    rng = np.random.default_rng(k)
    X, y = rng.standard_normal((120, 2)), rng.integers(k, size=120)
    machine = SVC(random_state=0).fit(X, y)
    test = rng.standard_normal((2_000, 2))
    rows = ScoresClassifier(SVC(random_state=0)).fit(X, y).predict_proba(test)
    np.testing.assert_array_equal(rows.argmax(axis=1), machine.predict(test))
    np.testing.assert_allclose(rows.sum(axis=1), 1)
    if k == 2:
        np.testing.assert_allclose(np.log(rows[:, 1] / rows[:, 0]) / 2,
                                   machine.decision_function(test))  # fmt: skip
        return
    # Where votes of pairs tie, LIBSVM's decision is not that of the highest score.
    scores = machine.decision_function(test)
    ties = scores.argmax(axis=1) != machine.predict(test)
    assert ties.mean() < 0.2
    assert ties.any()
    odds = np.exp(scores)
    expected = odds / odds.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(rows[~ties], expected[~ties])
    np.testing.assert_allclose(np.sort(rows), np.sort(expected))


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000), st.integers(6, 40), st.integers(3, 9), st.integers(2, 6))
def test_calibration_folds_keep_groups_together(seed, n, groups, folds):
    rng = np.random.default_rng(seed)
    shares = rng.multinomial(3, rng.dirichlet(np.ones(4)), n) / 3
    units = np.unique(rng.integers(0, groups, n), return_inverse=True)[1]
    if len(np.unique(units)) < 2:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        examples, splits = _folds(weighted_copies(shares), shares, units, folds)
    if not splits:  # no two classes occur in two groups
        assert len(set(examples.column)) < 2
    for rest, fold in splits:
        assert not set(units[examples.clip[rest]]) & set(units[examples.clip[fold]])
        assert set(examples.column[rest]) == set(examples.column)


class SpySVC(SVC):
    """Notes which clips, told by their first feature, it is fitted to and asked for."""

    log: list = []  # noqa: RUF012

    def fit(self, X, y, sample_weight=None):
        self.clips_ = X[:, 0].astype(int)
        return super().fit(X, y, sample_weight)

    def decision_function(self, X):
        SpySVC.log.append((self.clips_, X[:, 0].astype(int)))
        return super().decision_function(X)


def test_scores_are_calibrated_by_machines_that_saw_none_of_the_group():
    SpySVC.log.clear()
    artists = np.array([f"artist {i % 6}" for i in range(30)])
    copy_of = np.array([*range(28), 0, 9])
    X, Y = np.column_stack([np.arange(30), np.ones(30)]), np.eye(3)[np.arange(30) // 2 % 3]
    made = SharesClassifier(SpySVC(), calibration_folds=3)
    made.fit(X, Y, groups=artists, copy_of=copy_of)
    assert len(SpySVC.log) >= 2
    unseen = [(seen, asked) for seen, asked in SpySVC.log if len(seen) < 30]
    assert sorted(clip for _, asked in unseen for clip in asked) == list(range(30))
    for seen, asked in unseen:
        assert not set(artists[copy_of[seen]]) & set(artists[copy_of[asked]])


def test_clips_of_one_group_are_refused_where_they_are_to_be_split():
    X, Y, one = np.arange(24.0).reshape(12, 2), np.eye(2)[np.arange(12) % 2], np.full(12, "one")
    with pytest.raises(MerbenchError, match="all of one group"):
        SharesClassifier(SVC(), calibration_folds=5).fit(X, Y, groups=one)
    SharesClassifier(GaussianNB()).fit(X, Y, groups=one)


def test_nothing_that_can_be_learnt_is_the_mean_label():
    X, Y = np.eye(4), np.eye(4)  # four quadrants of one clip
    classifier = SharesClassifier(SVC(), calibration_folds=5)
    np.testing.assert_allclose(classifier.fit(X, Y).predict(X), 0.25)


def test_test_clips_of_other_features_are_refused():
    X, Y = np.random.default_rng(0).standard_normal((8, 3)), np.eye(4)[np.arange(8) % 4]
    classifier = SharesClassifier(GaussianNB()).fit(X, Y)
    with pytest.raises(MerbenchError, match="2 features and the training clips had 3"):
        classifier.predict(X[:, :2])
