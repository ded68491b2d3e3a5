"""Clips cut into pieces that are trained on one by one, and what is said of them put together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from merbench import FeatureKind, MerbenchError, fit_estimator
from merbench_plugins.models._checked import checked_labels
from merbench_plugins.models._inner_folds import TrainingRows

Floats = NDArray[np.float64]
Integers = NDArray[np.intp]


class Segments:
    """Pieces of clips, each a row, cut out when it is asked for.

    Indexing is as of the clips themselves: an integer gives a piece's array, integers or a slice
    several. A clip shorter than a piece is played again until it fills one; of a longer one what
    fills no piece at the end is left out.

    Parameters
    ----------
    clips
        Array-like of n clips; time runs along the first axis of a sequence, else along the last.
    kind
        Of what a piece is to be. A vector is the mean of a sequence's frames.
    length, step
        Of a piece, and from one's start to the next one's: in frames, of audio in samples.

    Attributes
    ----------
    clip
        Shape (m,): the clip of each piece.
    number
        Shape (m,): which of its clip's pieces it is, from 0.
    """

    def __init__(self, clips: Any, kind: FeatureKind, length: int, step: int) -> None:
        self.clips, self.length, self.step = clips, length, step
        self.averaged = kind is FeatureKind.VECTOR
        self.axis = 0 if kind in (FeatureKind.SEQUENCE, FeatureKind.VECTOR) else -1
        fixed = clips.shape[-1] if kind is FeatureKind.IMAGE else None
        lengths = [fixed or clips[i].shape[self.axis] for i in range(len(clips))]
        counts = [max(0, (frames - length) // step) + 1 for frames in lengths]
        self.clip: Integers = np.repeat(np.arange(len(counts)), counts)
        self.number: Integers = np.concatenate([np.arange(count) for count in counts])

    def __len__(self) -> int:
        return len(self.clip)

    @property
    def shape(self) -> tuple[int, ...]:
        """(m, ...)."""
        return (len(self), *self[0].shape)

    @property
    def ndim(self) -> int:
        """Number of axes of `shape`."""
        return len(self.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the values."""
        return np.dtype(np.asarray(self[0]).dtype)

    @property
    def rates(self) -> NDArray[np.float64] | None:
        """Frames a second of each piece, where they are known of the clips."""
        rates = getattr(self.clips, "rates", None)
        return None if rates is None else rates[self.clip]

    def __getitem__(self, item: Any) -> Any:
        if isinstance(item, int | np.integer):
            return self._piece(int(item))
        return np.stack([self._piece(int(i)) for i in np.arange(len(self))[item]])

    def __iter__(self) -> Iterator[NDArray[Any]]:
        return (self._piece(i) for i in range(len(self)))

    def _piece(self, row: int) -> NDArray[Any]:
        start = int(self.number[row]) * self.step
        whole = self.clips[int(self.clip[row])]
        missing = start + self.length - whole.shape[self.axis]
        if missing > 0:
            padding = [(0, 0)] * whole.ndim
            padding[self.axis] = (0, missing)
            whole = np.pad(whole, padding, mode="wrap")
        cut = [slice(None)] * whole.ndim
        cut[self.axis] = slice(start, start + self.length)
        piece: NDArray[Any] = whole[tuple(cut)]
        return piece.mean(axis=0) if self.averaged else piece


class SegmentedEstimator(BaseEstimator):
    """Fits an estimator to pieces of clips; parameters as in `segmented.Segmented`.

    It is told of every piece its clip's group, or the clip itself where groups are not known, and
    which piece of an original one is a copy of, so that nothing that splits rows parts a clip.
    """

    def __init__(
        self,
        estimator: Any,
        kind: FeatureKind,
        length: int | None,
        seconds: float | None,
        step: float | None,
        aggregate: Literal["mean", "rounded-index"],
    ) -> None:
        self.estimator = estimator
        self.kind = kind
        self.length = length
        self.seconds = seconds
        self.step = step
        self.aggregate = aggregate

    def fit(self, X: Any, Y: Any, groups: Any = None, copy_of: Any = None) -> SegmentedEstimator:
        """Fit to clips (see `Estimator`) and labels (n, columns)."""
        labels = checked_labels(Y, len(X))
        known = TrainingRows.of(len(X), groups, copy_of)
        pieces = self._pieces(X)
        own = np.arange(len(X)) if known.copy_of is None else known.copy_of
        groups = own.astype(str) if known.groups is None else known.groups
        first = np.searchsorted(pieces.clip, np.arange(len(X)))
        counts = np.bincount(pieces.clip)
        original = own[pieces.clip]
        of_piece = first[original] + np.minimum(pieces.number, counts[original] - 1)
        fit_estimator(
            self.estimator,
            self._rows(pieces),
            labels[pieces.clip],
            groups=groups[pieces.clip],
            copy_of=None if known.copy_of is None else of_piece,
        )
        self.curve_ = getattr(self.estimator, "curve_", [])
        self.trials_ = getattr(self.estimator, "trials_", [])
        self.fitted_ = True
        return self

    def predict(self, X: Any) -> Floats:
        """Return one row a clip, (n, columns)."""
        check_is_fitted(self, "fitted_")
        pieces = self._pieces(X)
        rows = np.asarray(self.estimator.predict(self._rows(pieces)), dtype=np.float64)
        if self.aggregate == "rounded-index":
            return _rounded(rows, pieces.clip)
        starts = np.searchsorted(pieces.clip, np.arange(len(X)))
        means: Floats = np.add.reduceat(rows, starts) / np.bincount(pieces.clip)[:, np.newaxis]
        return means

    def _rows(self, pieces: Segments) -> Any:
        """Return what the estimator is given: vectors are small, and models want them at once."""
        return pieces[:] if pieces.averaged else pieces

    def _pieces(self, X: Any) -> Segments:
        if self.length is not None:
            return Segments(X, self.kind, self.length, max(1, round(self.step or self.length)))
        rates = getattr(X, "rates", None)
        if rates is None or np.ptp(rates) > 1e-6 * np.max(rates):
            raise MerbenchError(
                "segmented: `seconds` needs clips of one known number of frames a second; give "
                "`length`, in frames (of audio: samples), or use a feature at a fixed sample rate"
            )
        length = max(1, round(self.seconds * rates[0]))
        step = self.seconds if self.step is None else self.step
        return Segments(X, self.kind, length, max(1, round(step * rates[0])))


def _rounded(rows: Floats, clip: Integers) -> Floats:
    """Return one-hot rows of the rounded mean of the numbers of pieces' likeliest classes."""
    numbers = rows.argmax(axis=1)
    mean = np.bincount(clip, weights=numbers) / np.bincount(clip)
    one_hot: Floats = np.eye(rows.shape[1])[np.rint(mean).astype(int)]
    return one_hot
