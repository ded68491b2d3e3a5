"""Clips of any number of channels and any sample rate, for networks of one or two at one rate."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from merbench.audio import Waveform

    Separate = Callable[[Waveform], Waveform]


def separate_at(
    rate: int, separate: Separate, waveform: Waveform, sample_rate: int, *, channels: int = 2
) -> Waveform:
    """Separate a clip by a network of its own sample rate and channels.

    Stereo networks are given mono on both channels, whose stems are averaged, and more channels two
    by two. Mono networks are given the channels' mean, and their stems stand on every channel.

    Parameters
    ----------
    rate
        Of what `separate` takes, in Hz.
    separate
        Maps (channels, samples) at `rate` to (sources, channels, samples).
    waveform
        Shape (any channels, samples), float32.
    sample_rate
        Of the waveform, in Hz.
    channels
        Of what `separate` takes: 1 or 2.

    Returns
    -------
    ndarray
        Shape (sources, channels, samples), as the waveform's.
    """
    import numpy as np

    from merbench import audio

    mix = audio.resample(waveform, sample_rate, rate)
    if channels == 1:
        sources = np.repeat(separate(mix.mean(axis=0, keepdims=True)), len(mix), axis=1)
    else:
        parts = [separate(mix[i : i + 2]) for i in range(0, len(mix) - 1, 2)]
        if len(mix) % 2:
            both = np.repeat(mix[-1:], 2, axis=0)
            parts.append(separate(both).mean(axis=1, keepdims=True))
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
