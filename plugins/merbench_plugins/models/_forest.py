"""Random forests: the mean of trees grown on bootstrap samples, fast or by scikit-learn."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.ensemble import RandomForestRegressor
from sklearn.utils.validation import check_is_fitted

from merbench import threads
from merbench.errors import MerbenchError
from merbench_plugins.models._checked import check_width, checked_features, checked_labels
from merbench_plugins.models._tree_growth import N_LABELS
from merbench_plugins.models._trees import Features, Floats, Growth, Table, Tree

ROWS_AT_ONCE = 256
"""Clips predicted together."""


class PresortedForestRegressor(RegressorMixin, BaseEstimator):
    """scikit-learn's `RandomForestRegressor` for four targets, with features sorted once.

    Trees are grown on bootstrap samples with squared error as criterion, summed over the targets;
    thresholds lie midway between neighbours. Splits are those of scikit-learn but where several
    are equally good: then chance decides here, rounding errors and chance there.

    Parameters
    ----------
    n_estimators
        Trees.
    max_features
        Share of the features tried in each node, on (0, 1], or "sqrt" of their number.
    min_samples_leaf
        Clips that each side of a cut keeps at least, repeated draws not counted.
    max_depth
        Cuts from the root to a leaf at most; None grows trees to the full.
    n_jobs
        Threads; None means all that merbench may use. They change no result.
    random_state
        Seed, from 0.
    """

    def __init__(
        self,
        n_estimators: int = 100,
        *,
        max_features: float | Literal["sqrt"] = 1.0,
        min_samples_leaf: int = 1,
        max_depth: int | None = None,
        n_jobs: int | None = None,
        random_state: int = 0,
    ) -> None:
        self.n_estimators = n_estimators
        self.max_features = max_features
        self.min_samples_leaf = min_samples_leaf
        self.max_depth = max_depth
        self.n_jobs = n_jobs
        self.random_state = random_state

    def fit(self, X: Features, Y: Floats) -> PresortedForestRegressor:
        """Grow the forest.

        Parameters
        ----------
        X
            Shape (n, d).
        Y
            Shape (n, 4).

        Raises
        ------
        MerbenchError
            Where a number is not finite or shapes do not fit.
        """
        X = _checked_features(X)
        Y = checked_labels(Y, len(X))
        if Y.shape[1] != N_LABELS:
            raise MerbenchError(
                f"random-forest: labels have {Y.shape[1]} columns, and the backend fast is made "
                f"for {N_LABELS}; set backend: sklearn"
            )
        n, d = X.shape
        table = Table(X, Y)
        tried = np.sqrt(d) if self.max_features == "sqrt" else self.max_features * d
        growth = Growth(max(1, int(tried)), self.min_samples_leaf, self.max_depth)

        def grow(seed: np.random.SeedSequence) -> Tree:
            rng = np.random.default_rng(seed)
            drawn = np.bincount(rng.integers(n, size=n), minlength=n)
            return table.tree(drawn, growth, int(rng.integers(1 << 63)))

        seeds = np.random.SeedSequence(self.random_state).spawn(self.n_estimators)
        with ThreadPoolExecutor(self.n_jobs or threads.available()) as pool:
            self.trees_ = list(pool.map(grow, seeds))
        self.n_features_in_ = d
        return self

    def predict(self, X: Features) -> Floats:
        """Mean of the trees' predictions, shape (n, 4).

        Raises
        ------
        MerbenchError
            Where a number is not finite, or features are not as many as were fitted.
        """
        check_is_fitted(self)
        X = _checked_features(X)
        check_width(X, self.n_features_in_)
        forest, roots = _joined(self.trees_)
        predicted = np.empty((len(X), N_LABELS))
        for start in range(0, len(X), ROWS_AT_ONCE):
            rows = slice(start, start + ROWS_AT_ONCE)
            leaves = _leaves(forest, roots, X[rows])
            predicted[rows] = forest.value[leaves].mean(axis=1)
        return predicted


class ReferenceForestRegressor(RandomForestRegressor):
    """scikit-learn's forest, with merbench's errors on bad input."""

    def fit(self, X: Features, Y: Floats) -> ReferenceForestRegressor:
        """Fit as scikit-learn does."""
        X = _checked_features(X)
        super().fit(X, checked_labels(Y, len(X)))
        return self

    def predict(self, X: Features) -> Floats:
        """Mean of the trees' predictions, of the labels' shape."""
        check_is_fitted(self)
        X = _checked_features(X)
        check_width(X, self.n_features_in_)
        # scikit-learn adds trees up as its threads finish, which changes the last bits.
        each = np.array([tree.predict(X) for tree in self.estimators_], np.float64)
        mean: Floats = each.mean(axis=0)
        return mean


def _joined(trees: list[Tree]) -> tuple[Tree, NDArray[Any]]:
    """Lay trees end to end as one set of nodes; returned with the trees' roots."""
    sizes = [len(tree.left) for tree in trees]
    roots = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    feature, threshold, left, value = (
        np.concatenate(arrays) for arrays in zip(*trees, strict=True)
    )
    return Tree(feature, threshold, left + np.repeat(roots, sizes), value), roots


def _leaves(forest: Tree, roots: NDArray[Any], X: Features) -> NDArray[Any]:
    """Leaf that each clip falls into in each tree, shape (n, trees)."""
    rows = np.arange(len(X))[:, None]
    nodes: NDArray[Any] = np.broadcast_to(roots, (len(X), len(roots)))
    while True:
        below = X[rows, forest.feature[nodes]] > forest.threshold[nodes]
        children = forest.left[nodes] + below
        if np.array_equal(children, nodes):
            return nodes
        nodes = children


def _checked_features(X: Features) -> Features:
    """Return features in float32, where trees compare them, or raise `MerbenchError`."""
    with np.errstate(over="ignore"):  # what overflows is refused as infinite
        return checked_features(np.asarray(X).astype(np.float32, copy=False))
