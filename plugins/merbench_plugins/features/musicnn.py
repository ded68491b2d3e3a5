"""Features of networks that were trained to tag music: MusiCNN and VGG of Pons and Serra (2019)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from merbench import (
    AudioError,
    Cost,
    FeatureExtractor,
    FeatureKind,
    KnownWeights,
    MerbenchError,
    Weights,
)
from merbench.digests import content_digest
from merbench_plugins.checkpoints import SOURCES
from merbench_plugins.features._frames import fourier
from merbench_plugins.papers import MUSICNN

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

    from merbench.audio import Waveform

__all__ = ["Musicnn", "MusicnnSequence", "load_network"]

DISTRIBUTION = "musicnn"
"""On the package index, with the weights in it. Only its files are read: it cannot be imported
without TensorFlow, and asks for a NumPy of 2018."""

SAMPLE_RATE = 16_000
FFT_LENGTH = 512
HOP_LENGTH = 256

_TRAINED_ON = {"MSD": "the Million Song Dataset", "MTT": "MagnaTagATune"}
_BATCH = 20
"""Patches at once: those of a minute."""


def _known(name: str) -> KnownWeights:
    data, network = name.split("_")
    return KnownWeights(
        name,
        summary=f"{'MusiCNN' if network == 'musicnn' else 'VGG'}, trained on 50 tags of "
        f"{_TRAINED_ON[data]}, in the package {DISTRIBUTION}",
        licence="ISC",
        source="https://github.com/jordipons/musicnn",
        at=f"{DISTRIBUTION}:musicnn/{name}",
        install=f"pip install --no-deps {DISTRIBUTION}",
    )


class MusicnnWeights(Weights):
    """Weights of MusiCNN or of the VGG beside it."""

    known = tuple(map(_known, ("MSD_musicnn", "MTT_musicnn", "MSD_vgg", "MTT_vgg")))
    remedy = "give the name of one of them, or the folder of such a checkpoint"


class Musicnn(FeatureExtractor):
    """What a network that tags music makes of a clip: MusiCNN, or the VGG beside it.

    The clip is cut into patches of 3 s, and the mean over them is the vector. What is left behind
    the last whole patch is not heard; a clip that fills none is filled up with silence.

    Source: Pons and Serra, "musicnn: pre-trained convolutional neural networks for music audio
    tagging", 2019 (arXiv 1909.06654). The weights come with the package musicnn.
    """

    name = "musicnn"
    citation, paper = MUSICNN
    kind = FeatureKind.VECTOR
    uses_device = True
    source_modules = (
        *SOURCES,
        "merbench_plugins.checkpoints.tensorflow_graph",
        "merbench_plugins.features._frames",
        "merbench_plugins.features._musicnn_networks",
    )
    typical_cost = Cost(seconds=1.2, megabytes=0.001)

    weights: MusicnnWeights = Field(
        MusicnnWeights("MSD_musicnn"),
        description="MSD_musicnn, MTT_musicnn, MSD_vgg or MTT_vgg (trained on the Million Song "
        "Dataset or on MagnaTagATune), or the folder of such a checkpoint.",
    )
    layer: Literal["dense", "tags", "pooled"] = Field(
        "dense",
        description="`dense`: the 200 numbers of the layer before the tags, which VGG does not "
        "have; `tags`: the probabilities of 50 tags; `pooled`: what comes before both: of MusiCNN "
        "the maximum and the mean over time of 753 filters, of VGG 256 numbers.",
    )
    hop: int = Field(187, ge=1, description="Frames of 16 ms from one patch's start to the next's.")

    def ready(self) -> None:
        """Raise `MerbenchError` if there are no weights, or not those of such a network."""
        super().ready()
        self._network()

    def extract(self, waveform: Waveform, sample_rate: int, *, device: str) -> NDArray[np.float32]:
        """Hear one stem.

        Parameters
        ----------
        waveform
            Shape (channels, samples), float32; finite. The mean of the channels is heard.
        sample_rate
            In Hz, any.
        device
            The torch device that the network works on.

        Returns
        -------
        ndarray
            Shape (d,), float32.

        Raises
        ------
        AudioError
            The stem is not finite, or so loud that its power is not.
        MerbenchError
            The weights are missing, damaged, or have no such layer.
        """
        vector: NDArray[np.float32] = self._patches(waveform, sample_rate, device).mean(axis=0)
        return vector

    def _patches(self, waveform: Waveform, sample_rate: int, device: str) -> NDArray[np.float32]:
        """Return what is made of each patch, shape (patches, d)."""
        import numpy as np
        import torch

        from merbench_plugins.features._musicnn_networks import FRAMES

        network = self._network().to(device)
        spectrogram = log_mel(waveform, sample_rate, self.name)
        spectrogram = np.pad(spectrogram, ((0, max(0, FRAMES - len(spectrogram))), (0, 0)))
        every = np.lib.stride_tricks.sliding_window_view(spectrogram, FRAMES, axis=0)[:: self.hop]
        heard = []
        with torch.inference_mode():
            for start in range(0, len(every), _BATCH):
                patches = every[start : start + _BATCH].swapaxes(1, 2).copy()
                layers = network(torch.from_numpy(patches).to(device))
                heard.append(layers[self.layer].numpy(force=True))
        return np.concatenate(heard)

    def _network(self) -> torch.nn.Module:
        from merbench_plugins.features._musicnn_networks import Vgg

        path = self.weights.path()
        network = _load_once(path, content_digest(path))
        if self.layer == "dense" and isinstance(network, Vgg):
            raise MerbenchError(
                f"{self.name}: the network VGG has no layer `dense`; set `layer` to tags or pooled"
            )
        return network


class MusicnnSequence(Musicnn):
    """What a network that tags music makes of each 3 s of a clip, in order: as `musicnn`."""

    name = "musicnn-sequence"
    kind = FeatureKind.SEQUENCE
    typical_cost = Cost(seconds=1.2, megabytes=0.01)

    @classmethod
    def known_weights(cls) -> Sequence[KnownWeights]:
        """None of its own: `musicnn` lists them."""
        return ()

    def extract(self, waveform: Waveform, sample_rate: int, *, device: str) -> NDArray[np.float32]:
        """Hear one stem, as `musicnn` does; returns an array of shape (patches, d)."""
        return self._patches(waveform, sample_rate, device)

    def frame_rate(self, sample_rate: int, samples: int) -> float | None:
        """Return how many patches begin in a second."""
        return SAMPLE_RATE / (HOP_LENGTH * self.hop)


def load_network(weights: str | Path) -> torch.nn.Module:
    """Load a network.

    Parameters
    ----------
    weights
        As the parameter `weights`: MSD_musicnn, MTT_musicnn, MSD_vgg or MTT_vgg, or a path.

    Returns
    -------
    torch.nn.Module
        Maps log-mel patches, (batch, 187, 96), to a dict: `tags`, (batch, 50); `pooled`, (batch,
        1506) or of VGG (batch, 256); and of MusiCNN `dense`, (batch, 200).

    Raises
    ------
    MerbenchError
        The weights are missing, damaged, or those of another network.
    """
    from merbench_plugins.features._musicnn_networks import open_network

    return open_network(MusicnnWeights(weights).path())


def log_mel(waveform: Waveform, sample_rate: int, whose: str) -> NDArray[np.float32]:
    """Return the spectrogram that the networks hear: log10(1 + 10,000 x) of mel bands' power.

    The package computes it in half precision, which overflows with today's NumPy; this is in
    single precision.

    Parameters
    ----------
    waveform, sample_rate
        As an extractor is given them.
    whose
        Name of the feature, for errors.

    Returns
    -------
    ndarray
        Shape (frames, 96), float32.
    """
    import numpy as np

    from merbench import audio

    audio.validate(waveform, whose)
    mono = audio.resample(waveform.mean(axis=0, keepdims=True), sample_rate, SAMPLE_RATE)[0]
    spectrum = fourier(mono, FFT_LENGTH, HOP_LENGTH, window=_hann())
    with np.errstate(over="ignore", invalid="ignore"):
        bands = (np.abs(spectrum) ** 2) @ _mel_filters().T
    if not np.isfinite(bands).all():
        raise AudioError(
            f"{whose}: the audio is so loud (peak {np.abs(mono).max():g}) that its power is no "
            "number; check the level of the recording"
        )
    compressed: NDArray[np.float32] = np.log10(1 + 10_000 * bands).astype(np.float32)
    return compressed


@cache
def _hann() -> NDArray[np.float64]:
    from scipy.signal import get_window

    window: NDArray[np.float64] = get_window("hann", FFT_LENGTH)
    return window


@cache
def _mel_filters() -> NDArray[np.float32]:
    """Return Slaney's mel filters, shape (96, 257)."""
    import librosa

    from merbench_plugins.features._musicnn_networks import BANDS

    filters: NDArray[np.float32] = librosa.filters.mel(
        sr=SAMPLE_RATE, n_fft=FFT_LENGTH, n_mels=BANDS
    )
    return filters


@lru_cache(maxsize=2)
def _load_once(path: Path, digest: str) -> torch.nn.Module:
    """Load a network once a process; the digest tells when a checkpoint was replaced."""
    from merbench_plugins.features._musicnn_networks import open_network

    return open_network(path)
