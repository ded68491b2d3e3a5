"""A broad set of hand-crafted features: one vector a stem."""

from __future__ import annotations

from typing import TYPE_CHECKING

from merbench import Cost, FeatureExtractor, FeatureKind
from merbench_plugins.features.librosa_14 import Librosa14Stats
from merbench_plugins.features.opensmile_functionals import EGemaps
from merbench_plugins.papers import EGEMAPS, LIBROSA

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from merbench.audio import Waveform


class HandCrafted(FeatureExtractor):
    """1,720 hand-crafted features: `librosa-14-stats` (1,632), then `egemaps` (88).

    They stand where Panda et al. 2020 and Louro et al. 2024 have 1,714 features of the MIR Toolbox,
    Marsyas, the PsySound toolbox and their own, which were made with Matlab and are published for
    4QAED's clips alone: loudness and its course, pitch and tuning, harmony, timbre, tempo, voice.
    """

    name = "hand-crafted"
    citation = f"{LIBROSA.citation}; {EGEMAPS.citation}"
    kind = FeatureKind.VECTOR
    source_modules = (
        *Librosa14Stats.source_modules,
        "merbench_plugins.features.librosa_14",
        "merbench_plugins.features.opensmile_functionals",
    )
    typical_cost = Cost(seconds=1.1, megabytes=0.007)

    def extract(self, waveform: Waveform, sample_rate: int, *, device: str) -> NDArray[np.float32]:
        """Compute the vector of one stem.

        Parameters
        ----------
        waveform
            Shape (channels, samples), float32.
        sample_rate
            In Hz.
        device
            Not used.

        Returns
        -------
        ndarray
            Shape (1720,), float32.

        Raises
        ------
        AudioError
            The stem is not finite, too loud, or shorter than one frame of 60 ms.
        """
        import numpy as np

        parts = (Librosa14Stats(), EGemaps(channel="mean"))
        return np.concatenate([p.extract(waveform, sample_rate, device=device) for p in parts])
