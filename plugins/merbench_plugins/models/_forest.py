"""Random forests that sort every feature once.

scikit-learn's forest sorts every feature anew in every node. Here a feature's order of clips is
found once (`rank_columns`), filtered for each tree's bootstrap sample and dealt out from node to
child, so that a node costs one pass over its clips a feature. Two more things make it fast:

- In a node, labels are centred and multiplied by their weights first. The sums S left and right of
  a cut are then opposite, and what squared error gains by the cut is |S|^2 / (w (W - w)), with w of
  the node's weight W on the left: four additions, four products, one table look-up.
- Most nodes of a full tree hold a few clips only. The value of each of their partitions is known
  before any feature is looked at, so the search ends with the first feature that yields the best.

Labels are rounded to a grid so fine that all sums are exact in float64. Cuts that part a node's
clips alike therefore tie exactly, whatever feature they are on, and chance decides among them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Literal, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.ensemble import RandomForestRegressor
from sklearn.utils.validation import check_is_fitted

from merbench import threads
from merbench.errors import MerbenchError

Floats = NDArray[np.float64]
Features = NDArray[np.float32]
Ranks = NDArray[np.unsignedinteger[Any]]

N_LABELS = 4
"""Numbers in a label; the kernels are written out for four."""

NEAR = np.float32(1e-7)
"""Neighbours no further apart are never cut between (scikit-learn's FEATURE_THRESHOLD)."""

EPSILON = np.finfo(np.float64).eps
"""Mean squared error at which a node counts as pure, as in scikit-learn."""

SMALL = 8
"""Clips in a node up to which all its partitions are valued beforehand."""

TRIALS = 512
"""Features tried at random in a small node before all are gone through."""

COLUMNS_AT_ONCE = 512
"""Columns sorted together, which bounds the memory of their 64-bit indices."""

ROWS_AT_ONCE = 256
"""Clips predicted together."""


# Kernels ----------------------------------------------------------------------------------------
#
# What they share: `values` (d, n) are the features, a row a column; `members` the clips of a node;
# `weight` (n,) how often each clip was drawn; `pull` (n, 4) and `gain` (W + 1,) what `_describe`
# makes of a node, `gain` being 1 / (w (W - w)) for weight w on one side; `state` the generator's.


def _entry(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function that Python calls, and keep the machine code where there is a place."""
    kernel = njit(nogil=True, error_model="numpy")(function)
    with suppress(RuntimeError):  # no folder to write to: every process compiles for itself
        kernel.enable_caching()
    return kernel


# Kernels called by kernels become part of the caller's machine code, so they need no cache.
_inner = njit(nogil=True, error_model="numpy")


@_inner
def _draw(state, n):  # type: ignore[no-untyped-def]
    """Draw an integer below `n`, 1 <= n < 2^32, by splitmix64 (Steele et al., OOPSLA 2014)."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    return np.int64(((z >> np.uint64(32)) * np.uint64(n)) >> np.uint64(32))


@_inner
def _shuffle(items, state):  # type: ignore[no-untyped-def]
    for last in range(items.size - 1, 0, -1):
        other = _draw(state, last + 1)
        items[last], items[other] = items[other], items[last]


@_inner
def _describe(members, grid, labels, weight, pull, gain, value):  # type: ignore[no-untyped-def]
    """Fill in a node's mean label, its clips' pull and its table of gains; return if it is pure.

    A clip's pull is weight x (W label - sum of labels) on the grid: an integer, zero in total.
    """
    total = 0
    for i in members:
        total += weight[i]
    squares = 0.0
    for k in range(N_LABELS):
        whole = mean = 0.0
        for i in members:
            whole += weight[i] * grid[i, k]
            mean += weight[i] * labels[i, k]
        mean /= total
        value[k] = mean
        for i in members:
            pull[i, k] = weight[i] * (total * grid[i, k] - whole)
            squares += weight[i] * (labels[i, k] - mean) ** 2
    for w in range(1, total):
        gain[w] = 1.0 / (w * (total - w))
    return squares <= EPSILON * N_LABELS * total


@_inner
def _search_large(ranked, size, values, features, pull, weight, gain, min_leaf, state):  # type: ignore[no-untyped-def]
    """Find a node's best cut by a pass over its clips in each feature's order.

    Returns feature and threshold; feature -1 where nothing can be cut. Ties are drawn for: the
    k-th of equals replaces those before it with probability 1/k.
    """
    best, ties, feature, below, above = -1.0, 0, -1, 0, 0
    for f in features:
        a = b = c = d = 0.0
        w = np.uint64(0)  # unsigned indices spare a test for negative ones
        p = f * size
        for i in ranked[p : p + size - min_leaf]:
            a += pull[i, 0]
            b += pull[i, 1]
            c += pull[i, 2]
            d += pull[i, 3]
            w += weight[i]
            p += 1
            score = ((a * a + b * b) + (c * c + d * d)) * gain[w]
            # Whether a cut is allowed is asked only of the few that would win.
            if score >= best and p - f * size >= min_leaf:
                j = ranked[p]
                if values[f, j] > values[f, i] + NEAR:
                    if score > best:
                        best, ties = score, 0
                    ties += 1
                    if _draw(state, ties) == 0:
                        feature, below, above = f, i, j
    if feature < 0:
        return feature, 0.0
    return feature, values[feature, below] / 2.0 + values[feature, above] / 2.0


@_inner
def _score_subsets(members, pull, weight, gain, min_leaf, score):  # type: ignore[no-untyped-def]
    """Fill in the score of every subset of a node's clips on one side; return the highest.

    Bit k of a subset's index stands for the k-th clip. A side too small scores -1.
    """
    size = members.size
    sums = np.empty((1 << size, N_LABELS + 2))  # of pull, weight and clips
    for k in range(N_LABELS + 2):
        sums[0, k] = 0.0
    highest = score[0] = -1.0
    for bit in range(size):
        i = members[bit]
        for old in range(1 << bit):
            new = old + (1 << bit)
            a = sums[new, 0] = sums[old, 0] + pull[i, 0]
            b = sums[new, 1] = sums[old, 1] + pull[i, 1]
            c = sums[new, 2] = sums[old, 2] + pull[i, 2]
            d = sums[new, 3] = sums[old, 3] + pull[i, 3]
            w = sums[new, 4] = sums[old, 4] + weight[i]
            clips = sums[new, 5] = sums[old, 5] + 1
            if min_leaf <= clips <= size - min_leaf:
                score[new] = ((a * a + b * b) + (c * c + d * d)) * gain[np.uint64(w)]
                highest = max(highest, score[new])
            else:
                score[new] = -1.0
    return highest


@_inner
def _sort_few(column, members, sorted_values, sorted_bits):  # type: ignore[no-untyped-def]
    """Sort a few clips by one feature: their values, and one bit for each clip."""
    for k in range(members.size):
        x = column[members[k]]
        p = k
        while p > 0 and sorted_values[p - 1] > x:
            sorted_values[p] = sorted_values[p - 1]
            sorted_bits[p] = sorted_bits[p - 1]
            p -= 1
        sorted_values[p] = x
        sorted_bits[p] = 1 << k


@_inner
def _search_small(members, values, features, pull, weight, gain, min_leaf, state):  # type: ignore[no-untyped-def]
    """Find a small node's best cut; returns as `_search_large` does.

    Random features come first: one that reaches the highest score of all partitions is as likely
    as any other that does, and ends the search. If none is met, all features are gone through.
    """
    last = members.size - 1
    score = np.empty(1 << members.size)
    highest = _score_subsets(members, pull, weight, gain, min_leaf, score)
    v = np.empty(members.size, np.float32)
    bits = np.empty(members.size, np.int64)
    for _ in range(min(TRIALS, features.size)):
        f = features[_draw(state, features.size)]
        _sort_few(values[f], members, v, bits)
        subset = 0
        for p in range(last):
            subset += bits[p]
            if score[subset] == highest and v[p + 1] > v[p] + NEAR:
                return f, v[p] / 2.0 + v[p + 1] / 2.0
    best, ties, feature, threshold = 0.0, 0, -1, 0.0
    for f in features:
        _sort_few(values[f], members, v, bits)
        subset = 0
        for p in range(last):
            subset += bits[p]
            if score[subset] >= best and v[p + 1] > v[p] + NEAR:
                if score[subset] > best:
                    best, ties = score[subset], 0
                ties += 1
                if _draw(state, ties) == 0:
                    feature, threshold = f, v[p] / 2.0 + v[p + 1] / 2.0
    return feature, threshold


@_inner
def _deal(clips, left, right, goes_left):  # type: ignore[no-untyped-def]
    """Deal clips out to two sides, each in the order they come.

    Without a branch, which could not be foretold: each clip is written on both sides, and only one
    side moves on. So each side needs room for one more than it gets.
    """
    a = b = 0
    for i in clips:
        left[a] = i
        right[b] = i
        a += goes_left[i]
        b += 1 - goes_left[i]


@_entry
def _grow(  # type: ignore[no-untyped-def]
    order, values, labels, grid, weight, features, n_tried, min_leaf, max_depth, state,
    feature, threshold, left, value,
):  # fmt: skip
    """Grow one tree, depth first, into the last four arrays; return its number of nodes.

    `features` is shuffled in place where only `n_tried` of them are tried.

    A node owns the slice start:end of `members`, its clips. Their orders, one a feature, are the
    rows of a (d, size) block that begins at start (d + 1): one place to spare a node, for `_deal`.
    Blocks lie in one half of `ranked` at even depths and in the other at odd ones, so that a node's
    block is free to be overwritten when its grandchildren come.
    """
    d, n = order.shape
    members = np.empty(n, np.int64)
    goes_left = np.empty(n, np.int64)  # at first: is in the bag
    size = total = 0
    for i in range(n):
        goes_left[i] = weight[i] > 0
        total += weight[i]
        if weight[i] > 0:
            members[size] = i
            size += 1
    ranked = np.empty((2, size * (d + 1)), order.dtype)
    out_of_bag = np.empty(n + 1, order.dtype)
    for f in range(d):
        _deal(order[f], ranked[0, f * size :], out_of_bag, goes_left)

    pull = np.empty((n, N_LABELS))
    gain = np.empty(total + 1)
    moved = np.empty(n, np.int64)
    stack = np.empty((size + 1, 4), np.int64)  # node, start, end, depth
    stack[0, 0] = stack[0, 1] = stack[0, 3] = 0
    stack[0, 2] = size
    waiting = count = 1
    while waiting:
        waiting -= 1
        node = stack[waiting, 0]
        start = stack[waiting, 1]
        size = stack[waiting, 2] - start
        depth = stack[waiting, 3]
        feature[node] = -1
        threshold[node] = np.inf
        left[node] = node
        here = members[start : start + size]
        pure = _describe(here, grid, labels, weight, pull, gain, value[node])
        if pure or size < 2 * min_leaf or depth == max_depth:
            continue

        block = ranked[depth % 2, start * (d + 1) :]
        if n_tried < d:
            _shuffle(features, state)
        f, cut, first, last = -1, 0.0, 0, n_tried
        while f < 0 and first < d:  # beyond n_tried, one by one until something can be cut
            some = features[first:last]
            if size <= SMALL:
                f, cut = _search_small(here, values, some, pull, weight, gain, min_leaf, state)
            else:
                f, cut = _search_large(
                    block, size, values, some, pull, weight, gain, min_leaf, state
                )
            first, last = last, last + 1
        if f < 0:
            continue

        a = b = 0
        for i in here:
            goes_left[i] = values[f, i] <= cut
            if goes_left[i]:
                here[a] = i
                a += 1
            else:
                moved[b] = i
                b += 1
        for k in range(b):
            here[a + k] = moved[k]
        if max(a, b) > SMALL and max(a, b) >= 2 * min_leaf and depth + 1 != max_depth:
            low = ranked[1 - depth % 2, start * (d + 1) :]
            high = ranked[1 - depth % 2, (start + a) * (d + 1) :]
            for g in range(d):
                _deal(block[g * size : (g + 1) * size], low[g * a :], high[g * b :], goes_left)

        feature[node] = f
        threshold[node] = cut
        left[node] = count
        for side in range(2):
            stack[waiting, 0] = count
            stack[waiting, 1] = start + side * a
            stack[waiting, 2] = start + a + side * b
            stack[waiting, 3] = depth + 1
            waiting += 1
            count += 1
    return count


# Sorting ----------------------------------------------------------------------------------------


def rank_columns(X: Features) -> Ranks:
    """Rank every column's values, equal values alike.

    Parameters
    ----------
    X
        Shape (n, d), finite.

    Returns
    -------
    ndarray
        Shape (n, d), 0 for a column's smallest value; uint16, or uint32 beyond 65,536 rows. Any
        selection of its rows still orders the same rows of `X`.

    Raises
    ------
    MerbenchError
        Where a value is not finite.
    """
    X = _checked_features(X)
    ranks = np.empty(X.shape, _index_type(len(X)))
    for columns in _slices(X.shape[1], COLUMNS_AT_ONCE):
        values = np.ascontiguousarray(X[:, columns].T)
        order = np.argsort(values, axis=1)
        ascending = np.take_along_axis(values, order, axis=1)
        steps = np.zeros(values.shape, ranks.dtype)
        np.cumsum(ascending[:, 1:] != ascending[:, :-1], axis=1, out=steps[:, 1:])
        rank = np.empty_like(steps)
        np.put_along_axis(rank, order, steps, axis=1)
        ranks[:, columns] = rank.T
    return ranks


def sort_columns(ranks: Ranks) -> Ranks:
    """Row numbers of every column in ascending order, shape (d, n), from `rank_columns`.

    Ranks are small integers, which numpy sorts by counting their digits (a radix sort), in O(n).
    """
    n, d = ranks.shape
    order = np.empty((d, n), _index_type(n))
    for columns in _slices(d, COLUMNS_AT_ONCE):
        rows = np.ascontiguousarray(ranks[:, columns].T)
        order[columns] = np.argsort(rows, axis=1, kind="stable")
    return order


def _index_type(n: int) -> type[np.unsignedinteger[Any]]:
    return np.uint16 if n <= 1 << 16 else np.uint32


def _slices(n: int, step: int) -> Iterator[slice]:
    return (slice(start, start + step) for start in range(0, n, step))


# Trees ------------------------------------------------------------------------------------------


class Tree(NamedTuple):
    """A regression tree; all arrays have one row a node, the root first.

    Parameters
    ----------
    feature
        Column a node is cut on; -1 in a leaf.
    threshold
        Clips with values up to it go to the node `left`, others to the one after.
    left
        The left child; a leaf is its own.
    value
        Shape (nodes, 4): mean label of the training clips.
    """

    feature: NDArray[Any]
    threshold: NDArray[Any]
    left: NDArray[Any]
    value: NDArray[Any]


class Growth(NamedTuple):
    """How far trees grow: scikit-learn's parameters of the same names, as absolute numbers."""

    n_tried: int
    min_samples_leaf: int = 1
    max_depth: int | None = None


class Table:
    """Training clips as trees need them, shared by all trees of a forest.

    Parameters
    ----------
    X
        Shape (n, d), float32.
    Y
        Shape (n, 4).
    ranks
        `rank_columns(X)`, or the rows of a larger table's.
    """

    def __init__(self, X: Features, Y: Floats, ranks: Ranks) -> None:
        self.order = sort_columns(ranks)
        self.values = np.ascontiguousarray(X.T)
        self.labels = np.ascontiguousarray(Y)

    def tree(self, weight: NDArray[np.integer[Any]], growth: Growth, seed: int) -> Tree:
        """Grow a tree.

        Parameters
        ----------
        weight
            Shape (n,): how many times each clip was drawn; one at least is.
        growth
            Its limits.
        seed
            0 to 2^64 - 1: decides ties, and which features are tried.
        """
        most = 2 * np.count_nonzero(weight) - 1
        nodes = Tree(
            np.empty(most, np.int32),
            np.empty(most),
            np.empty(most, np.int32),
            np.empty((most, N_LABELS)),
        )
        depth = -1 if growth.max_depth is None else growth.max_depth
        call = (
            *(self.order, self.values, self.labels, _on_grid(self.labels, int(weight.sum()))),
            *(weight.astype(np.uint32), np.arange(len(self.values)), growth.n_tried),
            *(growth.min_samples_leaf, depth, np.array([seed], np.uint64), *nodes),
        )
        try:
            count = _grow(*call)
        except OSError:
            count = _grow(*call)  # compiled, but the disk had no room for the machine code
        feature, threshold, left, value = (array[:count].copy() for array in nodes)
        return Tree(feature, threshold, left, value)


def _on_grid(labels: Floats, total: int) -> Floats:
    """Centre and round labels to integers, the finest whose weighted sums stay exact.

    No sum of `_describe` or of a search then exceeds 2 `total`^2 times the largest: below 2^53.
    """
    centred: Floats = labels - labels.mean(axis=0)
    largest = max(float(np.abs(centred).max()), 1e-30)  # equal labels have no scale
    finest: Floats = np.rint(centred * (2.0**51 / total**2 / largest))
    return finest


# Estimators -------------------------------------------------------------------------------------


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

    def fit(self, X: Features | tuple[Features, Ranks], Y: Floats) -> PresortedForestRegressor:
        """Grow the forest.

        Parameters
        ----------
        X
            Shape (n, d), or the tuple of it and its rows of `rank_columns`' result.
        Y
            Shape (n, 4).

        Raises
        ------
        MerbenchError
            Where a number is not finite or shapes do not fit.
        """
        X, ranks = X if isinstance(X, tuple) else (X, None)
        X, Y = _checked_features(X), _checked_labels(Y, len(X))
        if Y.shape[1] != N_LABELS:
            raise MerbenchError(
                f"random-forest: labels have {Y.shape[1]} columns, and the backend fast is made "
                f"for {N_LABELS}; set backend: sklearn"
            )
        if ranks is None:
            ranks = rank_columns(X)
        elif ranks.shape != X.shape:
            raise MerbenchError(
                f"random-forest: prepared features have the shape {ranks.shape}, features "
                f"{X.shape}; prepare the same table that is fitted"
            )
        n, d = X.shape
        table = Table(X, Y, ranks)
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

    def predict(self, X: Features | tuple[Features, Ranks]) -> Floats:
        """Mean of the trees' predictions, shape (n, 4).

        Raises
        ------
        MerbenchError
            Where a number is not finite, or features are not as many as were fitted.
        """
        check_is_fitted(self)
        X = _checked_features(X[0] if isinstance(X, tuple) else X)
        _check_width(X, self.n_features_in_)
        forest, roots = _joined(self.trees_)
        predicted = np.empty((len(X), N_LABELS))
        for rows in _slices(len(X), ROWS_AT_ONCE):
            leaves = _leaves(forest, roots, X[rows])
            predicted[rows] = forest.value[leaves].mean(axis=1)
        return predicted


class ReferenceForestRegressor(RandomForestRegressor):
    """scikit-learn's forest, with merbench's errors on bad input; prepared ranks are ignored."""

    def fit(self, X: Features | tuple[Features, Ranks], Y: Floats) -> ReferenceForestRegressor:
        """Fit as scikit-learn does."""
        X = _checked_features(X[0] if isinstance(X, tuple) else X)
        super().fit(X, _checked_labels(Y, len(X)))
        return self

    def predict(self, X: Features | tuple[Features, Ranks]) -> Floats:
        """Mean of the trees' predictions, of the labels' shape."""
        check_is_fitted(self)
        X = _checked_features(X[0] if isinstance(X, tuple) else X)
        _check_width(X, self.n_features_in_)
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
    X = np.asarray(X)
    if X.ndim != 2 or 0 in X.shape:
        raise MerbenchError(
            f"random-forest: features have the shape {X.shape}; give one row of features a clip"
        )
    with np.errstate(over="ignore"):
        X = X.astype(np.float32, copy=False)
    for columns in _slices(X.shape[1], COLUMNS_AT_ONCE):
        bad = np.argwhere(~np.isfinite(X[:, columns]))
        if len(bad):
            row, column = bad[0] + [0, columns.start]
            raise MerbenchError(
                f"random-forest: feature {column} of clip {row} (counted from 0) is "
                f"{X[row, column]}; extract features that are finite"
            )
    return X


def _checked_labels(Y: Floats, n: int) -> Floats:
    Y = np.asarray(Y, np.float64)
    if Y.ndim != 2 or len(Y) != n:
        raise MerbenchError(
            f"random-forest: labels have the shape {Y.shape} where {n} clips need a row each; give "
            "the labels of the same clips"
        )
    if not np.isfinite(Y).all():
        row, column = np.argwhere(~np.isfinite(Y))[0]
        raise MerbenchError(
            f"random-forest: label column {column} of clip {row} (counted from 0) is "
            f"{Y[row, column]}; give labels that are finite"
        )
    return Y


def _check_width(X: Features, fitted: int) -> None:
    if X.shape[1] != fitted:
        raise MerbenchError(
            f"random-forest: clips have {X.shape[1]} features where the forest was fitted with "
            f"{fitted}; give both the same features"
        )
