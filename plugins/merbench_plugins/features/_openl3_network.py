"""OpenL3's audio network for 256 mel bands, in torch.

Source: Cramer, Wu, Salamon and Bello, "Look, Listen and Learn More", ICASSP 2019, whose Keras model
this follows, front end included.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from merbench import MerbenchError
from merbench_plugins.checkpoints.keras import KerasCheckpoint

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

SAMPLE_RATE = 48_000
WINDOW = SAMPLE_RATE
"""Samples of a window, 1 s."""

BANDS = 256
FRAMES = 199
_FFT_LENGTH = 2048
_HOP_LENGTH = 242
_PADDING = ((FRAMES - 1) * _HOP_LENGTH + _FFT_LENGTH - WINDOW) // 2
"""Zeros on either side of a window, as of a convolution whose output has a frame a hop."""
_DYNAMIC_RANGE = 80.0
_SILENCE = 1e-10
_EPSILON = 1e-3
"""Of batch normalisation, Keras's default."""

FILTERS = (64, 128, 256, 512)
"""Of the two convolutions of each block."""
POOLS = {6144: (8, 8), 512: (32, 24)}
"""Bands and frames that the last layer is pooled over, by the length of the embedding."""

_NORM = {
    "weight": "gamma",
    "bias": "beta",
    "running_mean": "moving_mean",
    "running_var": "moving_variance",
}
_FRONT_END = "melspectrogram"


class OpenL3(nn.Module):
    """Four blocks of two 3 x 3 convolutions, pooled by their maxima.

    Parameters
    ----------
    embedding_size
        Length of an embedding: 6,144 or 512.
    """

    mel: Tensor
    window: Tensor

    def __init__(self, embedding_size: int = 512) -> None:
        super().__init__()
        self.pool = POOLS[embedding_size]
        self.register_buffer("mel", torch.from_numpy(_mel_filters()), persistent=False)
        self.register_buffer(
            "window", torch.hann_window(_FFT_LENGTH, dtype=torch.float32), persistent=False
        )
        self.norm = nn.BatchNorm2d(1, _EPSILON)
        convolutions: list[nn.Module] = []
        norms: list[nn.Module] = []
        channels = 1
        for filters in FILTERS:
            for _ in range(2):
                convolutions.append(nn.Conv2d(channels, filters, 3, padding=1))
                norms.append(nn.BatchNorm2d(filters, _EPSILON))
                channels = filters
        self.convolutions = nn.ModuleList(convolutions)
        # What the last convolution yields is the embedding as it stands.
        self.norms = nn.ModuleList(norms[:-1])

    def forward(self, windows: Tensor) -> Tensor:
        """Embed windows of one second.

        Parameters
        ----------
        windows
            Shape (batch, 48000), at 48 kHz.

        Returns
        -------
        Tensor
            Shape (batch, embedding_size).
        """
        x = self.norm(self.spectrogram(windows)[:, None])
        for number, convolution in enumerate(self.convolutions):
            x = convolution(x)
            if number < len(self.norms):
                x = self.norms[number](x).relu()
                if number % 2:
                    x = functional.max_pool2d(x, 2)
        # Padded as Keras does where the pool does not fit; a maximum leaves padding out.
        (bands, frames), (height, width) = x.shape[2:], self.pool
        more = (-bands % height, -frames % width)
        beyond = (more[1] // 2, more[1] - more[1] // 2, more[0] // 2, more[0] - more[0] // 2)
        pooled = functional.max_pool2d(functional.pad(x, beyond, value=-torch.inf), self.pool)
        # Keras has channels last.
        return pooled.permute(0, 2, 3, 1).flatten(1)

    def spectrogram(self, windows: Tensor) -> Tensor:
        """Return the network's input, (batch, 256, 199): decibels below the loudest, 80 at most.

        They are 10 log10 of the mel bands' magnitude, as the front end that it was trained with
        computes them: half the decibels of a magnitude.
        """
        padded = functional.pad(windows, (_PADDING, _PADDING))
        spectrum = torch.stft(
            padded, _FFT_LENGTH, _HOP_LENGTH, window=self.window, center=False, return_complex=True
        )
        magnitude = (self.mel @ spectrum.abs().square()).sqrt()
        decibels = 10 * magnitude.clamp_min(_SILENCE).log10()
        below = decibels - decibels.amax(dim=(1, 2), keepdim=True)
        return below.clamp_min(-_DYNAMIC_RANGE)


@cache
def random_network(embedding_size: int) -> OpenL3:
    """Return the network with random weights, the same each time; made once a process."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return OpenL3(embedding_size).eval()


def open_network(path: Path, embedding_size: int) -> OpenL3:
    """Load Keras's weights of the network, `openl3_audio_mel256_music.h5` or one of its shape.

    Layers are told by their order, as Keras tells them: their numbers are chance. Of the layer
    that computes the spectrogram, which some releases hold, nothing is needed.

    Raises
    ------
    MerbenchError
        It cannot be read, or holds other layers.
    """
    checkpoint = KerasCheckpoint(path)
    layers = [name for name in checkpoint.layers if _FRONT_END not in name]
    # Layers draw weights when they are made, which the file's then replace.
    with torch.random.fork_rng(devices=[]):
        network = OpenL3(embedding_size)
    ours = list(_layers(network))
    if len(layers) != len(ours):
        raise MerbenchError(
            f"{path} has {len(layers)} layers of weights where OpenL3's audio network of 256 mel "
            f"bands has {len(ours)}; give openl3_audio_mel256_music.h5"
        )
    state = network.state_dict()
    for (key, parts), layer in zip(ours, layers, strict=True):
        for part, role in parts.items():
            name, whole = f"{layer}/{role}", state[f"{key}.{part}"]
            array = checkpoint.read(name) if name in checkpoint.shapes else None
            if array is not None and array.ndim == 4:
                array = array.transpose(3, 2, 0, 1)
            if array is None or array.shape != tuple(whole.shape):
                raise MerbenchError(
                    f"{path}: layer {layer} has no {role} of shape {tuple(whole.shape)}; give "
                    "openl3_audio_mel256_music.h5"
                )
            state[f"{key}.{part}"] = torch.from_numpy(array.astype("float32"))
    network.load_state_dict(state)
    return network.eval()


def _layers(network: OpenL3) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the layers that have weights, in Keras's order, and what their arrays are called."""
    convolution = {"weight": "kernel", "bias": "bias"}
    yield "norm", _NORM
    for number in range(len(network.convolutions)):
        yield f"convolutions.{number}", convolution
        if number < len(network.norms):
            yield f"norms.{number}", _NORM


@cache
def _mel_filters() -> NDArray[np.float32]:
    """Return the mel filters, shape (256, 1025); the lowest bands fall between two bins."""
    import warnings

    import librosa

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Empty filters", UserWarning)
        filters: NDArray[np.float32] = librosa.filters.mel(
            sr=SAMPLE_RATE, n_fft=_FFT_LENGTH, n_mels=BANDS, htk=True
        )
    return filters
