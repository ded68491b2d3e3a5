"""Pitch moves and the length stays."""

from __future__ import annotations

import librosa
import numpy as np
import pytest
from augmented_tones import METHODS, RATE, augmented, loudest_frequency, tone
from pydantic import ValidationError

from merbench.testing import music
from merbench_plugins.augmentations.pitch_shift import PitchShift
from merbench_plugins.augmentations.time_stretch import TimeStretch


def test_pitch_by_phase_vocoder_is_librosa_s_own():
    clip = music(2.0)
    published = PitchShift(method="librosa_phase_vocoder")
    for channel, shifted in zip(clip, augmented(published, clip), strict=True):
        expected = librosa.effects.pitch_shift(channel, sr=RATE, n_steps=2)
        np.testing.assert_allclose(shifted, expected, atol=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_pitch_moves_by_two_semitones_and_the_length_stays(method):
    clip = tone(440)
    higher = augmented(PitchShift(method=method), clip)
    assert higher.shape == clip.shape
    assert loudest_frequency(higher) == pytest.approx(440 * 2 ** (2 / 12), rel=0.005)


def test_pitch_at_another_rate_is_that_of_the_clip_without_its_highest_part():
    higher = augmented(PitchShift(method="librosa_phase_vocoder", rate=16_000), tone(440))
    assert higher.shape == tone(440).shape
    assert loudest_frequency(higher) == pytest.approx(440 * 2 ** (2 / 12), rel=0.005)


def test_an_interval_is_drawn_from_its_range():
    shift = PitchShift(lowest=-3, highest=1)
    found = [
        12 * np.log2(loudest_frequency(augmented(shift, tone(440), s)) / 440) for s in range(9)
    ]
    assert min(found) >= -3.1
    assert max(found) <= 1.1
    assert np.ptp(found) > 1


def test_a_rate_that_could_not_be_repeated_is_refused():
    with pytest.raises(ValidationError, match=r"Signalsmith's stretcher draws phases"):
        TimeStretch(slowest=0.5)
