"""Spleeter's 2-stem network: a U-Net a source, ratio masks, and the transforms around them.

After Hennequin et al. 2020, "Spleeter: a fast and efficient music source separation tool with
pre-trained models" (JOSS 5(50), 2154), and the graph that its checkpoints were saved from.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

SAMPLE_RATE = 44_100
SOURCES = ("vocals", "accompaniment")

_FRAME = 4096
_HOP = 1024
_BINS = 1024  # Of the spectrum's 2,049: what lies above 11 kHz is in no source.
_FRAMES_AT_ONCE = 512
_MASK_EPSILON = 1e-10
_CHANNELS = 2
_SLOPE = 0.2
_NORM_EPSILON = 1e-3


class Spleeter2Stems(nn.Module):
    """Takes stereo music apart into vocals and accompaniment.

    Parameters
    ----------
    filters
        Channels of each network's encoder, from the outermost layer to the deepest.
    """

    def __init__(self, filters: Sequence[int]) -> None:
        super().__init__()
        self.networks = nn.ModuleList(UNet(filters) for _ in SOURCES)

    @torch.inference_mode()
    def forward(self, mix: Tensor) -> Tensor:
        """Separate a song.

        Parameters
        ----------
        mix
            Shape (2, samples), at `SAMPLE_RATE`.

        Returns
        -------
        Tensor
            Shape (sources, 2, samples), in the order of `SOURCES`. They sum to the mixture below
            11 kHz, and have nothing above.
        """
        spectrum = _transform(mix)
        magnitude = spectrum[:, :_BINS].abs()
        masks = [self._masks(chunk) for chunk in magnitude.split(_FRAMES_AT_ONCE, dim=2)]
        masked = spectrum.new_zeros(len(SOURCES), *spectrum.shape)
        torch.mul(torch.cat(masks, dim=3), spectrum[:, :_BINS], out=masked[:, :, :_BINS])
        return _inverse(masked.flatten(0, 1), mix.shape[1]).reshape(len(SOURCES), *mix.shape)

    def _masks(self, magnitude: Tensor) -> Tensor:
        """Return each source's share of a chunk, shape (sources, channels, bins, frames)."""
        frames = magnitude.shape[2]
        given = functional.pad(magnitude, (0, _FRAMES_AT_ONCE - frames)).transpose(1, 2)
        estimates = torch.cat([network(given[None]) * given for network in self.networks])
        power = estimates.square_()
        share = (power + _MASK_EPSILON / len(SOURCES)) / (power.sum(dim=0) + _MASK_EPSILON)
        masks: Tensor = share.transpose(2, 3)[..., :frames]
        return masks


class UNet(nn.Module):
    """Tells from a mixture's magnitudes the share of one source, on [0, 1].

    After Jansson et al. 2017, "Singing voice separation with deep U-Net convolutional networks".
    Given and returned: shape (batch, channels, frames, bins), frames and bins multiples of 64.

    Parameters
    ----------
    filters
        Channels of the encoder, from the outermost layer to the deepest.
    """

    def __init__(self, filters: Sequence[int]) -> None:
        super().__init__()
        down, up = (_CHANNELS, *filters), (*filters[::-1], 1)
        self.down = nn.ModuleList(nn.Conv2d(a, b, 5, stride=2) for a, b in pairwise(down))
        # What follows the deepest layer is not normalised.
        self.down_norm = nn.ModuleList(_norm(channels) for channels in down[1:-1])
        self.up = nn.ModuleList(
            # Above the deepest, each layer is also given what the way down left at its height.
            nn.ConvTranspose2d(2 * a if i else a, b, 5, stride=2, padding=1)
            for i, (a, b) in enumerate(pairwise(up))
        )
        self.up_norm = nn.ModuleList(_norm(channels) for channels in up[1:])
        self.mask = nn.Conv2d(1, _CHANNELS, 4, dilation=2, padding=3)

    def forward(self, magnitude: Tensor) -> Tensor:
        """Return the share of the source."""
        x = self.down[0](_padded(magnitude))
        skipped = [x]
        for norm, convolution in zip(self.down_norm, self.down[1:], strict=True):
            x = convolution(_padded(functional.leaky_relu_(norm(x), _SLOPE)))
            skipped.append(x)
        skipped.pop()
        for norm, convolution in zip(self.up_norm, self.up, strict=True):
            x = norm(convolution(x)[..., :-1, :-1].relu_())
            if skipped:
                x = torch.cat([skipped.pop(), x], dim=1)
        return torch.sigmoid(self.mask(x))


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=_NORM_EPSILON)


def _padded(x: Tensor) -> Tensor:
    """Pad as TensorFlow does where the padding is odd: less in front than behind."""
    return functional.pad(x, (1, 2, 1, 2))


def _transform(mix: Tensor) -> Tensor:
    """Return the spectrum, shape (channels, bins, frames).

    A frame of silence goes before the music, and the last frame begins after its end less a hop:
    every sample then stands in four frames.
    """
    samples = _FRAME + mix.shape[1]
    covered = (samples - 1) // _HOP * _HOP + _FRAME
    padded = functional.pad(mix, (_FRAME, covered - samples))
    window = torch.hann_window(_FRAME, device=mix.device)
    return torch.stft(padded, _FRAME, _HOP, window=window, center=False, return_complex=True)


def _inverse(spectrum: Tensor, samples: int) -> Tensor:
    """Return the waveforms that spectra belong to, shape (channels, samples)."""
    # What torch takes to be a centred transform begins half a frame into the silence.
    silence = _FRAME // 2
    window = torch.hann_window(_FRAME, device=spectrum.device)
    waveform = torch.istft(spectrum, _FRAME, _HOP, window=window, length=silence + samples)
    return waveform[:, silence:]
