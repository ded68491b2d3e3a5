"""Sequences of features of clips, standardised, and batches of them padded to one length."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import Dataset

from merbench import MerbenchError

Floats = NDArray[np.float64]
Frames = NDArray[np.float32]

LIMIT = 5.0
"""Standard deviations beyond which a feature standardised by column says no more."""

BATCHES_SORTED = 8
"""Batches that are drawn together and sorted by length, so that little is padded."""


class Moments(NamedTuple):
    """What steps are standardised by; each of shape (d,)."""

    mean: Frames
    deviation: Frames
    limit: float | None
    """Standard deviations beyond which values are cut."""

    def __call__(self, steps: Frames) -> Frames:
        """Standardise steps of shape (n, d)."""
        scaled: Frames = (steps - self.mean) / self.deviation
        return scaled if self.limit is None else scaled.clip(-self.limit, self.limit)


class Sequences(Dataset[tuple[Tensor, Tensor]]):
    """Clips' steps, each with its label.

    Steps are read whenever they are asked for, but if frames are averaged into few of them: these
    are made once and kept.

    Parameters
    ----------
    X
        Array-like of n clips, X[i] of shape (frames, d), possibly mapped from disk.
    Y
        Labels, shape (n, columns); None while predicting.
    max_frames
        Frames used of each.
    pool
        Frames averaged into a step; the last step of a clip may have fewer.
    moments
        What steps are standardised by; None leaves them as they are.
    """

    def __init__(
        self,
        X: Any,
        Y: Floats | None,
        max_frames: int,
        pool: int,
        moments: Moments | None = None,
    ) -> None:
        labels = np.zeros((len(X), 1)) if Y is None else Y
        self.Y = torch.tensor(labels, dtype=torch.float32)
        self.X = X
        self.rows = np.arange(len(X))
        self.max_frames = max_frames
        self.pool = pool
        self.moments = moments
        self.width = int(X.shape[-1]) if hasattr(X, "shape") else int(X[0].shape[-1])
        # Lengths are asked for before any batch is read; averaged steps are few enough to keep.
        self.kept = [self._read(row) for row in self.rows] if pool > 1 else None
        self.lengths = np.array(
            [min(len(X[row]), max_frames) for row in range(len(X))]
            if self.kept is None
            else [len(steps) for steps in self.kept]
        )
        if not self.lengths.all():
            raise MerbenchError(
                f"clip {int(self.lengths.argmin())} (counted from 0) has no frame; leave it out"
            )

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, item: int) -> tuple[Tensor, Tensor]:
        row = self.rows[item]
        steps = self._read(row) if self.kept is None else self.kept[row]
        if self.moments is not None:
            steps = self.moments(steps)
        return torch.from_numpy(np.ascontiguousarray(steps)), self.Y[item]

    def length(self, items: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return the number of steps of some clips."""
        lengths: NDArray[np.intp] = self.lengths[self.rows[items]]
        return lengths

    def part(self, items: NDArray[np.intp]) -> Sequences:
        """Return some of the clips."""
        some = copy.copy(self)
        some.rows, some.Y = self.rows[items], self.Y[torch.from_numpy(items)]
        return some

    def standardise(self, *, by_column: bool) -> Moments:
        """Standardise by the moments of all steps, which are returned."""
        total = 0
        mean, squares = np.zeros(self.width), np.zeros(self.width)
        for row in self.rows:
            steps = (self._read(row) if self.kept is None else self.kept[row]).astype(np.float64)
            # Sums of squares about the mean, merged: Chan et al., The American Statistician 37.
            count = total + len(steps)
            shift = steps.mean(axis=0) - mean
            squares += ((steps - steps.mean(axis=0)) ** 2).sum(axis=0)
            squares += shift**2 * total * len(steps) / count
            mean += shift * len(steps) / count
            total = count
        variance = squares / total
        if not by_column:
            variance = np.full(self.width, (variance + mean**2).mean() - mean.mean() ** 2)
            mean = np.full(self.width, mean.mean())
        deviation = np.sqrt(np.maximum(variance, 0))
        # A feature never seen to vary says nothing, whatever it does in a test clip.
        deviation[deviation <= 1e-9 * np.abs(mean)] = np.inf
        limit = LIMIT if by_column else None
        moments = Moments(mean.astype(np.float32), deviation.astype(np.float32), limit)
        if self.kept is not None:
            self.kept = [moments(steps) for steps in self.kept]
        else:
            self.moments = moments
        return moments

    def _read(self, row: Any) -> Frames:
        frames: Frames = np.asarray(self.X[int(row)][: self.max_frames], dtype=np.float32)
        if self.pool == 1:
            return frames
        starts = np.arange(0, len(frames), self.pool)
        counts = np.diff(np.append(starts, len(frames)))[:, np.newaxis]
        # In float64, so that a constant stays one.
        sums = np.add.reduceat(frames, starts, axis=0, dtype=np.float64)
        averaged: Frames = (sums / counts).astype(np.float32)
        return averaged


class Batches:
    """Batches of clips, padded to their longest: ({steps, lengths}, labels).

    Parameters
    ----------
    clips
        What they are made of.
    batch_size
        Clips in each; none is left with a single one, which could not be normalised.
    seed
        Of their order: drawn anew for each pass, clips of like length together. None takes the
        clips as they come.
    """

    def __init__(self, clips: Sequences, batch_size: int, seed: int | None = None) -> None:
        self.clips = clips
        self.batch_size = batch_size
        self.rng = None if seed is None else np.random.default_rng(seed)

    def __iter__(self) -> Iterator[tuple[dict[str, Tensor], Tensor]]:
        for items in self.order():
            steps, labels = zip(*(self.clips[item] for item in items), strict=True)
            lengths = torch.tensor([len(sequence) for sequence in steps])
            alike = bool((lengths == lengths[0]).all())
            padded = torch.stack(steps) if alike else pad_sequence(list(steps), batch_first=True)
            yield {"steps": padded, "lengths": lengths}, torch.stack(labels)

    def order(self) -> list[NDArray[np.intp]]:
        """Return the items of each batch, for one pass."""
        items = np.arange(len(self.clips))
        if self.rng is None:
            return self._cut(items)
        items = self.rng.permutation(items)
        size = BATCHES_SORTED * self.batch_size
        for first in range(0, len(items), size):
            some = items[first : first + size]
            items[first : first + size] = some[np.argsort(self.clips.length(some), kind="stable")]
        batches = self._cut(items)
        return [batches[i] for i in self.rng.permutation(len(batches))]

    def _cut(self, items: NDArray[np.intp]) -> list[NDArray[np.intp]]:
        firsts = list(range(0, len(items), self.batch_size))
        if len(firsts) > 1 and len(items) - firsts[-1] == 1:
            firsts.pop()
        return np.split(items, firsts[1:])
