"""Method 7 of Louro et al. 2024: convolutions of three samples on raw audio.

Lee et al., "Sample-level deep convolutional neural networks for music auto-tagging using raw
waveforms", SMC 2017 (the model 3^9); Louro et al. 2024, row "Sample CNN".
"""

from __future__ import annotations

from torch import Tensor, nn

from merbench_plugins.networks.blocks import ConvBlock, start_as_keras

DEPTH = 9
"""Blocks that pool three samples each; with the first's stride of 3 they take 3^10 = 59,049."""


class SampleCnn(nn.Module):
    """A strided convolution, blocks that each divide time by three, one more of a single sample.

    1,846,276 numbers with nine blocks.
    """

    def __init__(self, shape: tuple[int, ...], outputs: int, depth: int = DEPTH) -> None:
        super().__init__()
        widths = [128] * min(2, depth) + [256] * max(0, depth - 3) + [512] * (depth > 2)
        blocks = [ConvBlock(1, shape[0], 128, stride=3)]
        for inputs, outs in zip([128, *widths[:-1]], widths, strict=True):
            blocks.append(ConvBlock(1, inputs, outs, pool=3))
        blocks.append(ConvBlock(1, widths[-1], 512, kernel=1))
        self.blocks = nn.Sequential(*blocks, nn.Flatten(), nn.Dropout(0.5))
        self.output = nn.Linear(512, outputs)
        start_as_keras(self)

    def forward(self, samples: Tensor) -> Tensor:
        """Map audio (n, stems, 3 ** (depth + 1)) to scores (n, outputs)."""
        scores: Tensor = self.output(self.blocks(samples))
        return scores
