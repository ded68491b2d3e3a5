"""KL of several cells that were tested on the same clips: what every comparison starts from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from merbench.errors import MerbenchError

__all__ = ["Scores"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Scores:
    """KL of K cells on the same R rows, a row being one clip tested in one fold.

    Rows are kept sorted by fold and clip, so that no number depends on the order they came in.

    Parameters
    ----------
    names
        What comparisons call the cells: K different names.
    fold, clip, group
        Shape (R,): the fold, the clip's id, and the clip's group.
    n_train
        Fold to number of training clips.
    kl
        Shape (K, R), nats; or another loss of a clip, of which less is better.

    Raises
    ------
    MerbenchError
        Where shapes differ, a name stands twice, KL is not finite, a clip stands twice in a fold
        or has two groups, or a fold has no number of training clips.
    """

    names: tuple[str, ...]
    fold: NDArray[np.int64]
    clip: NDArray[np.str_]
    group: NDArray[np.str_]
    n_train: Mapping[int, int]
    kl: Array

    def __post_init__(self) -> None:
        names = tuple(self.names)
        fold, clip = np.asarray(self.fold, np.int64), np.asarray(self.clip, np.str_)
        group, kl = np.asarray(self.group, np.str_), np.asarray(self.kl, np.float64)
        if kl.ndim != 2 or not len(names) == len(kl) or not kl.shape[1] == len(fold) == len(clip):
            raise MerbenchError(
                f"{len(names)} cells with {len(fold)} folds and {len(clip)} clips need KL of shape "
                f"({len(names)}, {len(fold)}), not {kl.shape}; give one of each a row"
            )
        if len(group) != len(clip):
            raise MerbenchError(
                f"there are {len(group)} groups and {len(clip)} clips; give one of each a row"
            )
        if not kl.size:
            raise MerbenchError(
                "there is nothing to compare; give KL of at least one cell and clip"
            )
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise MerbenchError(f"two cells are called {twice}; give every cell a name of its own")
        order = _order(fold, clip)
        fold, clip, group = fold[order], clip[order], group[order]
        kl = np.ascontiguousarray(kl[:, order])
        same = (fold[1:] == fold[:-1]) & (clip[1:] == clip[:-1])
        if same.any():
            row = int(same.argmax())
            raise MerbenchError(f"clip {clip[row]} stands twice in fold {fold[row]}; score it once")
        bad = ~np.isfinite(kl)
        if bad.any():
            cell, row = np.argwhere(bad)[0]
            raise MerbenchError(
                f"{names[cell]}: KL of clip {clip[row]} in fold {fold[row]} is not finite; "
                "compare complete cells only"
            )
        missing = [int(f) for f in np.unique(fold) if self.n_train.get(int(f), 0) <= 0]
        if missing:
            raise MerbenchError(
                f"number of training clips unknown for fold {missing[0]}; give it in n_train"
            )
        for field, value in (
            ("names", names), ("fold", fold), ("clip", clip), ("group", group), ("kl", kl),
        ):  # fmt: skip
            object.__setattr__(self, field, value)
        stray = np.flatnonzero(group != self.group[self._first_row[self.clip_index]])
        if len(stray):
            raise MerbenchError(
                f"clip {clip[stray[0]]} has two groups; a clip belongs to one, in every fold"
            )

    @cached_property
    def folds(self) -> NDArray[np.int64]:
        """The distinct folds, ascending: (J,)."""
        return self.fold[self._fold_starts]

    @cached_property
    def clips(self) -> NDArray[np.str_]:
        """The distinct clips, ascending: (C,)."""
        return self.clip[self._first_row]

    @cached_property
    def clip_index(self) -> NDArray[np.intp]:
        """Each row's place in `clips`: (R,)."""
        return np.unique(self.clip, return_inverse=True)[1]

    @cached_property
    def clip_groups(self) -> NDArray[np.str_]:
        """The group of each of `clips`: (C,)."""
        return self.group[self._first_row]

    @cached_property
    def groups(self) -> NDArray[np.str_]:
        """The distinct groups, ascending: (G,)."""
        return np.unique(self.clip_groups)

    @cached_property
    def group_index(self) -> NDArray[np.intp]:
        """Each row's place in `groups`: (R,)."""
        return np.unique(self.clip_groups, return_inverse=True)[1][self.clip_index]

    @cached_property
    def fold_slices(self) -> tuple[slice, ...]:
        """Where the rows of each fold stand: J slices of R."""
        ends = [*self._fold_starts[1:], len(self.fold)]
        return tuple(slice(int(a), int(b)) for a, b in zip(self._fold_starts, ends, strict=True))

    @cached_property
    def fold_means(self) -> Array:
        """Mean KL of each cell in each fold: (K, J)."""
        sums = np.add.reduceat(self.kl, self._fold_starts, axis=1)
        return np.asarray(sums / np.diff([*self._fold_starts, len(self.fold)]))

    @cached_property
    def clip_means(self) -> Array:
        """KL of each cell and clip, averaged over the clip's tests: (K, C)."""
        return _averaged(self.kl, self.clip_index)

    @cached_property
    def group_means(self) -> Array:
        """`clip_means` averaged over the clips of each group: (K, G)."""
        return _averaged(self.clip_means, np.unique(self.clip_groups, return_inverse=True)[1])

    @cached_property
    def group_test_means(self) -> Array:
        """KL of each cell averaged over all tests of a group's clips: (K, G)."""
        return _averaged(self.kl, self.group_index)

    @cached_property
    def kl_mean(self) -> Array:
        """What cells are ranked by, the mean over folds of their mean KL: (K,)."""
        return np.asarray(self.fold_means.mean(axis=1))

    @cached_property
    def test_train_ratio(self) -> float:
        """n_test / n_train, averaged over folds (groups make folds of unequal size)."""
        n_test = np.array([part.stop - part.start for part in self.fold_slices])
        n_train = np.array([self.n_train[int(fold)] for fold in self.folds])
        return float((n_test / n_train).mean())

    @cached_property
    def _fold_starts(self) -> NDArray[np.intp]:
        return np.flatnonzero(np.r_[True, self.fold[1:] != self.fold[:-1]])

    @cached_property
    def _first_row(self) -> NDArray[np.intp]:
        return np.unique(self.clip, return_index=True)[1]


def _averaged(values: Array, index: NDArray[np.intp]) -> Array:
    """Average columns of (K, n) that have one index: (K, distinct)."""
    order = np.argsort(index, kind="stable")
    counts = np.bincount(index)
    starts = np.cumsum(counts) - counts
    return np.asarray(np.add.reduceat(values[:, order], starts, axis=1) / counts)


def _order(fold: NDArray[np.int64], clip: NDArray[np.str_]) -> NDArray[np.intp]:
    return np.lexsort((clip, fold))
