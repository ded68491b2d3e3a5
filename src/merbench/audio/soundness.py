"""What every waveform must be, wherever it comes from."""

from __future__ import annotations

import numbers
from typing import TYPE_CHECKING, Any

from merbench.errors import AudioError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Waveform = NDArray[np.float32]

__all__ = ["validate", "validate_rate"]

RATES = (1_000, 768_000)
"""Least and highest sample rate in Hz that is believed: music has been sold at neither."""


def validate(waveform: Waveform, where: str) -> None:
    """Raise `AudioError` unless a waveform is (channels, samples), not empty, and finite."""
    import numpy as np

    if waveform.ndim != 2 or waveform.size == 0:
        raise AudioError(
            f"{where}: audio must have shape (channels, samples) and not be empty, "
            f"not {waveform.shape}"
        )
    if not np.isfinite(waveform).all():
        bad = int(waveform.size - np.isfinite(waveform).sum())
        raise AudioError(
            f"{where}: {bad} of {waveform.size} audio samples are NaN or infinite; "
            "export the file again"
        )


def validate_rate(sample_rate: Any, where: str) -> None:
    """Raise `AudioError` unless a sample rate is one that music is recorded at."""
    least, most = RATES
    real = not isinstance(sample_rate, bool) and isinstance(sample_rate, numbers.Real)
    if not real:
        raise AudioError(
            f"{where}: its sample rate is {sample_rate!r}, no number; let its dataset's decode() "
            "return the rate in Hz"
        )
    if not least <= sample_rate <= most:
        raise AudioError(
            f"{where}: its sample rate is {sample_rate:,} Hz, outside {least:,} to {most:,} Hz; "
            "correct the header, or export the file again"
        )
