"""VibeNet: valence, energy and five more that a small network hears, from an installed package."""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from merbench import Cost, FeatureExtractor, FeatureKind, KnownWeights, MerbenchError, Weights
from merbench.digests import content_digest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from merbench.audio import Waveform

__all__ = ["VibeNet"]

DISTRIBUTION = "vibenet"
"""On the package index, under the GPL, with the network in it. Only that file is read."""

SAMPLE_RATE = 16_000
FFT_LENGTH = 1024
WINDOW = 640
HOP_LENGTH = 320
BANDS = 128
_DYNAMIC_RANGE = 80.0
_SILENCE = 1e-10
_BLOCK = 256
"""Frames that are transformed at once."""

ATTRIBUTES = (
    "acousticness", "danceability", "energy", "instrumentalness", "liveness", "speechiness",
    "valence",
)  # fmt: skip
_LIKELIHOODS = ("acousticness", "instrumentalness", "liveness")
"""Attributes whose outputs are logits; the others lie on [0, 1] as they are."""

_NODES = {"attributes": "out", "trunk": "gelu", "backbone": "view"}
"""What the network's graph calls its layers."""


class VibeNetWeights(Weights):
    """VibeNet's network, as an ONNX file."""

    known = (
        KnownWeights(
            "vibenet-efficientnet",
            summary=f"VibeNet's EfficientNet, in the package {DISTRIBUTION}",
            licence="GPL-3.0-or-later",
            source="https://github.com/jaeheonshim/vibenet",
            at=f"{DISTRIBUTION}:vibenet/artifacts/efficientnet_model.onnx",
            install=f"pip install --no-deps {DISTRIBUTION}",
        ),
    )
    remedy = "give the path of VibeNet's ONNX file"


class VibeNet(FeatureExtractor):
    """Seven attributes that VibeNet hears, valence and energy among them, or its inner layers.

    The attributes, in order: acousticness, danceability, energy, instrumentalness, liveness,
    speechiness, valence; each on [0, 1]. They were learned from what a music service publishes of
    songs, not from listeners. The whole clip is heard at once.

    Source: https://github.com/jaeheonshim/vibenet. The network is under the GPL and comes with the
    package vibenet, not with merbench.
    """

    name = "vibenet"
    kind = FeatureKind.VECTOR
    requires: ClassVar[tuple[str, ...]] = ("onnxruntime",)
    typical_cost = Cost(seconds=0.5, megabytes=0.005)

    weights: VibeNetWeights = Field(
        VibeNetWeights("vibenet-efficientnet"),
        description="vibenet-efficientnet, for what the installed package ships, or the path of "
        "such an ONNX file.",
    )
    layer: Literal["attributes", "trunk", "backbone"] = Field(
        "attributes",
        description="`attributes`: the seven; `trunk`: 256 numbers that they are made from; "
        "`backbone`: the 1,280 numbers of EfficientNet before.",
    )

    def ready(self) -> None:
        """Raise `MerbenchError` if the network is not here, or is another."""
        super().ready()
        self._session()

    def extract(self, waveform: Waveform, sample_rate: int, *, device: str) -> NDArray[np.float32]:
        """Hear one stem.

        Parameters
        ----------
        waveform
            Shape (channels, samples), float32; finite. The mean of the channels is heard.
        sample_rate
            In Hz, any.
        device
            Not used.

        Returns
        -------
        ndarray
            Shape (7,), (256,) or (1280,), float32.

        Raises
        ------
        AudioError
            The stem is not finite.
        MerbenchError
            The network is missing, damaged or another.
        """
        import numpy as np

        from merbench import audio

        audio.validate(waveform, self.name)
        mono = audio.resample(waveform.mean(axis=0, keepdims=True), sample_rate, SAMPLE_RATE)[0]
        heard = self._session().run([_NODES[self.layer]], {"x": _spectrogram(mono)[None]})[0][0]
        values: NDArray[np.float32] = np.asarray(heard, np.float32)
        if self.layer != "attributes":
            return values
        likely = np.isin(ATTRIBUTES, _LIKELIHOODS)
        return np.where(likely, 1 / (1 + np.exp(-values)), values.clip(0, 1)).astype(np.float32)

    def _session(self) -> Any:
        path = self.weights.path()
        return _load_once(path, content_digest(path))


def _spectrogram(mono: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the network's input, shape (128, frames): decibels of mel bands' power."""
    import numpy as np
    from scipy.fft import rfft

    padded = np.pad(mono, (0, max(0, WINDOW - mono.size)))
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP_LENGTH]
    power = np.empty((len(frames), FFT_LENGTH // 2 + 1), np.float32)
    for start in range(0, len(frames), _BLOCK):
        spectrum = rfft(frames[start : start + _BLOCK] * _hann(), n=FFT_LENGTH, axis=1)
        power[start : start + _BLOCK] = np.abs(spectrum) ** 2
    decibels = 10 * np.log10(np.maximum(_SILENCE, _mel_filters() @ power.T))
    loud: NDArray[np.float32] = np.maximum(decibels, decibels.max() - _DYNAMIC_RANGE)
    return loud.astype(np.float32)


@cache
def _hann() -> NDArray[np.float32]:
    import numpy as np
    from scipy.signal import get_window

    window: NDArray[np.float32] = get_window("hann", WINDOW).astype(np.float32)
    return window


@cache
def _mel_filters() -> NDArray[np.float32]:
    import librosa

    filters: NDArray[np.float32] = librosa.filters.mel(
        sr=SAMPLE_RATE, n_fft=FFT_LENGTH, n_mels=BANDS, fmin=0, fmax=8000
    )
    return filters


@lru_cache(maxsize=1)
def _load_once(path: Path, digest: str) -> Any:
    """Load the network once a process; the digest tells when its file was replaced."""
    import onnxruntime

    from merbench import threads

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads.available()
    options.log_severity_level = 3
    inner = b"".join(_output(name) for name in _NODES.values() if name != _NODES["attributes"])
    try:
        return onnxruntime.InferenceSession(
            path.read_bytes() + inner, options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # What damaged files make its reader raise is not defined.
        reason = str(error).strip().partition("\n")[0]
        raise MerbenchError(
            f"{path} cannot be loaded as VibeNet's network ({reason}); give its ONNX file"
        ) from error


def _output(node: str) -> bytes:
    """Return bytes that, appended to an ONNX file, make a node one of its outputs.

    A file is a protocol buffer, in which a message that comes again is merged with the first: here
    the graph (field 7), whose outputs (field 12) have names (field 1).
    """
    message = node.encode()
    for field in (1, 12, 7):
        message = bytes([field << 3 | 2, len(message)]) + message
    return message
