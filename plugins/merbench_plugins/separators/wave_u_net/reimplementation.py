"""The authors' later Wave-U-Net in PyTorch (github.com/f90/Wave-U-Net-Pytorch).

Modules are named as there, so that its checkpoints fit. Where the published code cannot run (more
than one convolution after a shortcut, `depth` above 1), the shortcut is joined once, which is the
only reading its own layers' shapes allow.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from merbench_plugins.separators.wave_u_net.configuration import (
    RESAMPLING_TAPS,
    ReimplementationConfiguration,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

CHANNELS_A_GROUP = 8


def variables(config: ReimplementationConfiguration) -> dict[str, tuple[int, ...]]:
    """Name and shape of every array of the network's state dict."""
    with torch.device("meta"):
        state = ReimplementedWaveUNet(config).state_dict()
    return {name: tuple(tensor.shape) for name, tensor in state.items()}


class ReimplementedWaveUNet(nn.Module):
    """Maps a chunk of the mixture to its sources, with one network each or one for all.

    Parameters
    ----------
    config
        Layers and lengths.
    clip
        Whether sources are clipped to [-1, 1] outside training, as published.
    """

    def __init__(self, config: ReimplementationConfiguration, clip: bool = True) -> None:
        super().__init__()
        self.config = config
        self.clip = clip
        if config.separate:
            networks = {name: _Network(config, config.channels) for name in config.instruments}
        else:
            networks = {"ALL": _Network(config, config.channels * len(config.instruments))}
        self.waveunets = nn.ModuleDict(networks)

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
        out: Tensor = torch.cat([network(mix) for network in self.waveunets.values()], dim=1)
        if self.clip and not self.training:
            out = out.clamp(-1.0, 1.0)
        return out.reshape(len(out), len(self.config.instruments), self.config.channels, -1)

    def load_variables(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Take over the arrays of a state dict."""
        self.load_state_dict({name: torch.from_numpy(np.array(a)) for name, a in arrays.items()})


class _Network(nn.Module):
    def __init__(self, config: ReimplementationConfiguration, outputs: int) -> None:
        super().__init__()
        filters = config.filters
        levels = range(config.levels - 1)
        self.downsampling_blocks = nn.ModuleList(
            _DownsamplingBlock(config, filters[i] if i else config.channels, filters[i : i + 2])
            for i in levels
        )
        self.upsampling_blocks = nn.ModuleList(
            _UpsamplingBlock(config, *filters[i : i + 2]) for i in reversed(levels)
        )
        self.bottlenecks = _convolutions(config, filters[-1], filters[-1])
        self.output_conv = nn.Conv1d(filters[0], outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        shortcuts = []
        for block in self.downsampling_blocks:
            x, shortcut = block(x)
            shortcuts.append(shortcut)
        for layer in self.bottlenecks:
            x = layer(x)
        for block in self.upsampling_blocks:
            x = block(x, shortcuts.pop())
        out: Tensor = self.output_conv(x)
        return out


class _DownsamplingBlock(nn.Module):
    def __init__(
        self, config: ReimplementationConfiguration, given: int, filters: tuple[int, ...]
    ) -> None:
        super().__init__()
        shortcut, yielded = filters
        self.pre_shortcut_convs = _convolutions(config, given, shortcut)
        self.post_shortcut_convs = _convolutions(config, shortcut, yielded)
        self.downconv = _resampling(config, yielded, up=False)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        for layer in self.pre_shortcut_convs:
            x = layer(x)
        shortcut = x
        for layer in self.post_shortcut_convs:
            x = layer(x)
        return self.downconv(x), shortcut


class _UpsamplingBlock(nn.Module):
    def __init__(self, config: ReimplementationConfiguration, yielded: int, given: int) -> None:
        super().__init__()
        self.upconv = _resampling(config, given, up=True)
        self.pre_shortcut_convs = _convolutions(config, given, yielded)
        self.post_shortcut_convs = _convolutions(config, 2 * yielded, yielded)

    def forward(self, x: Tensor, shortcut: Tensor) -> Tensor:
        x = self.upconv(x)
        for layer in self.pre_shortcut_convs:
            x = layer(x)
        surplus = shortcut.shape[-1] - x.shape[-1]
        x = torch.cat([shortcut.narrow(-1, surplus // 2, x.shape[-1]), x], dim=1)
        for layer in self.post_shortcut_convs:
            x = layer(x)
        return x


class _Convolution(nn.Module):
    """An unpadded convolution, its normalisation and its rectifier; transposed to upsample."""

    def __init__(
        self,
        config: ReimplementationConfiguration,
        given: int,
        yielded: int,
        stride: int = 1,
        transposed: bool = False,
    ) -> None:
        super().__init__()
        size = config.kernel_size
        self.filter = (
            # The padding takes away every frame that is not covered by the whole kernel.
            nn.ConvTranspose1d(given, yielded, size, stride, padding=size - 1)
            if transposed
            else nn.Conv1d(given, yielded, size, stride)
        )
        self.norm: nn.Module | None = None
        if config.conv_type == "gn":
            self.norm = nn.GroupNorm(yielded // CHANNELS_A_GROUP, yielded)
        elif config.conv_type == "bn":
            self.norm = nn.BatchNorm1d(yielded, momentum=0.01)

    def forward(self, x: Tensor) -> Tensor:
        x = self.filter(x)
        if self.norm is None:
            return functional.leaky_relu(x)
        return functional.relu(self.norm(x))


class _FixedResampling(nn.Module):
    """Resampling by a whole factor with a low-pass filter that is not trained."""

    filter: Tensor

    def __init__(self, channels: int, stride: int, up: bool) -> None:
        super().__init__()
        self.stride = stride
        self.up = up
        reach = RESAMPLING_TAPS // 2
        low_pass = np.sinc(np.arange(-reach, reach + 1) / stride)
        low_pass *= np.blackman(RESAMPLING_TAPS + 2)[1:-1]
        taps = np.tile((low_pass / low_pass.sum()).astype(np.float32), (channels, 1, 1))
        self.register_buffer("filter", torch.from_numpy(taps))

    def forward(self, x: Tensor) -> Tensor:
        channels, width = x.shape[1:]
        x = functional.pad(x, (RESAMPLING_TAPS // 2,) * 2, mode="reflect")
        if not self.up:
            return functional.conv1d(x, self.filter, stride=self.stride, groups=channels)
        x = functional.conv_transpose1d(x, self.filter, stride=self.stride, groups=channels)
        kept = (width - 1) * self.stride + 1
        return x.narrow(-1, (x.shape[-1] - kept) // 2, kept)


def _convolutions(config: ReimplementationConfiguration, given: int, yielded: int) -> nn.ModuleList:
    return nn.ModuleList(
        _Convolution(config, yielded if i else given, yielded) for i in range(config.depth)
    )


def _resampling(config: ReimplementationConfiguration, channels: int, *, up: bool) -> nn.Module:
    if config.res == "fixed":
        return _FixedResampling(channels, config.strides, up)
    return _Convolution(config, channels, channels, config.strides, transposed=up)
