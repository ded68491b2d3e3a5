"""Whole songs through a network that takes chunks of one length, as the published programs do."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from merbench_plugins.separators.wave_u_net.configuration import OriginalConfiguration
from merbench_plugins.separators.wave_u_net.original import OriginalWaveUNet
from merbench_plugins.separators.wave_u_net.reimplementation import ReimplementedWaveUNet
from merbench_plugins.separators.wave_u_net.spectral import SpectralWaveUNet

ChunkNetwork = OriginalWaveUNet | ReimplementedWaveUNet | SpectralWaveUNet

SAMPLES_AT_ONCE = 2**17
"""Chunks are batched up to this many samples: more only wears out the processor's cache."""


class SongNetwork(nn.Module):
    """Separates songs of any length, chunk by chunk.

    Parameters
    ----------
    network
        Separates one chunk. It stays reachable as the attribute `network`.
    """

    def __init__(self, network: ChunkNetwork) -> None:
        super().__init__()
        self.network = network

    @torch.inference_mode()
    def forward(self, mix: Tensor) -> Tensor:
        """Separate songs.

        Parameters
        ----------
        mix
            Shape (batch, channels, samples), at the network's sample rate.

        Returns
        -------
        Tensor
            Shape (batch, sources, channels, samples), sources in the order of the configuration.
        """
        config = self.network.config
        given, yielded = config.frames
        context = config.frames.context
        batch, channels, samples = mix.shape
        covered = self._covered(samples)
        mix = functional.pad(mix.float(), (context, covered - samples + given - yielded - context))
        # Where the last chunk would reach beyond the end it is moved back to end there.
        starts = [min(start, covered - yielded) for start in range(0, covered, yielded)]
        at_once = max(1, SAMPLES_AT_ONCE // (batch * given))
        sources = mix.new_empty(batch, len(config.sources), channels, covered)
        for i in range(0, len(starts), at_once):
            group = starts[i : i + at_once]
            chunks = torch.cat([mix[..., start : start + given] for start in group])
            for start, chunk in zip(group, self.network(chunks).split(batch), strict=True):
                sources[..., start : start + yielded] = chunk
        return sources[..., :samples]

    def _covered(self, samples: int) -> int:
        """Samples for which sources are computed: the song, and silence where it is too short."""
        given, yielded = self.network.config.frames
        if isinstance(self.network.config, OriginalConfiguration):
            return max(samples, given)
        return max(1, -(-samples // yielded)) * yielded
