"""MP3 coding and decoding of music to train on, since much of what is separated was coded so."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

from merbench import audio

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["STRENGTHS", "round_trip"]

STRENGTHS = (0.3, 0.7)
"""How strongly training compresses, as libsndfile counts: 115 to 57 kbit/s at 22,050 Hz, stereo.

Beyond that the coder lowers the sample rate by itself, and with it moves the music in time.
"""

_RATES = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)


def round_trip(
    waveform: NDArray[np.float32], sample_rate: int, strength: float
) -> NDArray[np.float32]:
    """Code a waveform as MP3 and decode it again.

    Parameters
    ----------
    waveform
        Shape (1 or 2, samples).
    sample_rate
        In Hz. Where MP3 has none such, the next higher one is taken on the way.
    strength
        Of the compression, within `STRENGTHS`; more of it is fewer bits.

    Returns
    -------
    ndarray
        Of the same shape and at the same place in time.
    """
    import soundfile

    rate = next((r for r in _RATES if r >= sample_rate), _RATES[-1])
    given = audio.resample(waveform, sample_rate, rate)
    file = io.BytesIO()
    soundfile.write(
        file, given.T, rate, format="MP3", subtype="MPEG_LAYER_III",
        compression_level=strength, bitrate_mode="CONSTANT",
    )  # fmt: skip
    file.seek(0)
    decoded, _ = soundfile.read(file, dtype="float32", always_2d=True)
    yielded = audio.resample(np.ascontiguousarray(decoded.T), rate, sample_rate)
    samples = waveform.shape[1]
    fitted: NDArray[np.float32] = np.zeros_like(waveform)
    fitted[:, : yielded.shape[1]] = yielded[:, :samples]
    return fitted
