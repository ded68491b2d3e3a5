"""Regression trees, and the training clips that they are grown on.

Features are sorted once for all trees of a forest. Labels are rounded to a grid so fine that all
sums are exact in float64. Cuts that part a node's clips alike therefore tie exactly, whatever
feature they are on, and chance decides among them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from merbench_plugins.models._tree_growth import N_LABELS, grow

Floats = NDArray[np.float64]
Features = NDArray[np.float32]

COLUMNS_AT_ONCE = 512
"""Columns sorted together, which bounds the memory of their 64-bit keys."""


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
        Shape (n, d), float32, finite.
    Y
        Shape (n, 4).
    """

    def __init__(self, X: Features, Y: Floats) -> None:
        self.order = sort_columns(X)
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
            count = grow(*call)
        except OSError:
            count = grow(*call)  # compiled, but the disk had no room for the machine code
        feature, threshold, left, value = (array[:count].copy() for array in nodes)
        return Tree(feature, threshold, left, value)


def sort_columns(X: Features) -> NDArray[np.unsignedinteger[Any]]:
    """Sort every column, equal values in the order of their rows.

    A float32's bits, its sign turned over, are an integer of the same order. With the row's number
    below them they are sorted as integers of 64 bits, in less than half the time of a stable sort
    of row numbers by floats.

    Parameters
    ----------
    X
        Shape (n, d), finite, n below 2^32.

    Returns
    -------
    ndarray
        Shape (d, n): row numbers of every column in ascending order of its values; uint16, or
        uint32 beyond 65,536 rows.
    """
    n, d = X.shape
    order = np.empty((d, n), np.uint16 if n <= 1 << 16 else np.uint32)
    negative, other = np.uint32(0xFFFFFFFF), np.uint32(0x80000000)
    for start in range(0, d, COLUMNS_AT_ONCE):
        columns = slice(start, start + COLUMNS_AT_ONCE)
        values = np.ascontiguousarray(X[:, columns].T) + np.float32(0)  # turns -0 into 0
        bits = values.view(np.uint32)
        keys = (bits ^ np.where(np.signbit(values), negative, other)).astype(np.uint64)
        keys <<= np.uint64(32)
        keys |= np.arange(n, dtype=np.uint64)
        keys.sort(axis=1)
        order[columns] = keys.astype(order.dtype)  # the low bits
    return order


def _on_grid(labels: Floats, total: int) -> Floats:
    """Centre and round labels to integers, the finest whose weighted sums stay exact.

    No sum of `_describe` or of a search then exceeds 2 `total`^2 times the largest: below 2^53.
    """
    centred: Floats = labels - labels.mean(axis=0)
    largest = max(float(np.abs(centred).max()), 1e-30)  # equal labels have no scale
    finest: Floats = np.rint(centred * (2.0**51 / total**2 / largest))
    return finest
