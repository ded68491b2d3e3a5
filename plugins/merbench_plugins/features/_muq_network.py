"""MuQ's network in torch, its Conformer that of Hugging Face's transformers.

Source: Zhu et al., "MuQ: Self-Supervised Music Representation Learning with Mel Residual Vector
Quantization", arXiv 2501.01108, 2025, whose published model this follows, front end included.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor, nn
from transformers import Wav2Vec2ConformerConfig
from transformers.models.wav2vec2_conformer.modeling_wav2vec2_conformer import (
    Wav2Vec2ConformerEncoder,
)

from merbench import MerbenchError
from merbench.errors import data_fault

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SAMPLE_RATE = 24_000
FFT_LENGTH = 2_048
SILENCE = 1e-10
FRAMES_A_SECOND = 100
"""Of the spectrogram, before the convolutions take fewer."""
STRIDES = {4: (2, 2), 2: (2, 1)}
"""Of the two blocks of convolutions over time, by how many frames make one of the layers'."""

OF_TRAINING = ("linear.", "rvq.", "quantizer_", "cls_token", "recon_proj.")
"""Weights that only training uses."""


class Residual(nn.Module):
    """Two convolutions of 3 x 3, and a third beside them, each normalised; added, and a ReLU.

    Parameters
    ----------
    inputs, outputs
        Channels.
    stride
        Steps over bands and over frames.
    """

    def __init__(self, inputs: int, outputs: int, stride: tuple[int, int]) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, padding=1)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.conv3 = nn.Conv2d(inputs, outputs, 3, stride, padding=1)
        self.bn3 = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, inputs, bands, frames) to (n, outputs, fewer bands, fewer frames)."""
        inner = self.bn2(self.conv2(self.bn1(self.conv1(x)).relu()))
        added: Tensor = (inner + self.bn3(self.conv3(x))).relu()
        return added


class SubsampledFrames(nn.Module):
    """From a spectrogram to what enters the first layer: two residual blocks, one dense layer."""

    def __init__(self, bands: int, channels: int, width: int, strides: tuple[int, int]) -> None:
        super().__init__()
        self.conv = nn.Sequential(
            Residual(1, channels, (2, strides[0])), Residual(channels, channels, (2, strides[1]))
        )
        self.linear = nn.Linear(channels * (bands // 4), width)

    def forward(self, spectrogram: Tensor) -> Tensor:
        """Map (n, bands, frames) to (n, fewer frames, width)."""
        x = self.conv(spectrogram[:, None])
        entering: Tensor = self.linear(x.permute(0, 3, 1, 2).flatten(2))
        return entering


class MuqEncoder(nn.Module):
    """What a model's settings say, with random weights.

    Parameters
    ----------
    settings
        The model's `config.json`.
    """

    mel: Tensor
    window: Tensor

    def __init__(self, settings: Mapping[str, Any]) -> None:
        super().__init__()
        self.bands, self.hop = int(settings["n_mels"]), int(settings["hop_length"])
        statistics = settings["stat"]
        self.mean = float(statistics["melspec_2048_mean"])
        self.deviation = float(statistics["melspec_2048_std"])
        width = int(settings["encoder_dim"])
        strides = STRIDES[FRAMES_A_SECOND // int(settings["label_rate"])]
        self.conv = SubsampledFrames(self.bands, int(settings["conv_dim"]), width, strides)
        layers = {"num_hidden_layers": int(settings["encoder_depth"]), "hidden_size": width}
        self.conformer = Wav2Vec2ConformerEncoder(_configuration(settings["w2v2_config"] | layers))
        self.register_buffer("mel", torch.from_numpy(_filters(self.bands)), persistent=False)
        self.register_buffer("window", torch.hann_window(FFT_LENGTH), persistent=False)

    def spectrogram(self, windows: Tensor) -> Tensor:
        """Return decibels in mel bands, standardised; (n, bands, frames), 100 frames a second."""
        spectrum = torch.stft(
            windows, FFT_LENGTH, self.hop, window=self.window, pad_mode="reflect",
            return_complex=True,
        )  # fmt: skip
        power = self.mel @ spectrum.abs().square()[..., :-1]
        return (10 * power.clamp_min(SILENCE).log10() - self.mean) / self.deviation

    def forward(self, windows: Tensor) -> list[Tensor]:
        """Return what enters each layer, and at the end what the last gives, normalised.

        Parameters
        ----------
        windows
            Shape (n, samples), at 24 kHz.

        Returns
        -------
        list
            One more than layers, each (n, frames, width).
        """
        states: list[Tensor] = []
        hooks = [
            layer.register_forward_pre_hook(lambda _, given: states.append(given[0]))
            for layer in self.conformer.layers
        ]
        try:
            last = self.conformer(self.conv(self.spectrogram(windows)))
        finally:
            for hook in hooks:
                hook.remove()
        return [*states, last.last_hidden_state]


class Loaded:
    """A model with its weights, asked as those of transformers are.

    Parameters
    ----------
    network
        The network, its weights loaded.
    """

    sample_rate = SAMPLE_RATE

    def __init__(self, network: MuqEncoder) -> None:
        self.network = network

    @property
    def layers(self) -> int:
        """How many layers it has."""
        return len(self.network.conformer.layers)

    def hear(
        self,
        windows: Sequence[NDArray[np.float32]],
        layer: int | Literal["mean", "embedding"],
        device: str,
    ) -> NDArray[np.float32]:
        """Return what is made of some windows of one length, shape (windows, frames, d)."""
        import numpy as np

        network = self.network.to(device)
        with torch.inference_mode():
            states = network(torch.from_numpy(np.stack(windows)).to(device))
            heard = states[layer] if isinstance(layer, int) else torch.stack(states).mean(dim=0)
        frames: NDArray[np.float32] = heard.numpy(force=True)
        return frames


def load(folder: Path) -> Loaded:
    """Load a model from the files of a folder.

    Raises
    ------
    MerbenchError
        It is none of MuQ's, is damaged, or lacks weights.
    """
    try:
        settings = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        with torch.random.fork_rng(devices=[]):
            network = MuqEncoder(settings)
        stored = {name.removeprefix("model."): array for name, array in _stored(folder).items()}
        used = {key: w for key, w in stored.items() if not key.startswith(OF_TRAINING)}
        network.load_state_dict(used)
    except Exception as error:  # What damaged files make their readers raise is not defined.
        raise MerbenchError(
            f"{folder} is no model of MuQ, or is damaged ({data_fault(error)}); download it again "
            "with `hf download OpenMuQ/MuQ-large-msd-iter`"
        ) from error
    return Loaded(network.eval())


def _stored(folder: Path) -> dict[str, Tensor]:
    if (folder / "model.safetensors").is_file():
        from safetensors.torch import load_file

        return load_file(folder / "model.safetensors")
    weights: dict[str, Tensor] = torch.load(
        folder / "pytorch_model.bin", map_location="cpu", weights_only=True
    )
    return weights


def _configuration(written: Mapping[str, Any]) -> Wav2Vec2ConformerConfig:
    """Return the Conformer's configuration, less what a file says of other things."""
    known = Wav2Vec2ConformerConfig().to_dict()
    left = ("model_type", "architectures", "transformers_version", "torch_dtype", "dtype")
    kept = {key: w for key, w in written.items() if key in known and key not in left}
    return Wav2Vec2ConformerConfig(**kept)


@cache
def _filters(bands: int) -> NDArray[np.float32]:
    """Return the mel filters, HTK's and not normalised, shape (bands, bins)."""
    import warnings

    import librosa

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Empty filters", UserWarning)
        filters: NDArray[np.float32] = librosa.filters.mel(
            sr=SAMPLE_RATE, n_fft=FFT_LENGTH, n_mels=bands, htk=True, norm=None
        )
    return filters
