"""Embeddings of a convolutional recurrent network that was trained to tag MagnaTagATune."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from merbench import AudioError, Cost, FeatureKind, MerbenchError
from merbench.components.weights import KnownWeights, Weights, WeightsFile
from merbench.errors import data_fault
from merbench_plugins.features._maybe_untrained import MaybeUntrained
from merbench_plugins.papers import LOURO_2024

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from merbench.audio import Waveform
    from merbench_plugins.networks.tagging_crnn import TaggingCrnn

SAMPLE_RATE, FRAME_LENGTH, HOP_LENGTH, BINS = 16_000, 512, 256, 96
"""Won et al. 2020: rate in Hz, samples in a frame and between frames, mel bands."""
TAGS = 50
QUIETEST = 1e-10
"""Power below which decibels do not fall."""


class MtatWeights(Weights):
    """Weights of the tagging CRNN, a state saved by torch."""

    __slots__ = ()

    known = (
        KnownWeights(
            "louro-crnn-mtat",
            "CRNN that Louro et al. 2024 pretrained on MagnaTagATune",
            licence="none stated",
            source="https://github.com/g0ld3nl34f/exploring-dl-for-mer "
            "(pretrained_models/best_model_mtat.pth)",
            files=(
                WeightsFile(
                    "cd22fc70cafd06f8f2bfc7dd795abccb1f4b50d5b09094c39ad100baf87475a3",
                    "https://github.com/g0ld3nl34f/exploring-dl-for-mer/raw/HEAD/"
                    "pretrained_models/best_model_mtat.pth",
                    size=1_687_630,
                ),
            ),
        ),
    )


class MtatEmbedding(MaybeUntrained):
    """What a network that tags music makes of a clip: 32 numbers, its last recurrent state.

    The CRNN of Won et al., "Evaluation of CNN-based automatic music tagging models", SMC 2020
    (Choi et al. 2017), pretrained on MagnaTagATune by Louro et al., Sensors 24(7), 2024 and used
    frozen there ("CRNN Pre-trained MTAT", method 15).

    By default it hears what it was trained on: 96 mel bands at 16 kHz in decibels, by the filters
    that its weights hold. `given: louro2024` is what the authors gave it afterwards: the input of
    `mel-spectrogram: {preset: louro2024}`, of which time lies where bands were in training.
    """

    name = "mtat-crnn"
    citation, paper = LOURO_2024
    kind = FeatureKind.VECTOR
    uses_device = True
    source_modules = (
        "merbench_plugins.features.mel_spectrogram",
        "merbench_plugins.networks.blocks",
        "merbench_plugins.networks.tagging_crnn",
    )
    typical_cost = Cost(seconds=0.5, megabytes=0.001)

    weights: MtatWeights = Field(
        MtatWeights("louro-crnn-mtat"),
        description="`louro-crnn-mtat`, or the path of a state of the same layers.",
    )
    given: Literal["pretraining", "louro2024"] = Field(
        "pretraining", description="What it is given: as in its training, or as published."
    )

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
            Shape (32,), float32.

        Raises
        ------
        AudioError
            The stem is not finite, or shorter than the network's pooling.
        MerbenchError
            The weights are missing, or are others.
        """
        import numpy as np
        import torch

        from merbench_plugins.features.mel_spectrogram import MelSpectrogram

        network, filters = _network(None if self.untrained else self.weights.path())
        if self.given == "louro2024":
            louro = MelSpectrogram(preset="louro2024")
            # Their rows are frames and their columns bands: frames take the place of bands, and
            # bands that of time; of the pooled map the axis of frames is read step by step.
            image = louro.extract(waveform, sample_rate, device=device).T
        else:
            image = decibels(waveform, sample_rate, filters, self.name)
        with torch.inference_mode():
            given = torch.from_numpy(np.ascontiguousarray(image))[None, None].to(device)
            network = network.to(device)
            found = network.embed(given, steps=0 if self.given == "louro2024" else 1)
        embedding: NDArray[np.float32] = found[0].cpu().numpy()
        return embedding


def decibels(
    waveform: Waveform, sample_rate: int, filters: NDArray[np.float32], name: str
) -> NDArray[np.float32]:
    """Return what the network was trained on, shape (96, frames): power in decibels.

    Parameters
    ----------
    waveform, sample_rate
        A stem, (channels, samples), and its rate in Hz.
    filters
        Shape (257, 96).
    name
        Of the feature, for errors.
    """
    import librosa
    import numpy as np

    from merbench import audio

    audio.validate(waveform, name)
    mono = waveform.mean(axis=0, keepdims=True)
    samples = audio.resample(mono, sample_rate, SAMPLE_RATE)[0]
    # Pooling divides frames by 96; a shorter clip is played again.
    shortest = 96 * HOP_LENGTH
    if samples.size < shortest:
        samples = np.pad(samples, (0, shortest - samples.size), mode="wrap")
    spectrum = librosa.stft(samples, n_fft=FRAME_LENGTH, hop_length=HOP_LENGTH, pad_mode="reflect")
    power = filters.T @ (np.abs(spectrum) ** 2)
    if not np.isfinite(power).all():
        raise AudioError(
            f"{name}: the power of the audio (peak {np.abs(samples).max():g}) exceeds single "
            "precision; check the level of the recording"
        )
    found: NDArray[np.float32] = (10 * np.log10(np.maximum(power, QUIETEST))).astype(np.float32)
    return found


def load_network(path: Path) -> tuple[TaggingCrnn, NDArray[np.float32]]:
    """Return the network with the weights of a saved state, and the mel filters in it.

    Raises
    ------
    MerbenchError
        The file cannot be read, or holds other layers.
    """
    import pickle

    import torch

    from merbench_plugins.networks.blocks import TORCH_EPSILON
    from merbench_plugins.networks.tagging_crnn import TaggingCrnn

    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        filters: NDArray[np.float32] = state.pop("spec.mel_scale.fb").numpy()
        state.pop("spec.spectrogram.window")
        network = TaggingCrnn((1, BINS, BINS), TAGS, eps=TORCH_EPSILON)
        network.load_state_dict(state)
    except (
        OSError, EOFError, TypeError, KeyError, ValueError, RuntimeError, AttributeError,
        pickle.UnpicklingError,
    ) as error:  # fmt: skip
        raise MerbenchError(
            f"{path} is no state of the tagging CRNN ({data_fault(error)}); "
            "give best_model_mtat.pth of the authors, or one with "
            "its layers"
        ) from None
    return network.eval(), filters


@lru_cache(maxsize=1)
def _network(path: Path | None) -> tuple[TaggingCrnn, NDArray[np.float32]]:
    """Return the network and its filters, with random weights without a path; once a process."""
    import librosa
    import torch

    from merbench_plugins.networks.blocks import TORCH_EPSILON
    from merbench_plugins.networks.tagging_crnn import TaggingCrnn

    if path is not None:
        return load_network(path)
    filters = librosa.filters.mel(
        sr=SAMPLE_RATE, n_fft=FRAME_LENGTH, n_mels=BINS, htk=True, norm=None
    ).T
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return TaggingCrnn((1, BINS, BINS), TAGS, eps=TORCH_EPSILON).eval(), filters
