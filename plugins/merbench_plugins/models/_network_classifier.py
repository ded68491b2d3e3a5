"""The estimator around networks that give a score a class."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted
from torch import nn
from torch.nn import functional

from merbench import MerbenchError
from merbench_plugins.models._checked import checked_features, count_clips
from merbench_plugins.models._classification import checked_shares
from merbench_plugins.models._network_training import (
    Frames,
    Reader,
    Recipe,
    Rows,
    outputs,
    train,
)
from merbench_plugins.models._training import own_randomness

Floats: TypeAlias = NDArray[np.float64]


class NetworkClassifier(BaseEstimator):
    """Trains a network to tell classes, by cross-entropy against the labels' shares.

    The last layer's biases start at the logarithms of the classes' shares, which on classes of
    one size is where Keras starts them.

    Parameters
    ----------
    name
        Of the model, for errors.
    network
        Called with the shape of a row of the first input, the number of classes, and `options`. It
        returns a module whose last layer is its attribute `output`.
    options
        See `network`.
    readers
        One an input: what turns a stored row into what the network is given.
    recipe
        How it is trained.
    keep
        Whether what readers return is small enough to be made once.
    criterion
        Loss of scores and shares.
    seed, device
        See `Model.estimator`.

    Attributes
    ----------
    curve_
        One dict an epoch: `epoch`, `train_loss`, `train_accuracy`, while weights change.
    network_
        The trained network.
    """

    def __init__(
        self,
        name: str,
        network: Callable[..., Any],
        options: Mapping[str, Any],
        readers: Sequence[Reader],
        recipe: Recipe,
        keep: bool = False,
        criterion: type[nn.Module] = nn.CrossEntropyLoss,
        seed: int = 0,
        device: str = "cpu",
    ) -> None:
        self.name = name
        self.network = network
        self.options = options
        self.readers = readers
        self.recipe = recipe
        self.keep = keep
        self.criterion = criterion
        self.seed = seed
        self.device = device

    def fit(self, X: Any, Y: Any) -> NetworkClassifier:
        """Train on rows of the inputs and distributions (n, k).

        Raises
        ------
        MerbenchError
            Labels are no distributions, there is a single clip, or rows are too small.
        """
        n = count_clips(X)
        shares = checked_shares(Y, n)
        if n < 2:
            raise MerbenchError(f"{self.name}: one clip cannot be trained on; give at least 2")
        rows = Rows(self._inputs(X), shares, self.readers, keep=self.keep)
        with own_randomness(self.seed, self.device):
            network = self.network(rows.shape, shares.shape[1], **self.options)
            prior = np.log((shares.sum(axis=0) + 1) / (n + shares.shape[1]))
            with torch.no_grad():
                network.output.bias.copy_(torch.from_numpy(prior - prior.max()))
        self.curve_ = train(
            network, rows, self.criterion, self.recipe,
            name=self.name, seed=self.seed, device=self.device,
        )  # fmt: skip
        self.network_ = network
        return self

    def predict(self, X: Any) -> Floats:
        """Return distributions, shape (n, k)."""
        check_is_fitted(self, "network_")
        rows = Rows(self._inputs(X), None, self.readers)
        scores = outputs(self.network_, rows, self.recipe.batch_size, self.device)
        odds = np.exp(scores - scores.max(axis=1, keepdims=True))
        probabilities: Floats = odds / odds.sum(axis=1, keepdims=True)
        return probabilities

    def _inputs(self, X: Any) -> tuple[Any, ...]:
        """Return the inputs one by one; vectors, which are arrays, are held to be finite."""
        parts = X if isinstance(X, tuple) else (X,)
        vectors = [isinstance(part, np.ndarray) and part.ndim == 2 for part in parts]
        return tuple(
            checked_features(part) if vector else part
            for part, vector in zip(parts, vectors, strict=True)
        )


class AsIs:
    """Reads a row as it is stored."""

    def __call__(self, row: Any) -> Frames:
        """Return it in single precision."""
        return np.asarray(row, dtype=np.float32)


class Averaged:
    """Reads an image averaged down to fewer bins and frames.

    Parameters
    ----------
    size
        (bins, frames).
    """

    def __init__(self, size: tuple[int, int]) -> None:
        self.size = size

    def __call__(self, row: Any) -> Frames:
        """Return (stems, bins, frames)."""
        image = torch.from_numpy(np.array(row, dtype=np.float32))
        small: Frames = functional.adaptive_avg_pool2d(image, self.size).numpy()
        return small


class OfLength:
    """Reads audio cut to a number of samples, or played again until it has them.

    Parameters
    ----------
    samples
        How many.
    """

    def __init__(self, samples: int) -> None:
        self.samples = samples

    def __call__(self, row: Any) -> Frames:
        """Return (stems, samples)."""
        whole: Frames = np.asarray(row, dtype=np.float32)
        if whole.shape[1] < self.samples:
            whole = np.pad(whole, ((0, 0), (0, self.samples - whole.shape[1])), mode="wrap")
        return whole[:, : self.samples]
