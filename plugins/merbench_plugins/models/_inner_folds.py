"""Splitting training clips once more, without dividing a group or parting a copy from its clip."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

from merbench.errors import MerbenchError

Integers = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class TrainingRows:
    """What is known of the training rows beside features and labels.

    Parameters
    ----------
    count
        Their number, n.
    groups, copy_of
        Shape (n,), as an estimator is given them; None where it was given none.
    """

    count: int
    groups: NDArray[Any] | None = None
    copy_of: Integers | None = None

    @classmethod
    def of(cls, count: int, groups: Any, copy_of: Any) -> TrainingRows:
        """Check what an estimator was given.

        Raises
        ------
        MerbenchError
            It does not say one thing of each row.
        """
        for name, given in (("groups", groups), ("copy_of", copy_of)):
            if given is not None and np.shape(given) != (count,):
                raise MerbenchError(
                    f"`{name}` has the shape {np.shape(given)} for {count} training clips; give "
                    "one value a clip"
                )
        return cls(
            count,
            None if groups is None else np.asarray(groups),
            None if copy_of is None else np.asarray(copy_of, dtype=np.intp),
        )

    @property
    def told(self) -> dict[str, Any]:
        """What `merbench.fit_estimator` hands on."""
        return {"groups": self.groups, "copy_of": self.copy_of}

    @property
    def units(self) -> Integers:
        """Number of the unit that each row belongs to, shape (n,): what no split divides.

        A unit is a group, or where groups are not known a clip, each with its copies.
        """
        own = np.arange(self.count) if self.groups is None else self.groups
        if self.copy_of is not None:
            own = own[self.copy_of]
        return np.unique(own, return_inverse=True)[1].astype(np.intp)

    @property
    def whole(self) -> bool:
        """Whether every row is a unit of its own."""
        units = self.units
        return len(np.unique(units)) == len(units)

    @property
    def original(self) -> NDArray[np.bool_]:
        """Whether each row is an original, shape (n,)."""
        if self.copy_of is None:
            return np.ones(self.count, bool)
        own: NDArray[np.bool_] = self.copy_of == np.arange(self.count)
        return own

    def take(self, rows: Integers) -> TrainingRows:
        """Return what is known of some rows, given in ascending order and with whole units."""
        return TrainingRows(
            len(rows),
            None if self.groups is None else self.groups[rows],
            None if self.copy_of is None else np.searchsorted(rows, self.copy_of[rows]),
        )


def demand_two(units: Integers) -> None:
    """Raise `MerbenchError` where all rows are of one unit."""
    if len(np.unique(units)) < 2:
        raise MerbenchError(
            "the training clips are all of one group (artist, song or series), and cannot be "
            "split without dividing it; train on two groups at least"
        )


def fold_of_each(
    units: Integers, folds: int, *, strata: Integers | None = None, seed: int | None = None
) -> Integers:
    """Deal rows out to folds of about one size, each unit to one of them.

    Parameters
    ----------
    units
        Shape (n,): the unit that each row belongs to.
    folds
        How many; where there are fewer units, one a unit.
    strata
        Shape (n,): classes, of which every fold gets about as many rows.
    seed
        What the order of units is drawn from; None takes them as they come.

    Returns
    -------
    ndarray
        Shape (n,): the number of the fold of each row, from 0, no fold being empty.

    Raises
    ------
    MerbenchError
        All rows are of one unit.
    """
    demand_two(units)
    folds = min(folds, len(np.unique(units)))
    if seed is not None:
        # Both splitters take units of one size, or of like classes, by their numbers.
        units = np.random.default_rng(seed).permutation(units.max() + 1)[units]
    fold = np.empty(len(units), np.intp)
    with warnings.catch_warnings():
        # Of a class with fewer rows than folds, which then cannot be in all of them.
        warnings.filterwarnings("ignore", category=UserWarning, module=r"sklearn\.")
        if strata is None or np.bincount(strata).max() < folds:
            parts = GroupKFold(folds).split(units, None, units)
        else:
            parts = StratifiedGroupKFold(folds).split(units, strata, units)
        for number, (_, rows) in enumerate(parts):
            fold[rows] = number
    return np.unique(fold, return_inverse=True)[1].astype(np.intp)
