"""Growing one regression tree on features whose order of clips is known: compiled by Numba.

scikit-learn's trees sort every feature anew in every node. Here a feature's order of clips is
given, filtered for the tree's bootstrap sample and dealt out from node to child, so that a node
costs one pass over its clips a feature. Two more things make it fast:

- In a node, labels are centred and multiplied by their weights first. The sums S left and right of
  a cut are then opposite, and what squared error gains by the cut is |S|^2 / (w (W - w)), with w of
  the node's weight W on the left: four additions, four products, one table look-up.
- Most nodes of a full tree hold a few clips only. The value of each of their partitions is known
  before any feature is looked at, so the search ends with the first feature that yields the best.

All that is compiled stands in this file: the machine code that Numba keeps is renewed when the file
of the function that Python calls changes, and for no other file.

Arrays have one meaning throughout: `values` (d, n) are the features, a row a column; `members` the
clips of a node; `weight` (n,) how often each clip was drawn; `pull` (n, 4) and `gain` (W + 1,) what
`_describe` makes of a node, `gain` being 1 / (w (W - w)) for weight w on one side; `state` is the
random generator's.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
from numba import njit

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
def grow(  # type: ignore[no-untyped-def]
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
