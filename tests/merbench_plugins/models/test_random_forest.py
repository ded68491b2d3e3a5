"""The fast forest against scikit-learn's, tree by tree."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from sklearn.base import clone
from sklearn.ensemble import RandomForestRegressor
from sklearn.tree import DecisionTreeRegressor

from merbench import Task, threads
from merbench.errors import MerbenchError
from merbench_plugins.models import _trees
from merbench_plugins.models._forest import PresortedForestRegressor, ReferenceForestRegressor
from merbench_plugins.models._tree_growth import SMALL
from merbench_plugins.models._trees import COLUMNS_AT_ONCE, Growth, Table, sort_columns
from merbench_plugins.models.random_forest import RandomForest


def clips(n: int = 120, d: int = 30, seed: int = 0):
    """Return features, and labels that a few of them tell something about."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d)).astype(np.float32)
    mood = np.tanh(X[:, : min(4, d)] @ rng.standard_normal((min(4, d), 4)))
    return X, 0.5 + 0.2 * mood + 0.1 * rng.standard_normal((n, 4))


def bootstrap(n: int, seed: int):
    rng = np.random.default_rng([seed, 1])
    return np.bincount(rng.integers(n, size=n), minlength=n)


def ours(X, Y, weight, *, seed=0, **limits):
    growth = Growth(X.shape[1], **limits)
    return Table(X, Y).tree(weight, growth, seed)


def sklearns(X, Y, weight, *, seed=0, **limits):
    tree = DecisionTreeRegressor(random_state=seed, **limits)
    return tree.fit(X, Y, sample_weight=weight).tree_


def cuts(tree):
    """Return the set of (feature, threshold) of a tree's inner nodes; either library's."""
    inner = tree.feature >= 0
    return set(zip(tree.feature[inner].tolist(), tree.threshold[inner].tolist(), strict=True))


def our_nodes(tree, X, weight):
    """Return mean label by the set of in-bag clips, for every node."""
    found = {}

    def visit(node, rows):
        found[frozenset(rows.tolist())] = tree.value[node]
        if tree.feature[node] >= 0:
            right = X[rows, tree.feature[node]] > tree.threshold[node]
            visit(tree.left[node], rows[~right])
            visit(tree.left[node] + 1, rows[right])

    visit(0, np.flatnonzero(weight))
    return found


def sklearn_nodes(tree, X, weight):
    rows = np.flatnonzero(weight)
    path = tree.decision_path(X[rows]).tocsc()
    return {
        frozenset(rows[path[:, node].indices].tolist()): tree.value[node, :, 0]
        for node in range(tree.node_count)
    }


def assert_same_nodes(mine, theirs):
    assert set(mine) == set(theirs)
    for members, value in mine.items():
        np.testing.assert_allclose(value, theirs[members], rtol=1e-12)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "limits",
    [{"min_samples_leaf": 20}, {"max_depth": 2}, {"max_depth": 3, "min_samples_leaf": 15}],
)
def test_cuts_and_leaves_equal_sklearns_without_ties(limits, seed):
    X, Y = clips(n=500, seed=seed)
    weight = bootstrap(len(X), seed)
    mine, theirs = (grow(X, Y, weight, **limits) for grow in (ours, sklearns))
    assert len(cuts(theirs)) >= 3
    assert cuts(mine) == cuts(theirs)
    assert_same_nodes(our_nodes(mine, X, weight), sklearn_nodes(theirs, X, weight))


@pytest.mark.parametrize("seed", range(3))
def test_one_feature_at_full_depth_equals_sklearns(seed):
    X, Y = clips(d=1, seed=seed)
    weight = bootstrap(len(X), seed)
    mine, theirs = ours(X, Y, weight), sklearns(X, Y, weight)
    assert cuts(mine) == cuts(theirs)
    assert len(mine.left) == theirs.node_count == 2 * np.count_nonzero(weight) - 1


@pytest.mark.parametrize("seed", range(5))
def test_full_trees_part_clips_as_sklearns_do(seed):
    """Features may tie in small nodes; the best partition, and so all that follows, may not."""
    X, Y = clips(d=40, seed=seed)
    weight = bootstrap(len(X), seed)
    mine, theirs = ours(X, Y, weight, seed=seed), sklearns(X, Y, weight, seed=seed)
    assert_same_nodes(our_nodes(mine, X, weight), sklearn_nodes(theirs, X, weight))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("scale", [1e-7, 4e-7, 1e-6, 1.0])
def test_near_and_equal_values_are_cut_as_sklearn_cuts_them(scale, seed):
    """Within 1e-7, in float32, neighbours count as equal, even where a chain of them spans more."""
    X, Y = clips(d=12, seed=seed)
    X = np.round(X * 8).astype(np.float32) / 8 * np.float32(scale)
    X[:, ::3] += 1  # where float32 itself is as coarse
    X[:, 1] = 0.25
    weight = bootstrap(len(X), seed)
    mine, theirs = ours(X, Y, weight), sklearns(X, Y, weight)
    assert_same_nodes(our_nodes(mine, X, weight), sklearn_nodes(theirs, X, weight))


def test_unreachable_best_partition_in_a_small_node_is_searched_in_full():
    """One feature cannot yield most partitions of eight clips: no random try ends the search."""
    for seed in range(6):
        X, Y = clips(n=SMALL, d=2, seed=seed)
        weight = np.arange(1, len(X) + 1)
        mine, theirs = ours(X, Y, weight), sklearns(X, Y, weight)
        assert_same_nodes(our_nodes(mine, X, weight), sklearn_nodes(theirs, X, weight))


@pytest.mark.parametrize("n", [6, 60])
def test_ties_are_drawn_evenly(n):
    X, Y = clips(n=n, d=1)
    X = X * np.array([1, -2, 3, 0.5], np.float32)  # the mirrored partition is as good
    table = Table(X, Y)
    roots = [table.tree(np.ones(n), Growth(4), seed).feature[0] for seed in range(400)]
    share = np.bincount(roots, minlength=4) / 400
    np.testing.assert_allclose(share, 0.25, atol=0.1)  # 4.6 standard errors


def test_equal_labels_and_equal_features_are_not_cut():
    X, Y = clips(n=20)
    weight = np.ones(20, int)
    assert ours(X, np.full_like(Y, 0.3), weight).left.tolist() == [0]
    tree = ours(np.ones_like(X), Y, weight)
    assert tree.left.tolist() == [0]
    np.testing.assert_allclose(tree.value[0], Y.mean(axis=0))


def test_one_feature_a_node_leaves_the_others_out():
    X, Y = clips()
    table = Table(X, Y)
    weight = np.ones(len(X), int)
    roots = [table.tree(weight, Growth(1), seed).feature[0] for seed in range(300)]
    assert set(roots) == set(range(30))


@pytest.mark.parametrize("n", [7, 100])
def test_draws_go_on_until_a_feature_can_be_cut(n):
    X, Y = clips(n=n)
    X[:, 1:] = 5
    for seed in range(5):
        tree = Table(X, Y).tree(np.ones(n, int), Growth(2), seed)
        assert len(tree.left) == 2 * n - 1


def test_share_of_features_predicts_as_well_as_sklearns():
    X, Y = clips(n=300, seed=2)
    errors = []
    for kind in (PresortedForestRegressor, ReferenceForestRegressor):
        forest = kind(200, max_features=0.3, min_samples_leaf=3, n_jobs=1, random_state=0)
        predicted = forest.fit(X[:200], Y[:200]).predict(X[200:])
        errors.append(((predicted - Y[200:]) ** 2).mean())
    assert errors[0] == pytest.approx(errors[1], rel=0.05)


def test_forest_is_the_mean_of_its_trees():
    X, Y = clips()
    forest = PresortedForestRegressor(5, random_state=3).fit(X, Y)
    unseen, _ = clips(n=300, seed=9)
    expected = np.zeros((300, 4))
    for tree in forest.trees_:
        for members, value in our_nodes(tree, unseen, np.ones(300, int)).items():
            if any((value == tree.value[leaf]).all() for leaf in np.flatnonzero(tree.feature < 0)):
                expected[list(members)] += value / 5
    predicted = forest.predict(unseen)
    assert predicted.dtype == np.float64
    np.testing.assert_allclose(predicted, expected, rtol=1e-12)


def test_forest_agrees_with_sklearns():
    X, Y = clips(n=1200)
    train, test = slice(200), slice(200, None)
    mine, theirs = (
        kind(100, random_state=0, n_jobs=1).fit(X[train], Y[train]).predict(X[test])
        for kind in (PresortedForestRegressor, RandomForestRegressor)
    )
    assert np.corrcoef(mine.ravel(), theirs.ravel())[0, 1] > 0.97
    errors = [((p - Y[test]) ** 2).mean() for p in (mine, theirs)]
    assert errors[0] == pytest.approx(errors[1], rel=0.05)


@pytest.mark.parametrize("max_features", [1.0, 0.2])
def test_threads_change_nothing_and_seeds_do(max_features):
    X, Y = clips()

    def predicted(**parameters):
        forest = PresortedForestRegressor(8, max_features=max_features, **parameters)
        return forest.fit(X, Y).predict(X)

    alone = predicted(random_state=7, n_jobs=1)
    np.testing.assert_array_equal(alone, predicted(random_state=7, n_jobs=3))
    assert (alone != predicted(random_state=8, n_jobs=1)).any()


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_columns_are_sorted_as_a_stable_sort_does(data):
    column = st.floats(-1, 1, width=32) | st.sampled_from([0.0, -0.0, 1e30, -1e30])
    n = data.draw(st.integers(1, 30))
    X = np.array(
        data.draw(st.lists(st.lists(column, min_size=2, max_size=2), min_size=n, max_size=n)),
        np.float32,
    )
    order = sort_columns(X)
    assert (order.shape, order.dtype) == ((2, n), np.uint16)
    np.testing.assert_array_equal(order, np.argsort(X.T, axis=1, kind="stable"))


def test_every_column_is_sorted_where_they_are_many():
    X = np.round(np.random.default_rng(0).standard_normal((9, 2 * COLUMNS_AT_ONCE + 3)), 1)
    np.testing.assert_array_equal(
        sort_columns(X.astype(np.float32)), np.argsort(X.T, axis=1, kind="stable")
    )


def test_more_clips_than_sixteen_bits_count():
    X = np.random.default_rng(0).permutation(70_000).astype(np.float32)[:, None]
    np.testing.assert_array_equal(sort_columns(X)[0], np.argsort(X[:, 0]))


@pytest.mark.parametrize("backend", ["fast", "sklearn"])
class TestModel:
    def estimator(self, backend, **parameters):
        model = RandomForest(backend=backend, n_estimators=3, **parameters)
        return model.estimator(task=Task.VA, seed=2**33 + 1, device="cpu")

    def test_parameters_reach_the_forest(self, backend, monkeypatch):
        monkeypatch.setattr(threads, "available", lambda: 2)
        forest = self.estimator(backend, max_features=0.5, min_samples_leaf=2, max_depth=6)
        parameters = forest.get_params()
        assert [parameters[k] for k in ("n_estimators", "max_features", "n_jobs")] == [3, 0.5, 2]
        assert [parameters[k] for k in ("min_samples_leaf", "max_depth")] == [2, 6]

    def test_clones_and_pickles(self, backend):
        X, Y = clips()
        forest = self.estimator(backend).fit(X, Y)
        predicted = forest.predict(X)
        assert predicted.shape == (len(X), 4)
        for copy in (pickle.loads(pickle.dumps(forest)), clone(forest).fit(X, Y)):
            np.testing.assert_array_equal(copy.predict(X), predicted)

    def test_bad_input_is_named(self, backend):
        X, Y = clips()
        broken = X.copy()
        broken[3, 7] = np.nan
        with pytest.raises(MerbenchError, match=r"1 values of the features .* row 3, column 7 "):
            self.estimator(backend).fit(broken, Y)
        with pytest.raises(MerbenchError, match="119 rows of labels for 120"):
            self.estimator(backend).fit(X, Y[:-1])
        with pytest.raises(MerbenchError, match=r"values of the labels .* row 0, column 2 "):
            self.estimator(backend).fit(X, np.where(np.eye(120, 4, 2, dtype=bool), np.inf, Y))
        with pytest.raises(MerbenchError, match=r"shape \(clips, features\)"):
            self.estimator(backend).fit(X[:, 0], Y)
        forest = self.estimator(backend).fit(X, Y)
        with pytest.raises(MerbenchError, match=r"1 values of the features .* row 3, column 7 "):
            forest.predict(broken)
        with pytest.raises(MerbenchError, match=r"29 features and the training clips had 30"):
            forest.predict(X[:, 1:])


def test_defaults_are_the_papers():
    va = RandomForest().estimator(task=Task.VA, seed=0, device="cpu")
    assert isinstance(va, PresortedForestRegressor)
    quadrant = RandomForest().estimator(task=Task.QUADRANT, seed=0, device="cpu").regressor
    assert isinstance(quadrant, ReferenceForestRegressor)
    for forest, max_features in ((va, 1.0), (quadrant, "sqrt")):
        assert (forest.n_estimators, forest.max_features) == (100, max_features)
        assert (forest.min_samples_leaf, forest.max_depth) == (1, None)


def test_the_square_root_of_the_features_is_tried_by_either_forest():
    X, Y = clips(d=36)
    few, six = (
        PresortedForestRegressor(3, max_features=share).fit(X, Y).predict(X)
        for share in ("sqrt", 6 / 36)
    )
    np.testing.assert_array_equal(few, six)
    model = RandomForest(max_features="sqrt")
    assert isinstance(model.estimator(task=Task.VA, seed=0, device="cpu"), ReferenceForestRegressor)
    with pytest.raises(ValidationError):
        RandomForest(max_features="log2")


def test_works_where_machine_code_cannot_be_kept(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    nowhere = {
        "NUMBA_CACHE_DIR": str(tmp_path / "file" / "cache"),
        "NUMBA_CACHE_LOCATOR_CLASSES": "UserProvidedCacheLocator",
    }
    code = "import merbench_plugins.models._trees as t; print(t.grow.stats.cache_path)"
    printed = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | nowhere, capture_output=True, text=True
    )
    assert printed.stdout.strip() == "None", printed.stderr

    grow, calls = _trees.grow, []

    def full_disk_at_first(*arguments):
        calls.append(1)
        if len(calls) == 1:
            raise OSError("No space left on device")
        return grow(*arguments)

    monkeypatch.setattr(_trees, "grow", full_disk_at_first)
    X, Y = clips()
    PresortedForestRegressor(2, n_jobs=1).fit(X, Y)
    assert len(calls) == 3
