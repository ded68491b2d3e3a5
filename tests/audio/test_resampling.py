"""Resampling keeps time, pitch and loudness."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from soundfiles import tone

from merbench import audio

RATE = 22_050


def test_an_equal_rate_changes_nothing() -> None:
    waveform = tone()
    assert audio.resample(waveform, RATE, RATE) is waveform


@pytest.mark.parametrize(
    ("source", "target"), [(8_000, 44_100), (44_100, 8_000), (96_000, 22_050), (48_000, 44_100)]
)
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_the_length_is_that_of_the_time(source: int, target: int, channels: int) -> None:
    samples = 12_347
    resampled = audio.resample(
        tone(samples / source, channels=channels, rate=source), source, target
    )
    assert resampled.shape == (channels, round(samples * target / source))
    assert resampled.dtype == np.float32
    assert resampled.flags.c_contiguous


def test_the_shortest_clip_keeps_a_sample() -> None:
    assert audio.resample(tone(1 / 96_000, rate=96_000), 96_000, 8_000).shape == (2, 1)


@pytest.mark.parametrize(
    ("source", "target"), [(44_100, 22_050), (22_050, 44_100), (96_000, 8_000)]
)
def test_a_sine_keeps_its_frequency_and_amplitude(source: int, target: int) -> None:
    def sine(rate: int) -> NDArray[np.float32]:
        wave = np.sin(2 * np.pi * 1_000 * np.arange(rate) / rate)
        return wave.astype(np.float32)[np.newaxis]

    resampled = audio.resample(sine(source), source, target)
    middle = slice(target // 10, -target // 10)
    np.testing.assert_allclose(resampled[0, middle], sine(target)[0, middle], atol=1e-3)


def test_what_the_target_cannot_hold_is_filtered_out() -> None:
    high = np.sin(2 * np.pi * 10_000 * np.arange(44_100) / 44_100).astype(np.float32)[np.newaxis]
    resampled = audio.resample(high, 44_100, 8_000)
    assert np.abs(resampled[0, 800:-800]).max() < 1e-3


def test_resampling_does_not_clip() -> None:
    loud = 1.6 * np.sin(2 * np.pi * 100 * np.arange(44_100) / 44_100).astype(np.float32)[np.newaxis]
    assert np.abs(audio.resample(loud, 44_100, 22_050)).max() == pytest.approx(1.6, abs=0.01)
