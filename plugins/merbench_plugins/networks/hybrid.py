"""Method 5 of Louro et al. 2024: a convolutional and a dense network, trained apart, then joined.

Louro et al. 2024, row "Hybrid Augmented": the dense network sees hand-crafted features, the
convolutional one spectrograms and augmented copies of them; both are then frozen.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from merbench_plugins.networks.baseline_cnn import FILTERS, BaselineCnn
from merbench_plugins.networks.blocks import KERAS_EPSILON, start_as_keras

WIDTHS = (500, 300, 100)
"""Units of the dense network's layers."""


class HandCraftedNetwork(nn.Module):
    """Three dense layers on a vector of features, which batch normalisation scales."""

    def __init__(self, shape: tuple[int, ...], outputs: int) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.BatchNorm1d(shape[0], eps=KERAS_EPSILON), nn.Dropout(0.2)]
        for inputs, units in zip((shape[0], *WIDTHS[:-1]), WIDTHS, strict=True):
            layers += [nn.Linear(inputs, units), nn.ReLU()]
        self.body = nn.Sequential(*layers)
        self.output = nn.Linear(WIDTHS[-1], outputs)
        start_as_keras(self)

    def forward(self, vectors: Tensor) -> Tensor:
        """Map vectors (n, d) to scores (n, outputs)."""
        scores: Tensor = self.output(self.body(vectors))
        return scores


class AugmentedCnn(BaselineCnn):
    """The baseline's convolutions with batch normalisation and a dropout of 0.3 at their end."""

    def __init__(self, shape: tuple[int, ...], outputs: int) -> None:
        super().__init__(
            shape, outputs, (nn.BatchNorm2d(FILTERS, eps=KERAS_EPSILON), nn.Dropout(0.3))
        )


class JoinedNetwork(nn.Module):
    """Two networks without their last layers, and dense layers of 200 and 100 on both.

    Parameters
    ----------
    shape
        Not used: what it takes is what the two networks take.
    outputs
        Scores.
    images, vectors
        An `AugmentedCnn`, and a `HandCraftedNetwork` that is trained and stays as it is.
    frozen
        Whether the first is trained too, and stays as it is.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        outputs: int,
        images: BaselineCnn,
        vectors: HandCraftedNetwork,
        frozen: bool = True,
    ) -> None:
        super().__init__()
        self.images, self.vectors = images.body, vectors.body
        width = images.output.in_features + vectors.output.in_features
        self.head = nn.Sequential(
            nn.BatchNorm1d(width, eps=KERAS_EPSILON),
            nn.Linear(width, 200),
            nn.ReLU(),
            nn.Linear(200, 100),
            nn.ReLU(),
        )
        self.output = nn.Linear(100, outputs)
        start_as_keras(self.head, dense="he")
        start_as_keras(self.output)
        self.vectors.requires_grad_(False)
        self.images.requires_grad_(not frozen)
        self.frozen = frozen

    def train(self, mode: bool = True) -> JoinedNetwork:
        """Set the mode of what is trained; the frozen networks always predict."""
        super().train(mode)
        self.vectors.eval()
        if self.frozen:
            self.images.eval()
        return self

    def forward(self, given: tuple[Tensor, Tensor]) -> Tensor:
        """Map images (n, stems, bins, frames) and vectors (n, d) to scores (n, outputs)."""
        images, vectors = given
        joined = torch.cat([self.images(images), self.vectors(vectors)], dim=1)
        scores: Tensor = self.output(self.head(joined))
        return scores
