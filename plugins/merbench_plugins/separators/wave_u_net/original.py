"""The Wave-U-Net of Stoller, Ewert and Dixon (ISMIR 2018, arXiv 1806.03185), as published.

Its downsampling drops every other frame without a filter, so that what it yields depends on where
a chunk begins: published results can only be had with the published chunks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from merbench_plugins.separators.wave_u_net.configuration import OriginalConfiguration

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["OriginalWaveUNet", "initialise", "loss"]

_LEAK = 0.2
_FLOOR = 1e-2
_SILENT_POWER = 1e-6
_FIRST_OUTPUT = 0.01


class OriginalWaveUNet(nn.Module):
    """Maps a chunk of the mixture to its sources.

    Parameters
    ----------
    config
        Layers and lengths.
    clip
        Whether sources that are not bounded by a tanh (the difference, and linear outputs) are
        clipped to [-1, 1] outside training, as published.
    """

    def __init__(self, config: OriginalConfiguration, clip: bool = True) -> None:
        super().__init__()
        self.config = config
        self.clip = clip
        down, up = config.filters, config.filters[-2::-1]
        padding = "valid" if config.context else "same"
        size, merge, out = config.filter_size, config.merge_filter_size, config.output_filter_size
        self.down = nn.ModuleList(
            nn.Conv1d(given, yielded, size, padding=padding)
            for given, yielded in zip((config.channels, *down[:-2]), down[:-1], strict=True)
        )
        self.bottleneck = nn.Conv1d(down[-2], down[-1], size, padding=padding)
        self.up = nn.ModuleList(
            nn.Conv1d(below + yielded, yielded, merge, padding=padding)
            for below, yielded in zip(down[:0:-1], up, strict=True)
        )
        self.output = nn.Conv1d(
            down[0] + config.channels, config.outputs * config.channels, out, padding=padding
        )
        self.interpolation = nn.ParameterList(
            nn.Parameter(torch.zeros(below))
            for below in (down[:0:-1] if config.upsampling == "learned" else ())
        )

    def forward(self, mix: Tensor) -> Tensor:
        """Separate chunks.

        Parameters
        ----------
        mix
            Shape (batch, channels, config.frames.input).

        Returns
        -------
        Tensor
            Shape (batch, sources, channels, config.frames.output): the middle of the chunks.
        """
        mix = mix.transpose(1, 2)
        x = mix
        shortcuts = []
        for layer, width in zip(self.down, self._shortcut_widths(mix.shape[1]), strict=True):
            shortcut, x = self._downsample(layer, x, width)
            shortcuts.append(shortcut)
        x = self._activated(self.bottleneck, x)
        for i, layer in enumerate(self.up):
            x = torch.cat([shortcuts.pop(), self._upsample(x, i)], dim=2)
            x = self._activated(layer, x)
        middle = _centre(mix, x.shape[1])
        x = self._convolved(self.output, torch.cat([middle.to(x.dtype), x], dim=2))
        sources = x.unflatten(2, (self.config.outputs, self.config.channels)).permute(0, 2, 3, 1)
        if self.config.output_activation == "tanh":
            sources = torch.tanh(sources)
        else:
            sources = self._bounded(sources)
        if self.config.output_type == "direct":
            return sources
        difference = middle.transpose(1, 2) - sources.sum(dim=1)
        return torch.cat([sources, self._bounded(difference)[:, None]], dim=1)

    def load_variables(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Take over the variables of a TensorFlow graph, named as in `config.variables`."""
        tensors = {name: torch.from_numpy(np.array(a, np.float32)) for name, a in arrays.items()}
        kernels = [
            tensors[name].permute(2, 1, 0)
            for name in self.config.variables
            if name.endswith("/kernel")
        ]
        biases = [tensors[name] for name in self.config.variables if name.endswith("/bias")]
        layers = [*self.down, self.bottleneck, *self.up]
        # The last layer holds what the graph has as one layer a source.
        kernels[len(layers) :] = [torch.cat(kernels[len(layers) :])]
        biases[len(layers) :] = [torch.cat(biases[len(layers) :])]
        for layer, kernel, bias in zip([*layers, self.output], kernels, biases, strict=True):
            layer.load_state_dict({"weight": kernel, "bias": bias})
        for i, weight in enumerate(self.interpolation):
            weight.data = tensors[f"separator/interp_{i}"]

    def variables(self) -> dict[str, NDArray[np.float32]]:
        """Return the weights under the names and in the shapes of the TensorFlow graph."""
        layers = [*self.down, self.bottleneck, *self.up]
        pairs = [(layer.weight, layer.bias) for layer in layers]
        # The graph has a layer a source where the network has one for all.
        weight, bias = self.output.weight, self.output.bias
        assert bias is not None
        channels = self.config.channels
        pairs += list(zip(weight.split(channels), bias.split(channels), strict=True))
        arrays = [
            a.detach().cpu().float().numpy()
            for kernel, bias in pairs
            for a in (kernel.permute(2, 1, 0), bias)
        ]
        arrays += [weight.detach().cpu().float().numpy() for weight in self.interpolation]
        return dict(zip(self.config.variables, arrays, strict=True))

    def _shortcut_widths(self, width: int) -> list[int]:
        """Frames of each downsampling layer's output that the way up takes."""
        if not self.config.context:
            return [width // 2**i for i in range(self.config.num_layers)]
        size, merge = self.config.filter_size, self.config.merge_filter_size
        for _ in range(self.config.num_layers):
            width = (width - size + 2) // 2
        width -= size - 1
        widths = []
        for _ in range(self.config.num_layers):
            width = 2 * width - 1
            widths.append(width)
            width -= merge - 1
        return widths[::-1]

    def _downsample(self, layer: nn.Module, x: Tensor, width: int) -> tuple[Tensor, Tensor]:
        """Return a layer's middle `width` frames, and every other of all its frames."""
        if not self.config.context:
            full = self._activated(layer, x)
            return full, full[:, ::2]
        if 2 * width > x.shape[1]:
            full = self._activated(layer, x)
            return _centre(full, width), full[:, ::2]
        # Where most is away from the middle, most of it is looked at in every other frame only:
        # the rest need not be computed, which saves a third of the work of the published M6.
        shortcut = self._activated(layer, _centre(x, width + self.config.filter_size - 1))
        return shortcut, self._activated(layer, x, stride=2)

    def _upsample(self, x: Tensor, level: int) -> Tensor:
        """Put a frame between any two: their mean, or a learned mixture of them."""
        if self.config.upsampling == "learned":
            weight: Tensor | float = torch.sigmoid(self.interpolation[level]).to(x.dtype)
            last = torch.zeros_like(x[:, :1])
        else:
            weight = 0.5
            last = x[:, -1:]
        following = torch.cat([x[:, 1:], last], dim=1)
        between = torch.lerp(following, x, weight)
        doubled = torch.stack([x, between], dim=2).flatten(1, 2)
        return doubled[:, :-1] if self.config.context else doubled

    def _convolved(self, layer: nn.Module, x: Tensor, stride: int = 1) -> Tensor:
        return self._filtered(layer, x, stride)[:, :, 0].transpose(1, 2)

    def _activated(self, layer: nn.Module, x: Tensor, stride: int = 1) -> Tensor:
        # In place of what the convolution returned, not of a view, whose gradient would be copied.
        rows = functional.leaky_relu(self._filtered(layer, x, stride), _LEAK, inplace=True)
        return rows[:, :, 0].transpose(1, 2)

    def _filtered(self, layer: nn.Module, x: Tensor, stride: int) -> Tensor:
        """Convolve frames of channels, (batch, frames, channels), as an image one row high.

        In this layout processors do it several times as fast as in torch's for one dimension.
        """
        assert isinstance(layer, nn.Conv1d)
        rows = x.transpose(1, 2)[:, :, None]
        padding = "valid" if self.config.context else "same"
        return functional.conv2d(
            rows, layer.weight[:, :, None], layer.bias, stride=(1, stride), padding=padding
        )

    def _bounded(self, x: Tensor) -> Tensor:
        return x.clamp(-1.0, 1.0) if self.clip and not self.training else x


def _centre(x: Tensor, width: int) -> Tensor:
    """Crop to the middle frames; of an odd surplus the greater part goes at the end."""
    return x.narrow(1, (x.shape[1] - width) // 2, width)


def loss(estimates: Tensor, mix: Tensor, targets: Tensor, members: Tensor) -> Tensor:
    """Mean over parts of the logarithm of the error's power relative to the mixture's.

    In decibels, as separation is judged, so that loud excerpts do not count alone; up from a floor,
    so that silent parts do not either.
    """
    parts = (members @ estimates.flatten(2)).view_as(targets)
    power = mix.square().mean(dim=(1, 2)).clamp_min(_SILENT_POWER)[:, None]
    errors = (parts - targets).square().mean(dim=(2, 3)) / power
    real = members.any(dim=2)
    return torch.log10(errors + _FLOOR)[real].mean() * 10


def initialise(network: OriginalWaveUNet) -> None:
    """Draw weights with which signals keep their strength from layer to layer (He et al. 2015).

    The outputs begin near silence, so that everything is in the difference.
    """
    for layer in [*network.down, network.bottleneck, *network.up]:
        torch.nn.init.kaiming_normal_(layer.weight, a=_LEAK)
        torch.nn.init.zeros_(layer.bias)
    torch.nn.init.normal_(network.output.weight, std=_FIRST_OUTPUT)
    assert network.output.bias is not None
    torch.nn.init.zeros_(network.output.bias)
