"""KL of several cells that were tested on the same clips: what every comparison starts from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from merbench.errors import MerbenchError

__all__ = ["Scores"]

Array = NDArray[np.float64]

REMEDY = "compare cells of one dataset under one protocol and seed"


@dataclass(frozen=True, eq=False)
class Scores:
    """KL of K cells on the same R rows, a row being one clip tested in one fold.

    Rows are kept sorted by fold and clip, so that no number depends on the order they came in.
    Cells that come with rows of their own are put together by `align`.

    Parameters
    ----------
    names
        What comparisons call the cells: K different names.
    fold, clip, group
        Shape (R,): the fold, the clip's id, and the clip's group.
    n_train
        Fold to number of training clips.
    kl
        Shape (K, R), nats.

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

    @classmethod
    def align(
        cls,
        cells: Mapping[str, tuple[ArrayLike, ArrayLike, ArrayLike]],
        n_train: Mapping[str, Mapping[int, int]],
        *,
        group: Mapping[str, str] | None = None,
    ) -> Scores:
        """Put cells together that were tested on the same clips, each in an order of its own.

        Parameters
        ----------
        cells
            Name of each cell to its folds, clips and KL, each (R,).
        n_train
            Name of each cell to the number of training clips of each fold.
        group
            Clip to group; without it every clip is a group by itself.

        Raises
        ------
        MerbenchError
            Where two cells, which are named, were not tested on the same clips in every fold or
            not trained on equally many; and as the class does.
        """
        names = tuple(cells)
        if not names:
            raise MerbenchError("there is no cell to compare; give at least one")
        fold, clip, kl = _rows(names[0], cells[names[0]])
        order = _order(fold, clip)
        given, first = (fold, clip), (fold[order], clip[order])
        rows = [kl[order]]
        for name in names[1:]:
            fold, clip, kl = _rows(name, cells[name])
            # Cells of one run come in one order: sorting strings two hundred times is spared.
            if not (np.array_equal(fold, given[0]) and np.array_equal(clip, given[1])):
                own = _order(fold, clip)
                _require_same_rows(names[0], first, name, (fold[own], clip[own]))
                rows.append(kl[own])
            else:
                rows.append(kl[order])
            _require_same_training(names[0], name, n_train, first[0])
        groups = first[1] if group is None else _groups(first[1], group)
        return cls(names, *first, groups, n_train[names[0]], np.stack(rows))

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


def _rows(
    name: str, columns: tuple[ArrayLike, ArrayLike, ArrayLike]
) -> tuple[NDArray[np.int64], NDArray[np.str_], Array]:
    fold, clip = np.asarray(columns[0], np.int64), np.asarray(columns[1], np.str_)
    kl = np.asarray(columns[2], np.float64)
    if not len(fold) == len(clip) == len(kl):
        raise MerbenchError(
            f"{name}: {len(fold)} folds, {len(clip)} clips and {len(kl)} KL values; give one of "
            "each a row"
        )
    return fold, clip, kl


def _require_same_rows(
    a: str,
    rows_a: tuple[NDArray[np.int64], NDArray[np.str_]],
    b: str,
    rows_b: tuple[NDArray[np.int64], NDArray[np.str_]],
) -> None:
    """Raise unless two cells have the same sorted rows."""
    (fold_a, clip_a), (fold_b, clip_b) = rows_a, rows_b
    if len(fold_a) != len(fold_b):
        raise MerbenchError(
            f"{a} has {len(fold_a)} scored rows and {b} {len(fold_b)}, so their splits differ: "
            f"{REMEDY}"
        )
    differs = np.flatnonzero((fold_a != fold_b) | (clip_a != clip_b))
    if len(differs):
        row = differs[0]
        raise MerbenchError(
            f"{a} and {b} have different splits: sorted by fold and clip, row {row} is clip "
            f"{clip_a[row]} in fold {fold_a[row]} for one, clip {clip_b[row]} in fold "
            f"{fold_b[row]} for the other; {REMEDY}"
        )


def _require_same_training(
    a: str, b: str, n_train: Mapping[str, Mapping[int, int]], folds: Sequence[int] | NDArray
) -> None:
    for fold in map(int, np.unique(folds)):
        sizes = n_train[a].get(fold), n_train[b].get(fold)
        if sizes[0] != sizes[1]:
            raise MerbenchError(
                f"{a} and {b} have different splits: {sizes[0]} and {sizes[1]} training clips in "
                f"fold {fold}; {REMEDY}"
            )


def _groups(clips: NDArray[np.str_], group: Mapping[str, str]) -> NDArray[np.str_]:
    distinct, index = np.unique(clips, return_inverse=True)
    unknown = [str(clip) for clip in distinct if str(clip) not in group]
    if unknown:
        raise MerbenchError(f"clip {unknown[0]} has no group; name the group of every clip")
    return np.array([group[str(clip)] for clip in distinct], np.str_)[index]
