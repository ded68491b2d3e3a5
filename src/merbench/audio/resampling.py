"""Resampling, over soxr."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Waveform = NDArray[np.float32]

__all__ = ["resample"]


def resample(waveform: Waveform, source_rate: int, target_rate: int) -> Waveform:
    """Resample with soxr at its high quality.

    Returns an array of shape (channels, round(samples * target_rate / source_rate)), of one sample
    at least; the waveform itself where the rates are equal.
    """
    if source_rate == target_rate:
        return waveform
    import numpy as np
    import soxr

    resampled = soxr.resample(waveform.T, source_rate, target_rate, quality="HQ").T
    length = max(1, round(waveform.shape[1] * target_rate / source_rate))
    if resampled.shape[1] < length:
        resampled = np.pad(resampled, ((0, 0), (0, length - resampled.shape[1])))
    return np.ascontiguousarray(resampled[:, :length], dtype=np.float32)
