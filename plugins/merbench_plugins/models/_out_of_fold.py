"""Predicting each training clip by an estimator that never saw it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from merbench import fit_estimator
from merbench_plugins.models._inner_folds import TrainingRows

Floats = NDArray[np.float64]


def out_of_fold(
    fresh: Callable[[], Any],
    X: Any,
    Y: Floats,
    known: TrainingRows,
    fold: NDArray[np.intp],
) -> Floats:
    """Predict the originals among training clips fold by fold, each from the other folds.

    Test clips are originals, so nothing is learnt from how well copies are predicted; those of the
    other folds are trained on.

    Parameters
    ----------
    fresh
        Returns an unfitted estimator.
    X, Y, known
        Features, labels (n, columns) and what else is known of the clips.
    fold
        Shape (n,), from `fold_of_each`.

    Returns
    -------
    ndarray
        Shape (originals, columns).
    """
    unseen = np.empty_like(Y)
    for number in range(fold.max() + 1):
        rest = np.flatnonzero(fold != number)
        asked = np.flatnonzero((fold == number) & known.original)
        estimator = fit_estimator(fresh(), take_clips(X, rest), Y[rest], **known.take(rest).told)
        unseen[asked] = estimator.predict(take_clips(X, asked))
    predicted: Floats = unseen[known.original]
    return predicted


class ChosenClips:
    """Some clips of an array-like that may lie on disk, and is left there.

    Parameters
    ----------
    source
        Indexed by one integer or an array of them.
    rows
        Which of its clips, in order.
    """

    def __init__(self, source: Any, rows: NDArray[np.intp]) -> None:
        self._source = source
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, item: Any) -> Any:
        return self._source[self._rows[item]]

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    @property
    def rates(self) -> NDArray[np.float64] | None:
        """Frames a second of each clip; None where they are not known."""
        rates: NDArray[np.float64] | None = getattr(self._source, "rates", None)
        return None if rates is None else rates[self._rows]

    @property
    def shape(self) -> tuple[int, ...]:
        """(clips, ...)."""
        return (len(self), *self._source.shape[1:])

    @property
    def ndim(self) -> int:
        """Number of axes of `shape`."""
        return len(self.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the values."""
        dtype: np.dtype[Any] = self._source.dtype
        return dtype


def take_clips(X: Any, rows: NDArray[np.intp]) -> Any:
    """Return some clips of `X`: of each part of a tuple, in memory only where they are vectors."""
    if isinstance(X, tuple):
        return tuple(take_clips(part, rows) for part in X)
    if isinstance(X, np.ndarray) and X.ndim <= 2:
        return X[rows]
    return ChosenClips(X, rows)
