"""Training an autoencoder on images, and turning images into codes and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from merbench_plugins.models._network_classifier import AsIs, Averaged
from merbench_plugins.models._network_training import Frames, Recipe, Rows, outputs, train
from merbench_plugins.models._training import own_randomness, own_threads
from merbench_plugins.networks.autoencoder import Autoencoder, ReconstructionError


class Scaled:
    """Reads an image with its smallest value at -1 and its largest at 1.

    Parameters
    ----------
    image
        Bins and frames that it is averaged down to first; None takes it as it is.
    """

    def __init__(self, image: tuple[int, int] | None) -> None:
        self.read = AsIs() if image is None else Averaged(image)

    def __call__(self, row: Any) -> Frames:
        """Return (stems, bins, frames); an image of one value becomes 0."""
        image = self.read(row)
        low, high = self.ends(image)
        return image * 0 if low == high else 2 * (image - low) / (high - low) - 1

    def ends(self, image: Frames) -> tuple[np.float32, np.float32]:
        """Return the smallest and the largest value of an image that was read already."""
        return image.min(), image.max()


class Encoding(NamedTuple):
    """A trained autoencoder, and how images are given to it."""

    network: Autoencoder
    reader: Scaled
    recipe: Recipe
    device: str
    curve: list[dict[str, float]]

    def codes(self, images: Any) -> NDArray[np.float32]:
        """Return the codes of images, shape (n, d)."""
        rows = Rows((images,), None, (self.reader,))
        found = outputs(self.network.encoder, rows, self.recipe.batch_size, self.device)
        return found.astype(np.float32)

    def images(self, codes: NDArray[np.floating[Any]]) -> Frames:
        """Return what codes are decoded to, (n, stems, bins, frames) on [-1, 1]."""
        given = torch.as_tensor(np.asarray(codes), dtype=torch.float32, device=self.device)
        with own_threads(), torch.inference_mode():
            found: Frames = self.network.decode(given).cpu().numpy()
        return found


def trained(
    images: Any,
    network: Callable[[tuple[int, ...]], Autoencoder],
    recipe: Recipe,
    *,
    image: tuple[int, int] | None,
    classes: NDArray[np.intp] | None = None,
    name: str,
    seed: int,
    device: str,
) -> Encoding:
    """Train an autoencoder to give images back.

    Parameters
    ----------
    images
        Array-like of n, (stems, bins, frames) each.
    network
        Called with the shape of one image.
    recipe
        How it is trained.
    image
        Bins and frames that images are averaged down to.
    classes
        Shape (n,): of each image, where codes are exchanged within classes.
    name, seed, device
        See `_network_training.train`.
    """
    reader = Scaled(image)
    paired = [] if classes is None else [(classes.astype(np.float32), AsIs())]
    inputs = [images, *(rows for rows, _ in paired)]
    rows = Rows(inputs, None, [reader, *(read for _, read in paired)], keep=image is not None)
    with own_randomness(seed, device):
        made = network(rows.shape)
    curve = train(made, rows, ReconstructionError, recipe, name=name, seed=seed, device=device)
    return Encoding(made, reader, recipe, device, curve)
