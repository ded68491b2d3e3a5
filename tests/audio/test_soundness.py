"""What every waveform must be."""

from __future__ import annotations

import numpy as np
import pytest
from soundfiles import tone

from merbench import AudioError, audio


@pytest.mark.parametrize("shape", [(0,), (5,), (0, 5), (2, 0), (1, 2, 3)])
def test_validate_refuses_wrong_shapes(shape: tuple[int, ...]) -> None:
    with pytest.raises(AudioError, match=r"clip 7: audio must have shape \(channels, samples\)"):
        audio.validate(np.zeros(shape, np.float32), "clip 7")


def test_validate_accepts_what_is_sound() -> None:
    audio.validate(4 * tone(), "clip 7")


@pytest.mark.parametrize("rate", [1_000, 8_000, 44_100, 768_000])
def test_sample_rates_of_music_are_accepted(rate: int) -> None:
    audio.validate_rate(rate, "clip 7")


@pytest.mark.parametrize("rate", [0, 1, 999, 768_001, 2_000_000_000])
def test_other_sample_rates_are_refused(rate: int) -> None:
    with pytest.raises(AudioError, match=rf"clip 7: its sample rate is {rate:,} Hz, outside"):
        audio.validate_rate(rate, "clip 7")
