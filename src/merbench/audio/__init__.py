"""Audio files and waveforms: decoding, writing and resampling.

Waveforms are float32 arrays of shape (channels, samples). Nothing here clips: MP3 decodes above
1.0, and stays there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from merbench.audio.decoding import SUFFIXES, VERSION, blemishes, read
from merbench.audio.resampling import resample
from merbench.audio.soundness import validate, validate_rate
from merbench.audio.writing import write

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Waveform = NDArray[np.float32]
    """Shape (channels, samples), float32, unclipped."""

__all__ = [
    "SUFFIXES",
    "VERSION",
    "blemishes",
    "read",
    "resample",
    "validate",
    "validate_rate",
    "write",
]
