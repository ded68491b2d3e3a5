"""The music that separators, feature extractors and augmentations are checked with."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 22_050

Waveform = NDArray[np.float32]


def music(seconds: float, channels: int = 2, *, seed: int = 0) -> Waveform:
    """Return something like music: a bass, a chord, a melody and beats.

    Parameters
    ----------
    seconds
        Length in seconds, at `SAMPLE_RATE`.
    channels
        Number of channels, 1 or 2.
    seed
        Seed that the noise is drawn from.

    Returns
    -------
    ndarray
        Shape (channels, samples), float32.
    """
    rng = np.random.default_rng(seed)
    t = np.arange(max(1, round(seconds * SAMPLE_RATE))) / SAMPLE_RATE
    bass = 0.3 * np.sin(2 * np.pi * 82.4 * t)
    chord = sum(0.08 * np.sin(2 * np.pi * f * t) for f in (329.6, 415.3, 493.9))
    melody = 0.2 * np.sin(2 * np.pi * 659.3 * t + 4 * np.sin(2 * np.pi * 5 * t))
    beats = 0.3 * rng.standard_normal(len(t)) * np.exp(-30 * (t % 0.5))
    mono = bass + chord + melody + beats
    side = 0.1 * rng.standard_normal(len(t))
    both = np.stack([mono + side, mono - side])[:channels]
    return np.ascontiguousarray(both, dtype=np.float32)
