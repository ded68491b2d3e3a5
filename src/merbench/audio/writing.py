"""Writing waveforms."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["write"]


def write(path: str | os.PathLike[str], waveform: NDArray[np.float32], sample_rate: int) -> None:
    """Write a waveform as 32-bit float WAV, which keeps what lies above 1.0."""
    import soundfile

    # Opened here, because soundfile refuses names that are not valid UTF-8.
    with Path(path).open("wb") as handle:
        soundfile.write(handle, waveform.T, sample_rate, format="WAV", subtype="FLOAT")
