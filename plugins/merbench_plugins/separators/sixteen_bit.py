"""What writing a waveform to a 16-bit file and reading it back does."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from merbench.audio import Waveform

__all__ = ["through_sixteen_bit"]


def through_sixteen_bit(waveform: Waveform) -> Waveform:
    """Round to the 16-bit numbers that a pcm_s16le file holds, clip to [-1, 1), and back."""
    import numpy as np

    return (np.clip(np.rint(waveform * 32768), -32768, 32767) / 32768).astype(np.float32)
