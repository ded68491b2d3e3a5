"""Method 14 of Louro et al. 2024: convolutions over time that were trained to tell artists apart.

Park et al., "Representation learning of music using artist labels", ISMIR 2018; Louro et al. 2024,
row "Artists CNN".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from merbench_plugins.networks.blocks import ConvBlock

BINS, FRAMES = 128, 129
"""Mel bands, and frames of one piece of a clip."""
BLOCKS = ((128, 4, 4), (128, 4, 4), (128, 4, 4), (128, 2, 2), (256, 1, 1))
"""Filters, their length, and what is pooled, of each block."""


class ArtistCnn(nn.Module):
    """Five blocks of convolutions, whose mean over time is the embedding, 256 numbers."""

    def __init__(self) -> None:
        super().__init__()
        blocks, channels = [], BINS
        for filters, kernel, pool in BLOCKS:
            blocks.append(ConvBlock(1, channels, filters, kernel, pool=pool))
            channels = filters
        self.blocks = nn.ModuleList(blocks)

    def forward(self, mels: Tensor) -> Tensor:
        """Map pieces (n, 128, 129) to embeddings (n, 256)."""
        for block in self.blocks:
            mels = block(mels)
        return mels.mean(dim=-1)


def keras_state(layers: Mapping[str, Any]) -> dict[str, Tensor]:
    """Return the state of an `ArtistCnn` from the arrays of a Keras model.

    Parameters
    ----------
    layers
        Arrays by the names that Keras gives them: `conv1d_1/kernel`, of shape (length, inputs,
        filters), `batch_normalization_1/moving_mean`, and so on.
    """
    state = {}
    norm = {
        "weight": "gamma", "bias": "beta", "running_mean": "moving_mean",
        "running_var": "moving_variance",
    }  # fmt: skip
    for number in range(len(BLOCKS)):
        conv, bn = f"conv1d_{number + 1}", f"batch_normalization_{number + 1}"
        state[f"blocks.{number}.conv.weight"] = torch.tensor(
            layers[f"{conv}/kernel"].transpose(2, 1, 0)
        )
        state[f"blocks.{number}.conv.bias"] = torch.tensor(layers[f"{conv}/bias"])
        for ours, theirs in norm.items():
            state[f"blocks.{number}.bn.{ours}"] = torch.tensor(layers[f"{bn}/{theirs}"])
        state[f"blocks.{number}.bn.num_batches_tracked"] = torch.tensor(0)
    return state
