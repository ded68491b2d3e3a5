"""The images that `crnn` is trained on, and the order in which they come."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from torch.utils.data import Dataset, Sampler

from merbench_plugins.models._crnn_network import OUTPUTS, log_scale


class LabelledImages(Dataset[tuple[Tensor, Tensor]]):
    """Images read when asked for, each with its label.

    Parameters
    ----------
    X
        Array-like of n clips, X[i] of shape (stems, bins, frames), possibly mapped from disk.
    Y
        Labels, shape (n, 4); None while predicting.
    image
        Bins and frames to average images down to. Such small ones are made once and kept.
    """

    def __init__(
        self, X: Any, Y: NDArray[np.float64] | None, image: tuple[int, int] | None
    ) -> None:
        labels = np.zeros((len(X), OUTPUTS)) if Y is None else Y
        self.Y = torch.tensor(labels, dtype=torch.float32)
        self.X = X
        if image is not None:
            self.X = [
                functional.adaptive_avg_pool2d(_tensor(X[clip]), image) for clip in range(len(X))
            ]

    def __len__(self) -> int:
        return len(self.X)

    def __getitem__(self, clip: int) -> tuple[Tensor, Tensor]:
        return _tensor(self.X[clip]), self.Y[clip]

    def moments(self) -> tuple[float, float]:
        """Return the mean and standard deviation of all log-scaled values."""
        mean = square = 0.0
        for clip in range(len(self)):
            values = log_scale(self[clip][0]).double()
            mean += values.mean().item() / len(self)
            square += values.square().mean().item() / len(self)
        return mean, math.sqrt(max(square - mean**2, 1e-12))


def _tensor(image: Any) -> Tensor:
    """Copy one image out of wherever it lies."""
    if isinstance(image, Tensor):
        return image
    return torch.from_numpy(np.array(image, dtype=np.float32))


class ClipOrder(Sampler[int]):
    """Order in which clips are trained on: pass after pass, cut into epochs.

    Parameters
    ----------
    clips
        Number of clips.
    per_epoch
        Clips in an epoch; what a pass has left over begins the next epoch. None: a pass is an
        epoch.
    order
        "shuffled": each pass has a permutation of its own. "fixed": all have the same one.
        "as-given": clips come as they lie.
    seed
        Where permutations come from.
    """

    def __init__(self, clips: int, per_epoch: int | None, order: str, seed: int) -> None:
        self.clips = clips
        self.per_epoch = per_epoch or clips
        self.shuffled = order == "shuffled"
        self.rng = np.random.default_rng(seed)
        self.order = np.arange(clips) if order == "as-given" else self.rng.permutation(clips)
        self.left = self.order.tolist()

    def __len__(self) -> int:
        return self.per_epoch

    def __iter__(self) -> Iterator[int]:
        for _ in range(self.per_epoch):
            if not self.left:
                if self.shuffled:
                    self.order = self.rng.permutation(self.clips)
                self.left = self.order.tolist()
            yield self.left.pop(0)
