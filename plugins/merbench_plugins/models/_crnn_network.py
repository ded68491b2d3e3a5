"""The network behind `crnn`, layer by layer."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from merbench import MerbenchError
from merbench_plugins.models._crnn_architecture import Architecture

OUTPUTS = 4


class ConvolutionalRecurrentNetwork(nn.Module):
    """Blocks of convolutions, LSTMs over their output, dense layers.

    A block is a k x k and a 1 x 1 convolution without padding, each followed by ReLU, then 2 x 2
    maximum pooling and dropout. Weights start as Keras starts them: Glorot uniform, orthogonal
    between an LSTM's states, biases zero but one for forget gates.

    Parameters
    ----------
    architecture
        Sizes of the layers.
    shape
        (stems, bins, frames) of an image, averaged down already where the architecture says so.
    sequence
        "channels": the LSTM's steps are the convolutions' channels, time frames their features.
        "time": the other way round.
    dropout
        Share of values dropped at the end of a block.
    precision
        "bfloat16" runs the layers under autocast.
    start
        What the outputs lie around at first, shape (4,); None means zero.
    moments
        Mean and standard deviation that log-scaled images are standardised by; None takes
        magnitudes as they are.
    """

    def __init__(
        self,
        architecture: Architecture,
        shape: tuple[int, int, int],
        sequence: str,
        dropout: float = 0.1,
        precision: str = "float32",
        start: Tensor | None = None,
        moments: tuple[float, float] | None = None,
    ) -> None:
        super().__init__()
        self.sequence = sequence
        self.precision = precision
        self.moments = moments
        channels, bins, frames = shape
        blocks: list[nn.Module] = []
        for kernel, filters, reduced in architecture.blocks:
            blocks += [
                nn.Conv2d(channels, filters, kernel),
                nn.ReLU(),
                nn.Conv2d(filters, reduced, 1),
                nn.ReLU(),
                nn.MaxPool2d(2),
                nn.Dropout(dropout),
            ]
            channels, bins, frames = reduced, (bins - kernel + 1) // 2, (frames - kernel + 1) // 2
        if min(bins, frames) < 1:
            raise MerbenchError(
                f"crnn: images of {shape[1]} bins x {shape[2]} frames are too small for its "
                f"{len(architecture.blocks)} blocks; use a longer or finer spectrogram, or "
                "preset: small"
            )
        self.convolutions = nn.Sequential(*blocks)
        features = frames if sequence == "channels" else channels * bins
        lstms: list[nn.Module] = []
        for units in architecture.lstm:
            lstms.append(nn.LSTM(features, units, batch_first=True))
            features = units
        self.recurrent = nn.ModuleList(lstms)
        dense: list[nn.Module] = []
        for units in architecture.dense:
            dense += [nn.Linear(features, units), nn.ReLU()]
            features = units
        output = nn.Linear(features, OUTPUTS)
        self.dense = nn.Sequential(*dense, output)
        self.apply(_initialise)
        if start is not None:
            output.bias.data.copy_(start)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, images: Tensor) -> Tensor:
        """Map images of shape (n, stems, bins, frames) to outputs of shape (n, 4)."""
        if self.moments is not None:
            mean, deviation = self.moments
            images = (log_scale(images) - mean) / deviation
        with self._autocast(images.device):
            maps = self.convolutions(images.contiguous(memory_format=torch.channels_last))
            steps = maps.flatten(1, 2)
            if self.sequence == "time":
                steps = steps.transpose(1, 2)
            for lstm in self.recurrent:
                steps, _ = lstm(steps)
            output: Tensor = self.dense(steps[:, -1])
        return output.float()

    def _autocast(self, device: torch.device) -> AbstractContextManager[Any]:
        if self.precision == "float32":
            return nullcontext()
        return torch.autocast(device.type, torch.bfloat16)


def _initialise(layer: nn.Module) -> None:
    """Set a layer's weights as Keras does."""
    parameters = dict(layer.named_parameters(recurse=False))
    if isinstance(layer, nn.Conv2d | nn.Linear):
        nn.init.xavier_uniform_(parameters["weight"])
        nn.init.zeros_(parameters["bias"])
    elif isinstance(layer, nn.LSTM):
        nn.init.xavier_uniform_(parameters["weight_ih_l0"])
        nn.init.orthogonal_(parameters["weight_hh_l0"])
        nn.init.zeros_(parameters["bias_ih_l0"])
        forget_gate = slice(layer.hidden_size, 2 * layer.hidden_size)
        nn.init.ones_(parameters["bias_ih_l0"][forget_gate])
        # Torch adds two biases where Keras has one.
        nn.init.zeros_(parameters["bias_hh_l0"]).requires_grad_(False)


def count_parameters(architecture: Architecture, shape: tuple[int, int, int], sequence: str) -> int:
    """Count the trainable parameters of a network for images of (stems, bins, frames)."""
    if architecture.image is not None:
        shape = (shape[0], *architecture.image)
    with torch.device("meta"):
        network = ConvolutionalRecurrentNetwork(architecture, shape, sequence)
    return sum(p.numel() for p in network.parameters() if p.requires_grad)


def log_scale(magnitude: Tensor) -> Tensor:
    """Bring magnitudes to log(1 + 100 x), which a full-scale sine takes to about 9."""
    return torch.log1p(100 * magnitude)
