"""Tones, and what becomes of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from merbench import Augmentation

RATE = 22_050
METHODS = ("signalsmith_stretch", "librosa_phase_vocoder")


def augmented(augmentation: Augmentation, waveform: Any, seed: int = 0) -> Any:
    return augmentation.augment(waveform, RATE, np.random.default_rng(seed))


def tone(frequency: float, seconds: float = 4.0) -> Any:
    t = np.arange(round(seconds * RATE)) / RATE
    return np.sin(2 * np.pi * frequency * t)[np.newaxis].astype(np.float32)


def loudest_frequency(waveform: Any) -> float:
    spectrum = np.abs(np.fft.rfft(waveform[0]))
    return float(np.fft.rfftfreq(waveform.shape[1], 1 / RATE)[spectrum.argmax()])
