"""A Wave-U-Net whose outermost filters are Fourier's, so that it learns from little music.

The original learns from samples what a spectrum is, for which it takes thousands of hours. Here the
first filters are a short-time Fourier transform and the last its inverse. Between them is a U-Net:
its outer levels halve bands and frames, its core is one-dimensional and runs along time alone, as
the Wave-U-Net does. It yields the share of every source in each band and frame of the mixture, so
that sources sum to the mixture, as in the original with a difference output.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from merbench_plugins.separators.wave_u_net.configuration import SpectralConfiguration

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["SpectralWaveUNet", "Statistics", "loss", "variables"]

_CHANNELS = 2
_LEAK = 0.1
_QUIETEST = 1e-6
_SILENT_POWER = 1e-6
_FLOOR = 1e-2
_LEAST_SHARE = 1e-5
_UNUSED = "num_batches_tracked"


def variables(config: SpectralConfiguration) -> dict[str, tuple[int, ...]]:
    """Name and shape of every array of a checkpoint."""
    with torch.device("meta"):
        state = SpectralWaveUNet(config).state_dict()
    return {name: tuple(a.shape) for name, a in state.items() if not name.endswith(_UNUSED)}


class Statistics(NamedTuple):
    """What masks are told from, and how far they are from right, by band: no spectrum is needed.

    Attributes
    ----------
    features
        Shape (batch, 2, bands, frames): what the network is given.
    mixture
        Of that shape: the mixture's power.
    common, targets
        Shape (batch, parts, 2, bands, frames): the power that each part has in common with the
        mixture (the real part of their product), and its own.
    """

    features: Tensor
    mixture: Tensor
    common: Tensor
    targets: Tensor


def loss(
    masks: Tensor, statistics: Statistics, members: Tensor, error_weight: float = 0.02
) -> Tensor:
    """Cross-entropy of the shares with the best ones, and a little of the error's power in dB.

    Every band and frame counts by the mixture's magnitude there. The error alone would first teach
    that most stems are silent most of the time, and then hardly anything: where a share has come
    near 0 or 1 its gradient vanishes, which that of the cross-entropy does not.

    Parameters
    ----------
    masks
        Shape (batch, sources, 2, bands, frames).
    statistics
        Of the parts.
    members
        Shape (batch, parts, sources): 1 for the sources that a part is the sum of. A row without
        members is no part.
    error_weight
        What a dB of error costs. Of a bass, which has few bands, the cross-entropy asks little.
    """
    shares = torch.einsum("bps,bscft->bpcft", members, masks)
    best = statistics.common.clamp_min(0.0)
    best = best / best.sum(dim=1, keepdim=True).clamp_min(1e-12)
    weights = (statistics.mixture + 1e-10).sqrt()
    weights = weights / weights.sum(dim=(1, 2, 3), keepdim=True)
    entropy = -(best * shares.clamp_min(_LEAST_SHARE).log()).sum(dim=1)
    power = statistics.mixture[:, None]
    errors = shares.square() * power - 2 * shares * statistics.common + statistics.targets
    error = errors.sum(dim=(2, 3, 4)).clamp_min(0.0) / power.sum(dim=(2, 3, 4)).clamp_min(1e-8)
    # Up from a floor, so that silent parts do not count alone.
    decibels = 10 * torch.log10(error + _FLOOR)[members.any(dim=2)]
    return (entropy * weights).sum(dim=(1, 2, 3)).mean() + error_weight * decibels.mean()


class SpectralWaveUNet(nn.Module):
    """Maps a chunk of stereo music to its sources.

    Parameters
    ----------
    config
        Layers and lengths.
    """

    window: Tensor
    places: Tensor
    widths: Tensor

    def __init__(self, config: SpectralConfiguration) -> None:
        super().__init__()
        self.config = config
        filters, width, bands = config.filters, config.width, config.bands
        self.scale = nn.Parameter(torch.ones(_CHANNELS, bands, 1))
        self.shift = nn.Parameter(torch.zeros(_CHANNELS, bands, 1))
        self.down = nn.ModuleList(
            _Layer(a, b, (3, 3), (2, stride))
            for a, b, stride in zip((_CHANNELS, *filters), filters, config.strides, strict=False)
        )
        self.same = nn.ModuleList(_Layer(b, b, (3, 3)) for b in filters)
        self.inward = _Layer(filters[-1] * config.inner_bands, width, (1, 1))
        self.core = _Core(width, config.core_levels)
        self.outward = _Layer(width, filters[-1] * config.inner_bands, (1, 1))
        self.up = nn.ModuleList(
            _Layer(a + b, b, (3, 3)) for a, b in zip(filters[:0:-1], filters[-2::-1], strict=True)
        )
        self.output = nn.ConvTranspose2d(
            filters[0], len(config.sources) * _CHANNELS, (4, 3), stride=(2, 1), padding=(1, 1)
        )
        window = torch.hann_window(config.window)
        bins = torch.arange(config.window // 2 + 1)
        wide = (bins - config.fine_bands).div(config.bins_a_band, rounding_mode="floor")
        places = torch.where(bins < config.fine_bands, bins, config.fine_bands + wide)
        places = places.clamp(max=bands - 1)
        widths = torch.bincount(places, minlength=bands) if places.device.type != "meta" else places
        self.register_buffer("window", window, persistent=False)
        self.register_buffer("places", places, persistent=False)
        self.register_buffer("widths", widths.float()[:, None], persistent=False)

    def forward(self, mix: Tensor) -> Tensor:
        """Separate chunks.

        Parameters
        ----------
        mix
            Shape (batch, 2, config.frames.input).

        Returns
        -------
        Tensor
            Shape (batch, sources, 2, config.frames.output): the middle of the chunks.
        """
        spectrum = self._transformed(_turned(mix))
        power = self._pooled(spectrum.abs().square())
        masks = self.masks(self._features(power))[:, :, :, self.places]
        masked = masks * spectrum[:, None]
        waveforms = torch.istft(
            masked.flatten(0, 2), self.config.window, self.config.hop, window=self.window,
            length=mix.shape[-1],
        )  # fmt: skip
        sources = _turned(waveforms.unflatten(0, masked.shape[:3]))
        frames = self.config.frames
        return sources[..., frames.context : frames.context + frames.output]

    def masks(self, features: Tensor) -> Tensor:
        """Return each source's share, shape (batch, sources, 2, bands, frames)."""
        frames, step = features.shape[-1], math.prod(self.config.strides)
        x = functional.pad(features * self.scale + self.shift, (0, -frames % step))
        x = x.contiguous(memory_format=torch.channels_last)
        shortcuts = []
        for down, same in zip(self.down, self.same, strict=True):
            x = down(x)
            x = x + same(x)
            shortcuts.append(x)
        inner = self.inward(x.flatten(1, 2)[:, :, None])
        inner = self.outward(self.core(inner) + inner)[:, :, 0].unflatten(1, x.shape[1:3])
        x = x + inner.contiguous(memory_format=torch.channels_last)
        shortcuts.pop()
        for up, stride in zip(self.up, reversed(self.config.strides), strict=False):
            x = functional.interpolate(x, scale_factor=(2.0, float(stride)), mode="nearest")
            x = up(torch.cat([x, shortcuts.pop()], dim=1))
        logits = self.output(x)[..., :frames]
        shaped = logits.unflatten(1, (len(self.config.sources), _CHANNELS))
        shares: Tensor = shaped.float().softmax(dim=1)
        return shares

    @torch.no_grad()
    def statistics(self, mix: Tensor, parts: Tensor) -> Statistics:
        """Prepare training on mixtures, shape (batch, 2, samples), and their parts.

        Parts have shape (batch, parts, 2, samples). They sum to the mixture, but for what became
        of it when it was coded.

        A share m of the mixture x is |m x - t|^2 = m^2 |x|^2 - 2 m Re(x* t) + |t|^2 away from a
        part t, and the sums of these over a band's bins are all that masks by band depend on.
        """
        # Silent parts, of which there are many, need no transform.
        heard = parts.abs().amax(dim=(2, 3)) > 0
        heard[0, 0] = True  # There is no transform of nothing at all.
        where, which = heard.nonzero(as_tuple=True)
        spectra = torch.view_as_real(self._transformed(_turned(parts[heard])))
        mixed = torch.view_as_real(self._transformed(_turned(mix)))
        power = self._pooled(mixed.square().sum(dim=-1))
        common = power.new_zeros(*parts.shape[:2], *power.shape[1:])
        targets = torch.zeros_like(common)
        common[where, which] = self._pooled((mixed[where] * spectra).sum(dim=-1))
        targets[where, which] = self._pooled(spectra.square().sum(dim=-1))
        return Statistics(self._features(power), power, common, targets)

    def load_variables(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Take over the arrays of a checkpoint, named as in `variables`."""
        tensors = {name: torch.from_numpy(np.array(a, np.float32)) for name, a in arrays.items()}
        unused = {k: v for k, v in self.state_dict().items() if k.endswith(_UNUSED)}
        self.load_state_dict(tensors | unused)

    def variables(self) -> dict[str, NDArray[np.float32]]:
        """Return the arrays of a checkpoint."""
        return {
            name: tensor.detach().cpu().float().numpy()
            for name, tensor in self.state_dict().items()
            if not name.endswith(_UNUSED)
        }

    def _transformed(self, waveforms: Tensor) -> Tensor:
        """Return spectra, shape (..., bins, frames), of waveforms, shape (..., samples)."""
        spectra: Tensor = torch.stft(
            waveforms.flatten(0, -2), self.config.window, self.config.hop, window=self.window,
            pad_mode="constant", return_complex=True,
        )  # fmt: skip
        shaped: Tensor = spectra.unflatten(0, waveforms.shape[:-1])
        return shaped

    def _pooled(self, power: Tensor) -> Tensor:
        """Sum bins, the last dimension but one, to bands: single ones below, several above."""
        fine, size = self.config.fine_bands, self.config.bins_a_band
        end = fine + size * (self.config.bands - fine)
        wide = power[..., fine:end, :].unflatten(-2, (-1, size)).sum(dim=-2)
        wide[..., -1, :] += power[..., end:, :].sum(dim=-2)
        return torch.cat([power[..., :fine, :], wide], dim=-2)

    def _features(self, power: Tensor) -> Tensor:
        """Return levels of bands relative to the chunk's, so that loudness does not matter."""
        # Silence, as before and behind a song, says nothing about how loud it is.
        heard = (power.sum(dim=(1, 2)) > 0).sum(dim=1).clamp_min(1)[:, None, None, None]
        whole = power.sum(dim=(1, 2, 3), keepdim=True) / (heard * power.shape[1] * power.shape[2])
        level = whole.clamp_min(_SILENT_POWER) / 2
        return torch.log(power / self.widths / level + _QUIETEST) * 0.25 + 1.2


class _Layer(nn.Module):
    """Convolution, normalisation and activation of images, or of rows of frames as images."""

    def __init__(
        self, given: int, yielded: int, size: tuple[int, int], stride: tuple[int, int] = (1, 1)
    ) -> None:
        super().__init__()
        padding = (size[0] // 2, size[1] // 2)
        self.convolution = nn.Conv2d(given, yielded, size, stride, padding)
        self.norm = nn.BatchNorm2d(yielded)

    def forward(self, x: Tensor) -> Tensor:
        return functional.leaky_relu(self.norm(self.convolution(x)), _LEAK, inplace=True)


class _Core(nn.Module):
    """A U-Net along time, for what goes on over seconds."""

    def __init__(self, width: int, levels: int) -> None:
        super().__init__()
        self.down = nn.ModuleList(_Layer(width, width, (1, 3), (1, 2)) for _ in range(levels))
        self.middle = _Layer(width, width, (1, 3))
        self.up = nn.ModuleList(_Layer(2 * width, width, (1, 3)) for _ in range(levels))

    def forward(self, x: Tensor) -> Tensor:
        shortcuts = []
        for down in self.down:
            shortcuts.append(x)
            x = down(x)
        x = x + self.middle(x)
        for up in self.up:
            shortcut = shortcuts.pop()
            x = x.repeat_interleave(2, dim=-1)[..., : shortcut.shape[-1]]
            x = up(torch.cat([x, shortcut], dim=1))
        return x


def _turned(stereo: Tensor) -> Tensor:
    """Turn left and right into middle and sides, or back: a mono clip has silent sides."""
    left, right = stereo[..., 0, :], stereo[..., 1, :]
    return torch.stack([left + right, left - right], dim=-2) / math.sqrt(2)
