"""Method 6 of Louro et al. 2024: residual convolutions on short pieces of a clip.

Won et al., "Evaluation of CNN-based automatic music tagging models", SMC 2020 ("Short-chunk CNN +
Res"); Louro et al. 2024, row "ShortChunk CNN".
"""

from __future__ import annotations

from torch import Tensor, nn

from merbench_plugins.networks.blocks import KERAS_EPSILON, ResidualBlock, start_as_keras

WIDTHS = (128, 128, 256, 256, 256, 256, 512)
"""Filters of the seven residual blocks, each of stride 2."""


class ShortChunkCnn(nn.Module):
    """Seven residual blocks, the maximum over what is left, a dense layer of 512."""

    def __init__(self, shape: tuple[int, ...], outputs: int, divisor: int = 1) -> None:
        super().__init__()
        widths = [width // divisor for width in WIDTHS]
        inputs = (shape[0], *widths[:-1])
        self.blocks = nn.Sequential(
            nn.BatchNorm2d(shape[0], eps=KERAS_EPSILON),
            *(ResidualBlock(2, a, b) for a, b in zip(inputs, widths, strict=True)),
            nn.AdaptiveMaxPool2d(1),
            nn.Flatten(),
        )
        dense = 512 // divisor
        self.head = nn.Sequential(
            nn.Linear(widths[-1], dense),
            nn.ReLU(),
            nn.BatchNorm1d(dense, eps=KERAS_EPSILON),
            nn.Dropout(0.5),
        )
        self.output = nn.Linear(dense, outputs)
        start_as_keras(self)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (n, stems, bins, frames), of any size, to scores (n, outputs)."""
        scores: Tensor = self.output(self.head(self.blocks(images)))
        return scores
