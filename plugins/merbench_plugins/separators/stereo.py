"""Clips of any number of channels and any sample rate, for networks of stereo at one rate."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from merbench.components import Waveform

    Separate = Callable[[Waveform], Waveform]


def separate_as_stereo(
    separate: Separate, waveform: Waveform, sample_rate: int, rate: int
) -> Waveform:
    """Separate a clip that need not be stereo.

    Mono enters on both channels, and the stems' channels are averaged; more channels are taken two
    by two.

    Parameters
    ----------
    separate
        Maps (2, samples) at `rate` to (sources, 2, samples).
    waveform
        Shape (channels, samples), float32.
    sample_rate, rate
        Of the waveform, and of what `separate` takes, in Hz.

    Returns
    -------
    ndarray
        Shape (sources, channels, samples), at the waveform's sample rate.
    """
    import numpy as np

    from merbench import audio

    mix = audio.resample(waveform, sample_rate, rate)
    parts = [separate(mix[i : i + 2]) for i in range(0, len(mix) - 1, 2)]
    if len(mix) % 2:
        parts.append(separate(np.repeat(mix[-1:], 2, axis=0)).mean(axis=1, keepdims=True))
    sources = np.concatenate(parts, axis=1)
    return np.stack(
        [_fit(audio.resample(source, rate, sample_rate), waveform.shape[1]) for source in sources]
    )


def _fit(stem: Waveform, samples: int) -> Waveform:
    """Cut or pad with silence the sample that resampling there and back may add or lose."""
    import numpy as np

    fitted = np.zeros((len(stem), samples), np.float32)
    kept = min(samples, stem.shape[1])
    fitted[:, :kept] = stem[:, :kept]
    return fitted
