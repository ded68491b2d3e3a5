"""Music that was coded as MP3 is the same music, at its place, and a little worse."""

from __future__ import annotations

import numpy as np
import pytest

from merbench_plugins.separators.wave_u_net import lossy

SECONDS = 1.5


def music(rate: int, channels: int = 2) -> np.ndarray:
    """Tones and noise, which a coder treats differently."""
    time = np.arange(int(SECONDS * rate)) / rate
    tones = np.stack([np.sin(2 * np.pi * f * time) for f in (220.0, 331.0)][:channels])
    noise = np.random.default_rng(0).normal(0, 0.3, (channels, time.size))
    return (0.2 * (tones + noise)).astype(np.float32)


def error(coded: np.ndarray, given: np.ndarray) -> float:
    return float(10 * np.log10(((coded - given) ** 2).sum() / (given**2).sum()))


@pytest.mark.parametrize("strength", lossy.STRENGTHS)
@pytest.mark.parametrize(("rate", "channels"), [(8_000, 2), (22_050, 2), (22_050, 1), (44_100, 2)])
def test_coded_music_keeps_its_shape_and_place(rate: int, channels: int, strength: float) -> None:
    given = music(rate, channels)
    coded = lossy.round_trip(given, rate, strength)
    assert coded.shape == given.shape
    assert coded.dtype == np.float32
    correlation = np.fft.irfft(np.fft.rfft(coded[0]) * np.fft.rfft(given[0]).conj())
    assert correlation.argmax() == 0
    assert -60 < error(coded, given) < -3


def test_stronger_compression_does_more_harm() -> None:
    given = music(22_050)
    least, most = (error(lossy.round_trip(given, 22_050, s), given) for s in lossy.STRENGTHS)
    assert most > least + 2


def test_a_sample_rate_that_the_format_lacks_is_found_again() -> None:
    given = music(20_000)
    coded = lossy.round_trip(given, 20_000, lossy.STRENGTHS[0])
    assert coded.shape == given.shape
    assert error(coded, given) < -6


@pytest.mark.parametrize("samples", [1, 4000])
def test_silence_stays_silent(samples: int) -> None:
    coded = lossy.round_trip(np.zeros((2, samples), np.float32), 22_050, 0.5)
    assert coded.shape == (2, samples)
    assert np.abs(coded).max() < 1e-4
