"""Embeddings of a network that was trained to tell artists apart."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from merbench import AudioError, Cost, FeatureKind, MerbenchError
from merbench.components.weights import KnownWeights, Weights, WeightsFile
from merbench.errors import data_fault
from merbench_plugins.features._maybe_untrained import MaybeUntrained
from merbench_plugins.papers import ARTIST_CNN

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from merbench.audio import Waveform
    from merbench_plugins.networks.artist_cnn import ArtistCnn

SAMPLE_RATE, FRAME_LENGTH, HOP_LENGTH = 22_050, 1_024, 512
MEAN, DEVIATION = 0.22620339, 0.25794547
"""What compressed magnitudes are standardised by: the authors' numbers, of `encoding_cnn.py`."""
LOURO_FRAMES = 1_291
"""Louro et al. 2024: frames of a clip."""


class ArtistWeights(Weights):
    """Weights of an artist network, a Keras model in HDF5."""

    __slots__ = ()

    known = (
        KnownWeights(
            "artist-siamese-10000",
            "artist network of Park et al. 2018, siamese, trained on 10,000 artists",
            licence="MIT",
            source="https://github.com/jongpillee/ismir2018-artist (model_siamese_10000.h5)",
            files=(
                WeightsFile(
                    "3b3ad09c321786c8ea388269ee3c35ab540734ce5209f40a430f1c9b0a25f753",
                    "https://raw.githubusercontent.com/jongpillee/ismir2018-artist/"
                    "68841d227fef71ac76b44e704007e50452042a38/models/"
                    "model_siamese_10000_4_0.40/model_siamese_10000.h5",
                    size=2_210_360,
                ),
            ),
        ),
    )


class _ArtistCnn(MaybeUntrained):
    """What the forms of the artist network's embedding share: its weights, and what it hears."""

    uses_device = True
    source_modules = (
        "merbench_plugins.checkpoints.keras",
        "merbench_plugins.networks.artist_cnn",
        "merbench_plugins.networks.blocks",
    )

    weights: ArtistWeights = Field(
        ArtistWeights("artist-siamese-10000"),
        description="`artist-siamese-10000`, or the path of a Keras model with the same layers.",
    )
    given: Literal["pretraining", "louro2024"] = Field(
        "pretraining", description="What it is given: as in its training, or as published."
    )

    def _embed(self, waveform: Waveform, sample_rate: int, device: str) -> NDArray[np.float32]:
        """Return the embeddings of pieces of 3 s, shape (pieces, 256)."""
        import numpy as np
        import torch

        from merbench_plugins.networks.artist_cnn import FRAMES

        network = _network(None if self.untrained else self.weights.path()).to(device)
        mel = log_mel(waveform, sample_rate, self.name)
        if self.given == "louro2024":
            mel = mel[:, :LOURO_FRAMES]
            filled = np.pad(mel, ((0, 0), (0, LOURO_FRAMES - mel.shape[1])))
            mel = filled[:, ::-1][:, LOURO_FRAMES % FRAMES :]
        else:
            mel = (mel - MEAN) / DEVIATION
            if mel.shape[1] < FRAMES:  # played again until it fills a piece
                mel = np.pad(mel, ((0, 0), (0, FRAMES - mel.shape[1])), mode="wrap")
        pieces = mel.shape[1] // FRAMES
        cut = mel[:, : pieces * FRAMES].reshape(len(mel), pieces, FRAMES).transpose(1, 0, 2)
        with torch.inference_mode():
            found = network(torch.from_numpy(cut.astype(np.float32)).to(device))
        embeddings: NDArray[np.float32] = found.cpu().numpy()
        return embeddings


class ArtistEmbedding(_ArtistCnn):
    """What a network that knows artists makes of a clip: 256 numbers, the mean over pieces of 3 s.

    Park et al., "Representation learning of music using artist labels", ISMIR 2018: magnitudes in
    128 mel bands (22,050 Hz, frames of 1,024 samples every 512) as log10(1 + 10 x), standardised,
    in pieces of 129 frames; five blocks of convolutions over time. Louro et al., Sensors 24(7),
    2024 use it frozen ("Artists CNN", method 14). The weights that they used, of a network that
    classifies artists, are not to be had any more; the authors' siamese network has the same
    encoder.

    `given: louro2024` is what Louro et al. gave it: nothing standardised, the first 1,291 frames,
    silence where there are fewer, and time reversed.
    """

    name = "artist-cnn"
    citation, paper = ARTIST_CNN
    kind = FeatureKind.VECTOR
    typical_cost = Cost(seconds=0.2, megabytes=0.001)

    def extract(self, waveform: Waveform, sample_rate: int, *, device: str) -> NDArray[np.float32]:
        """Embed one stem.

        Parameters
        ----------
        waveform
            Shape (channels, samples), float32.
        sample_rate
            In Hz.
        device
            The torch device that the network works on.

        Returns
        -------
        ndarray
            Shape (256,), float32.

        Raises
        ------
        AudioError
            The stem is not finite.
        MerbenchError
            The weights are missing, or are others.
        """
        embedding: NDArray[np.float32] = self._embed(waveform, sample_rate, device).mean(axis=0)
        return embedding


class ArtistSequence(_ArtistCnn):
    """What a network that knows artists makes of each 3 s of a clip, in order: as `artist-cnn`."""

    name = "artist-cnn-sequence"
    kind = FeatureKind.SEQUENCE
    typical_cost = Cost(seconds=0.2, megabytes=0.01)

    @classmethod
    def known_weights(cls) -> Sequence[KnownWeights]:
        """None of its own: `artist-cnn` lists them."""
        return ()

    def extract(self, waveform: Waveform, sample_rate: int, *, device: str) -> NDArray[np.float32]:
        """Embed one stem, as `artist-cnn` does; returns an array of shape (pieces, 256)."""
        return self._embed(waveform, sample_rate, device)

    def frame_rate(self, sample_rate: int, samples: int) -> float | None:
        """Return how many pieces begin in a second."""
        from merbench_plugins.networks.artist_cnn import FRAMES

        return SAMPLE_RATE / (HOP_LENGTH * FRAMES)


def log_mel(waveform: Waveform, sample_rate: int, name: str) -> NDArray[np.float32]:
    """Return log10(1 + 10 x) of magnitudes in mel bands, shape (128, frames)."""
    import librosa
    import numpy as np

    from merbench import audio
    from merbench_plugins.networks.artist_cnn import BINS

    audio.validate(waveform, name)
    mono = waveform.mean(axis=0, keepdims=True)
    samples = audio.resample(mono, sample_rate, SAMPLE_RATE)[0]
    magnitude = librosa.feature.melspectrogram(
        y=samples, sr=SAMPLE_RATE, n_fft=FRAME_LENGTH, hop_length=HOP_LENGTH, n_mels=BINS, power=1.0
    )
    if not np.isfinite(magnitude).all():
        raise AudioError(
            f"{name}: the audio (peak {np.abs(samples).max():g}) exceeds single precision; check "
            "the level of the recording"
        )
    compressed: NDArray[np.float32] = np.log10(1 + 10 * magnitude)
    return compressed


def load_network(path: Path) -> ArtistCnn:
    """Return the network with the weights of a Keras model.

    Raises
    ------
    MerbenchError
        The file cannot be read, or holds other layers.
    """
    from merbench_plugins.checkpoints.keras import KerasCheckpoint
    from merbench_plugins.networks.artist_cnn import ArtistCnn, keras_state

    checkpoint = KerasCheckpoint(path)
    network = ArtistCnn()
    try:
        network.load_state_dict(
            keras_state({name: checkpoint.read(name) for name in checkpoint.shapes})
        )
    except (KeyError, ValueError, RuntimeError) as error:
        raise MerbenchError(
            f"{path} holds other layers than the artist network's ({data_fault(error)}); "
            "give model_siamese_10000.h5 of the authors, or one "
            "with its layers"
        ) from None
    return network.eval()


@lru_cache(maxsize=1)
def _network(path: Path | None) -> ArtistCnn:
    """Return the network, with random weights without a path; once a process."""
    import torch

    from merbench_plugins.networks.artist_cnn import ArtistCnn

    if path is not None:
        return load_network(path)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return ArtistCnn().eval()
