"""Spleeter's 2-stem network: a U-Net a source, ratio masks, and the transforms around them.

Written after the description in Hennequin et al. 2020, "Spleeter: a fast and efficient music source
separation tool with pre-trained models" (JOSS 5(50), 2154), and the graph its checkpoints were
saved from. Within an error of 1e-5 it yields what that graph does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Read = Callable[[str], NDArray[np.generic]]

SAMPLE_RATE = 44_100
SOURCES = ("vocals", "accompaniment")

_FRAME = 4096
_HOP = 1024
_BINS = 1024
"""Of the spectrum's 2,049, those the networks see: up to 11 kHz. No source has what lies above."""
_FRAMES_AT_ONCE = 512
_FILTERS = (16, 32, 64, 128, 256, 512)
_CHANNELS = 2
_SLOPE = 0.2
_BATCH_NORM_EPSILON = 1e-3
_MASK_EPSILON = 1e-10


class Spleeter2Stems(nn.Module):
    """Takes stereo music apart into vocals and accompaniment."""

    def __init__(self) -> None:
        super().__init__()
        self.networks = nn.ModuleList(UNet() for _ in SOURCES)
        self.register_buffer("window", torch.hann_window(_FRAME), persistent=False)

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
            Shape (sources, 2, samples), in the order of `SOURCES`. Their sum lacks what lies above
            11 kHz.
        """
        spectrum = self._transform(mix)
        chunks = spectrum[:, :_BINS].abs().split(_FRAMES_AT_ONCE, dim=2)
        masks = torch.cat([self._masks(chunk) for chunk in chunks], dim=3)
        masked = torch.zeros(len(SOURCES), *spectrum.shape, dtype=spectrum.dtype)
        masked[:, :, :_BINS] = masks * spectrum[:, :_BINS]
        return torch.stack([self._inverse(source, mix.shape[1]) for source in masked])

    def _masks(self, magnitude: Tensor) -> Tensor:
        """Return each source's share of a chunk, shape (sources, channels, bins, frames)."""
        frames = magnitude.shape[2]
        given = functional.pad(magnitude, (0, _FRAMES_AT_ONCE - frames)).transpose(1, 2)[None]
        power = torch.stack([(network(given)[0] * given[0]) ** 2 for network in self.networks])
        share = (power + _MASK_EPSILON / len(SOURCES)) / (power.sum(dim=0) + _MASK_EPSILON)
        return share.transpose(2, 3)[..., :frames]

    def _transform(self, mix: Tensor) -> Tensor:
        """Return the spectrum, shape (channels, bins, frames), from a frame of silence on.

        The silence in front, and frames that go on to the last sample, see to it that every sample
        stands in as many frames as any other.
        """
        samples = mix.shape[1] + _FRAME
        covered = (samples - 1) // _HOP * _HOP + _FRAME
        padded = functional.pad(mix, (_FRAME, covered - samples))
        return torch.stft(
            padded, _FRAME, _HOP, window=self.window, center=False, return_complex=True
        )

    def _inverse(self, spectrum: Tensor, samples: int) -> Tensor:
        # The inverse takes frames as centred and leaves out half a one: it is half of the silence.
        silence = _FRAME // 2
        waveform = torch.istft(
            spectrum, _FRAME, _HOP, window=self.window, length=silence + samples
        )
        return waveform[:, silence:]

    def load_variables(self, read: Read) -> None:
        """Take over a checkpoint's variables.

        Parameters
        ----------
        read
            Returns a variable by its name, with axes in TensorFlow's order.
        """
        state = {}
        for (name, key), transposed in zip(_names(), _transpositions(), strict=True):
            value = torch.from_numpy(read(name).astype("float32"))
            state[key] = value.permute(transposed) if transposed else value
        self.load_state_dict(state)


class UNet(nn.Module):
    """Maps a mixture's magnitudes to the share of one source, on [0, 1].

    Shape (batch, channels, frames, bins), frames and bins multiples of 64. After Jansson et al.
    2017, "Singing voice separation with deep U-Net convolutional networks".
    """

    def __init__(self) -> None:
        super().__init__()
        down = (_CHANNELS, *_FILTERS)
        self.down = nn.ModuleList(
            nn.Conv2d(given, yielded, 5, stride=2)
            for given, yielded in zip(down, down[1:], strict=False)
        )
        up = (*_FILTERS[::-1], 1)
        self.up = nn.ModuleList(
            # All but the deepest are given the encoder's channels beside those of the layer below.
            nn.ConvTranspose2d(given * (2 if i else 1), yielded, 5, stride=2, padding=1)
            for i, (given, yielded) in enumerate(zip(up, up[1:], strict=False))
        )
        # The deepest layer's normalisation stands in the checkpoint, but nothing follows it.
        self.down_norm = nn.ModuleList(_norm(filters) for filters in _FILTERS[:-1])
        self.up_norm = nn.ModuleList(_norm(filters) for filters in up[1:])
        self.mask = nn.Conv2d(1, _CHANNELS, 4, dilation=2, padding=3)

    def forward(self, magnitude: Tensor) -> Tensor:
        """Return the share of the source."""
        skipped: list[Tensor] = []
        x = magnitude
        for i, convolution in enumerate(self.down):
            if i:
                x = functional.leaky_relu(self.down_norm[i - 1](x), _SLOPE)
            # TensorFlow pads less in front than behind where what it needs is odd.
            x = convolution(functional.pad(x, (1, 2, 1, 2)))
            skipped.append(x)
        skipped.pop()
        for convolution, norm in zip(self.up, self.up_norm, strict=True):
            x = norm(functional.relu(convolution(x)[..., :-1, :-1]))
            if skipped:
                x = torch.cat([skipped.pop(), x], dim=1)
        return torch.sigmoid(self.mask(x))


def variables() -> dict[str, tuple[int, ...]]:
    """Names and shapes of a checkpoint's variables, those that nothing uses left out."""
    state = Spleeter2Stems.__new__(Spleeter2Stems)
    return {}
