"""Methods 2 and 3 of Louro et al. 2024: a small convolutional network, and recurrent units on it.

Louro et al., "A Comparison Study of Deep Learning Methodologies for Music Emotion Recognition",
Sensors 24(7), 2201, 2024; rows "DL Baseline" and "Baseline with GRU". The first is after Choi et
al., "Automatic tagging using deep convolutional neural networks", ISMIR 2016.
"""

from __future__ import annotations

from torch import Tensor, nn

from merbench_plugins.networks.blocks import KERAS_EPSILON, SamePool, start_as_keras, too_small

FILTERS, KERNEL = 16, 5
POOLS = ((2, 2), (2, 2), (2, 3), (2, 3))
"""(bins, frames) after each convolution."""
DENSE = 300


def convolutions(channels: int, *, last: tuple[nn.Module, ...] = ()) -> nn.Sequential:
    """Return the four convolutions; batch normalisation and dropout follow the first three.

    Parameters
    ----------
    channels
        Stems of an image.
    last
        What follows the fourth.
    """
    layers: list[nn.Module] = []
    for number, pool in enumerate(POOLS):
        layers += [nn.Conv2d(channels, FILTERS, KERNEL), nn.ReLU(), SamePool(pool)]
        if number < len(POOLS) - 1:
            layers += [nn.BatchNorm2d(FILTERS, eps=KERAS_EPSILON), nn.Dropout(0.1)]
        channels = FILTERS
    return nn.Sequential(*layers, *last, nn.Flatten())


def flat_size(shape: tuple[int, ...], name: str) -> int:
    """Return how many numbers the convolutions make of an image: 2,000 of 128 bins x 942 frames.

    Parameters
    ----------
    shape
        (stems, bins, frames) of an image.
    name
        Of the model, for the error.

    Raises
    ------
    MerbenchError
        Images are too small.
    """
    lengths = list(shape[1:])
    for pool in POOLS:
        inside = [length - KERNEL + 1 for length in lengths]
        if min(inside) < 1:
            raise too_small(shape, name)
        lengths = [-(-length // size) for length, size in zip(inside, pool, strict=True)]
    return FILTERS * lengths[0] * lengths[1]


class BaselineCnn(nn.Module):
    """Four convolutions and a dense layer of 300: 621,264 numbers for 128 bins x 942 frames."""

    def __init__(
        self, shape: tuple[int, ...], outputs: int, last: tuple[nn.Module, ...] | None = None
    ) -> None:
        super().__init__()
        # The hybrid's has batch normalisation and a dropout of 0.3 at the end instead.
        ending = (nn.Dropout(0.4),) if last is None else last
        body = convolutions(shape[0], last=ending)
        width = flat_size(shape, "louro-cnn")
        self.body = nn.Sequential(body, nn.Linear(width, DENSE), nn.ReLU())
        self.output = nn.Linear(DENSE, outputs)
        start_as_keras(self, "he")

    def forward(self, images: Tensor) -> Tensor:
        """Map images (n, stems, bins, frames) to scores (n, outputs)."""
        scores: Tensor = self.output(self.body(images))
        return scores


class BaselineGru(nn.Module):
    """The same convolutions, two layers of gated recurrent units, dense layers of 300 and 75.

    As the authors have it, all that the convolutions give is one step of one sequence, so that
    nothing recurs: 48,666,939 numbers for 128 bins x 942 frames.
    """

    def __init__(self, shape: tuple[int, ...], outputs: int, units: int = 2_000) -> None:
        super().__init__()
        self.body = convolutions(shape[0], last=(nn.Dropout(0.4),))
        width = flat_size(shape, "louro-cnn-gru")
        self.recurrent = nn.GRU(width, units, 2, batch_first=True)
        self.head = nn.Sequential(
            nn.Dropout(0.5), nn.Linear(units, DENSE), nn.ReLU(), nn.Linear(DENSE, 75), nn.ReLU()
        )
        self.output = nn.Linear(75, outputs)
        start_as_keras(self, "he")

    def forward(self, images: Tensor) -> Tensor:
        """Map images (n, stems, bins, frames) to scores (n, outputs)."""
        states, _ = self.recurrent(self.body(images)[:, None])
        scores: Tensor = self.output(self.head(states[:, -1]))
        return scores
