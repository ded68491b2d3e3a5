"""Methods 4 and 15 of Louro et al. 2024: convolutions, then gated recurrent units over time.

Choi et al., "Convolutional recurrent neural networks for music classification", ICASSP 2017, in
the form of Won et al., "Evaluation of CNN-based automatic music tagging models", SMC 2020, whose
names the layers keep, so that weights pretrained there can be read. Louro et al. 2024 train one
from the start ("CRNN") and read another, pretrained on MagnaTagATune ("CRNN Pre-trained MTAT").
"""

from __future__ import annotations

from torch import Tensor, nn

from merbench_plugins.networks.blocks import KERAS_EPSILON, ConvBlock, start_as_keras, too_small

BLOCKS = ((64, 2), (128, 3), (128, 4), (128, 4))
"""Filters, and what is pooled along both axes, of each block."""
UNITS = 32


class TaggingCrnn(nn.Module):
    """Four blocks of convolutions, two layers of 32 gated recurrent units, the last step dense.

    392,582 numbers for images of 128 bins. Scores are (n, outputs).

    Parameters
    ----------
    shape
        (stems, bins, frames) of an image.
    outputs
        Scores.
    divisor
        By which the numbers of filters are divided.
    eps
        What batch normalisation adds to a variance.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        outputs: int,
        divisor: int = 1,
        eps: float = KERAS_EPSILON,
    ) -> None:
        super().__init__()
        self.spec_bn = nn.BatchNorm2d(shape[0], eps=eps)
        channels = shape[0]
        for number, (filters, pool) in enumerate(BLOCKS, start=1):
            width = filters // divisor
            self.add_module(
                f"layer{number}", ConvBlock(2, channels, width, pool=(pool, pool), eps=eps)
            )
            channels = width
        # One row is left of 96 to 191 bins, and its channels are a step of the sequence.
        rows, steps = (_pooled(length) for length in shape[1:])
        if min(rows, steps) < 1:
            raise too_small(shape, "louro-crnn")
        self.layer5 = nn.GRU(channels * rows, UNITS, 2, batch_first=True)
        self.dropout = nn.Dropout(0.5)
        self.dense = nn.Linear(UNITS, outputs)
        start_as_keras(self)

    @property
    def output(self) -> nn.Linear:
        """The last layer."""
        return self.dense

    def _blocks(self) -> list[nn.Module]:
        return [self.get_submodule(f"layer{n}") for n in range(1, len(BLOCKS) + 1)]

    def embed(self, images: Tensor, steps: int = 1) -> Tensor:
        """Map images (n, stems, bins, frames) to the last state, (n, 32).

        Parameters
        ----------
        images
            What it sees.
        steps
            Which axis of an image is the sequence: 1 frames; 0 what lies where bands were.
        """
        maps = self.spec_bn(images)
        for block in self._blocks():
            maps = block(maps)
        if steps == 0:
            maps = maps.transpose(2, 3)
        states, _ = self.layer5(maps.flatten(1, 2).transpose(1, 2))
        last: Tensor = states[:, -1]
        return last

    def forward(self, images: Tensor) -> Tensor:
        """Map images (n, stems, bins, frames) to scores (n, outputs)."""
        scores: Tensor = self.dense(self.dropout(self.embed(images)))
        return scores


def _pooled(length: int) -> int:
    """Return how many bins or frames are left of so many."""
    for _, pool in BLOCKS:
        length //= pool
    return length
