"""Audio itself, for models that learn from samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from merbench import Cost, FeatureExtractor, FeatureKind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from merbench.audio import Waveform


class Samples(FeatureExtractor):
    """The clip's audio, the mean of its channels, at one sample rate.

    The default is that of Louro et al. 2024 for their Sample CNN, 16 kHz. Pieces of it are cut by
    the model `segmented`.
    """

    name = "waveform"
    kind = FeatureKind.WAVEFORM
    typical_cost = Cost(seconds=0.02, megabytes=1.9)

    sample_rate: int = Field(
        16_000, ge=1_000, le=192_000, description="Rate in Hz that clips are brought to."
    )

    def extract(self, waveform: Waveform, sample_rate: int, *, device: str) -> NDArray[np.float32]:
        """Return one stem's samples.

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
            Shape (samples,), float32.

        Raises
        ------
        AudioError
            The stem is not finite.
        """
        from merbench import audio

        audio.validate(waveform, self.name)
        mono = waveform.mean(axis=0, keepdims=True)
        samples: NDArray[np.float32] = audio.resample(mono, sample_rate, self.sample_rate)[0]
        return samples

    def frame_rate(self, sample_rate: int, samples: int) -> float:
        """Return the samples a second."""
        return float(self.sample_rate)
