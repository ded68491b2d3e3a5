"""OpenL3: embeddings of a network that learned which sound belongs to which picture."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from merbench import Cost, FeatureKind, KnownWeights, Weights
from merbench.components import WeightsFile
from merbench.digests import content_digest
from merbench_plugins.checkpoints import SOURCES
from merbench_plugins.features._maybe_untrained import MaybeUntrained
from merbench_plugins.papers import OPENL3

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from merbench.audio import Waveform
    from merbench_plugins.features._openl3_network import OpenL3 as Network

__all__ = ["OpenL3", "OpenL3Sequence"]

_BATCH = 16
"""Windows at once."""


class OpenL3Weights(Weights):
    """Weights of OpenL3's audio network of 256 mel bands."""

    known = (
        KnownWeights(
            "openl3-music-mel256",
            summary="OpenL3's audio network of 256 mel bands, trained on videos of music",
            licence="CC BY 4.0",
            source="https://github.com/marl/openl3",
            files=(
                WeightsFile(
                    "624ee7b1dd5ff87e18073f66fd8b2052bebb8ac70210e9c0937c0c940c63e9d6",
                    "https://github.com/marl/openl3/raw/models/"
                    "openl3_audio_mel256_music-v0_4_0.h5.gz",
                    name="openl3_audio_mel256_music.h5",
                    packed="e379f41e880b78e157c199ebddac80d3764e6a46282bcccdbe875bcf538f9afd",
                ),
            ),
        ),
    )
    remedy = "give the path of openl3_audio_mel256_music.h5"


class _OpenL3(MaybeUntrained):
    """Windows of one second, and their embeddings."""

    uses_device = True
    source_modules = (*SOURCES, "merbench_plugins.features._openl3_network")

    weights: OpenL3Weights = Field(
        OpenL3Weights("openl3-music-mel256"),
        description="openl3-music-mel256, once it was fetched, or the path of an h5 file of that "
        "network.",
    )
    embedding_size: Literal[512, 6144] = Field(512, description="Numbers of an embedding.")
    hop_seconds: float = Field(
        0.5, gt=0, le=60, description="From one window's start to the next's; the package has 0.1."
    )
    centre: bool = Field(
        True,
        description="Whether windows lie around their time, as in the package: the first then "
        "begins with half a second of silence.",
    )

    def ready(self) -> None:
        """Raise `MerbenchError` if there are no weights, or not those of this network."""
        super().ready()
        if not self.untrained:
            self._network()

    def _windows(self, waveform: Waveform, sample_rate: int) -> NDArray[np.float32]:
        """Cut a stem into windows, a view of shape (windows, samples); the last is filled up."""
        import numpy as np

        from merbench import audio
        from merbench_plugins.features._openl3_network import SAMPLE_RATE, WINDOW

        audio.validate(waveform, self.name)
        mono = audio.resample(waveform.mean(axis=0, keepdims=True), sample_rate, SAMPLE_RATE)[0]
        hop = max(1, int(self.hop_seconds * SAMPLE_RATE))
        before = WINDOW // 2 if self.centre else 0
        behind = max(0, before + mono.size - WINDOW)
        length = WINDOW + -(-behind // hop) * hop
        padded = np.pad(mono, (before, max(0, length - before - mono.size)))
        return np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::hop]

    def _embed(self, windows: NDArray[np.float32], device: str) -> NDArray[np.float32]:
        import numpy as np
        import torch

        network = self._network().to(device)
        embedded = []
        with torch.inference_mode():
            for start in range(0, len(windows), _BATCH):
                batch = torch.from_numpy(windows[start : start + _BATCH].copy()).to(device)
                embedded.append(network(batch).numpy(force=True))
        return np.concatenate(embedded)

    def _network(self) -> Network:
        if self.untrained:
            from merbench_plugins.features._openl3_network import random_network

            return random_network(self.embedding_size)
        path = self.weights.path()
        return _load_once(path, content_digest(path), self.embedding_size)


class OpenL3(_OpenL3):
    """Embeddings of OpenL3's audio network (mel256, music), the mean over windows of one second.

    The first window alone is what Louro et al. 2024 take. The weights are not shipped: `merbench
    weights list` says where to get them.

    Source: Cramer, Wu, Salamon and Bello, "Look, Listen and Learn More: Design Choices for Deep
    Audio Embeddings", ICASSP 2019.
    """

    name = "openl3"
    citation, paper = OPENL3
    kind = FeatureKind.VECTOR
    typical_cost = Cost(seconds=20.0, megabytes=0.002)

    frames: Literal["mean", "first"] = Field(
        "mean", description="`mean` over all windows, or the `first` window alone."
    )

    def extract(self, waveform: Waveform, sample_rate: int, *, device: str) -> NDArray[np.float32]:
        """Embed one stem.

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
            Shape (embedding_size,), float32.

        Raises
        ------
        AudioError
            The stem is not finite.
        MerbenchError
            The weights are missing, damaged, or those of another network.
        """
        windows = self._windows(waveform, sample_rate)
        if self.frames == "first":
            windows = windows[:1]
        vector: NDArray[np.float32] = self._embed(windows, device).mean(axis=0)
        return vector


class OpenL3Sequence(_OpenL3):
    """Embeddings of OpenL3's audio network, one a window, in order: as `openl3`."""

    name = "openl3-sequence"
    kind = FeatureKind.SEQUENCE
    typical_cost = Cost(seconds=20.0, megabytes=0.12)

    @classmethod
    def known_weights(cls) -> Sequence[KnownWeights]:
        """None of its own: `openl3` lists them."""
        return ()

    def extract(self, waveform: Waveform, sample_rate: int, *, device: str) -> NDArray[np.float32]:
        """Embed one stem, as `openl3` does; returns (windows, embedding_size)."""
        return self._embed(self._windows(waveform, sample_rate), device)

    def frame_rate(self, sample_rate: int, samples: int) -> float | None:
        """Return how many windows begin in a second."""
        return 1 / self.hop_seconds


@lru_cache(maxsize=1)
def _load_once(path: Path, digest: str, embedding_size: int) -> Network:
    """Load a network once a process; the digest tells when the file was replaced."""
    from merbench_plugins.features._openl3_network import open_network

    return open_network(path, embedding_size)
