"""Layers that several networks are built of."""

from __future__ import annotations

from functools import partial
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from merbench import MerbenchError

CONVOLUTION: dict[int, Any] = {1: nn.Conv1d, 2: nn.Conv2d}
NORMALISATION: dict[int, Any] = {1: nn.BatchNorm1d, 2: nn.BatchNorm2d}
POOLING: dict[int, Any] = {1: nn.MaxPool1d, 2: nn.MaxPool2d}
"""Layers by the number of axes that they run over."""

KERAS_EPSILON, TORCH_EPSILON = 1e-3, 1e-5
"""What batch normalisation adds to a variance."""


class ConvBlock(nn.Module):
    """A convolution that keeps its input's size, batch normalisation, ReLU, maximum pooling.

    Parameters
    ----------
    axes
        1 over time, 2 over an image.
    inputs, outputs
        Channels.
    kernel
        Length of its filters along each axis.
    stride
        Steps of the filters; other than 1 leaves out what is beyond the input's ends.
    pool
        What the maximum is taken over, along each axis; 1 leaves it out. An incomplete rest at
        the end is dropped.
    eps
        What batch normalisation adds to a variance.
    """

    def __init__(
        self,
        axes: int,
        inputs: int,
        outputs: int,
        kernel: int = 3,
        *,
        stride: int = 1,
        pool: int | tuple[int, ...] = 1,
        eps: float = KERAS_EPSILON,
    ) -> None:
        super().__init__()
        padding: Any = "same" if stride == 1 else 0
        self.conv = CONVOLUTION[axes](inputs, outputs, kernel, stride=stride, padding=padding)
        self.bn = NORMALISATION[axes](outputs, eps=eps)
        self.pool = nn.Identity() if pool == 1 else POOLING[axes](pool)

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, inputs, …) to (n, outputs, …)."""
        pooled: Tensor = self.pool(functional.relu(self.bn(self.conv(x))))
        return pooled


class ResidualBlock(nn.Module):
    """Two convolutions of three, around them a shortcut that is a convolution where sizes differ.

    He et al., Deep residual learning for image recognition, CVPR 2016, as Won et al. 2020 have it:
    the shortcut's convolution has filters of three too, and batch normalisation.

    Parameters
    ----------
    axes
        1 over time, 2 over an image.
    inputs, outputs
        Channels.
    stride
        Of the first convolution, and of the shortcut.
    """

    def __init__(self, axes: int, inputs: int, outputs: int, *, stride: int = 2) -> None:
        super().__init__()
        convolution, layer = CONVOLUTION[axes], NORMALISATION[axes]
        normalisation = partial(layer, eps=KERAS_EPSILON)
        self.body = nn.Sequential(
            convolution(inputs, outputs, 3, stride=stride, padding=1),
            normalisation(outputs),
            nn.ReLU(),
            convolution(outputs, outputs, 3, padding=1),
            normalisation(outputs),
        )
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                convolution(inputs, outputs, 3, stride=stride, padding=1), normalisation(outputs)
            )

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, inputs, …) to (n, outputs, …), each axis divided by the stride, rounded up."""
        return functional.relu(self.body(x) + self.shortcut(x))


class SamePool(nn.Module):
    """Maximum pooling of images as Keras pads them (`same`): an incomplete rest counts.

    Parameters
    ----------
    size
        (bins, frames) that the maximum is taken over.
    """

    def __init__(self, size: tuple[int, int]) -> None:
        super().__init__()
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, channels, bins, frames) to as many channels, each axis divided, rounded up."""
        padding: list[int] = []
        for length, size in zip(reversed(x.shape[-2:]), reversed(self.size), strict=True):
            missing = -length % size
            padding += [missing // 2, missing - missing // 2]
        padded = functional.pad(x, padding, value=-torch.inf)
        return functional.max_pool2d(padded, self.size)


def too_small(shape: tuple[int, ...], name: str) -> MerbenchError:
    """Return what to raise where images are too small for a network's layers.

    Parameters
    ----------
    shape
        (stems, bins, frames) of an image.
    name
        Of the model.
    """
    _, bins, frames = shape
    return MerbenchError(
        f"{name}: images of {bins} bins x {frames} frames are too small for its layers; use a "
        "longer or finer spectrogram, or a larger `image`"
    )


Start = Literal["glorot", "he"]


def start_as_keras(
    network: nn.Module, convolutions: Start = "glorot", dense: Start = "glorot"
) -> None:
    """Set a network's weights as Keras does: Glorot uniform, orthogonal between states, no bias.

    Parameters
    ----------
    network
        Its convolutions, dense layers and gated recurrent units are set, nothing else.
    convolutions, dense
        `he` draws their weights from He's normal distribution.
    """
    for layer in network.modules():
        if isinstance(layer, nn.GRU):
            for name, parameter in layer.named_parameters():
                if name.startswith("bias"):
                    nn.init.zeros_(parameter)
                else:
                    for gate in parameter.data.chunk(3):
                        recurrent = name.startswith("weight_hh")
                        (nn.init.orthogonal_ if recurrent else nn.init.xavier_uniform_)(gate)
        elif isinstance(layer, nn.Conv1d | nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            if (dense if isinstance(layer, nn.Linear) else convolutions) == "he":
                nn.init.kaiming_normal_(layer.weight)
            else:
                nn.init.xavier_uniform_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def count_trained(network: nn.Module) -> int:
    """Count the numbers that training changes."""
    return sum(p.numel() for p in network.parameters() if p.requires_grad)
