"""Tempo changes and no pitch."""

from __future__ import annotations

import pytest
from augmented_tones import METHODS, augmented, loudest_frequency, tone

from merbench_plugins.augmentations.time_stretch import TimeStretch


@pytest.mark.parametrize("method", METHODS)
def test_tempo_changes_the_length_and_no_pitch(method):
    for slowest, fastest in ((0.55, 0.55), (1.25, 1.25), (2, 2)):
        stretch = TimeStretch(slowest=slowest, fastest=fastest, method=method)
        clip = tone(440)
        changed = augmented(stretch, clip)
        assert changed.shape[1] == pytest.approx(clip.shape[1] / fastest, rel=0.001)
        assert loudest_frequency(changed) == pytest.approx(440, rel=0.005)


def test_half_the_tempo_is_left_to_the_phase_vocoder():
    slow = TimeStretch(slowest=0.5, fastest=0.5, method="librosa_phase_vocoder")
    clip = tone(440)
    assert augmented(slow, clip).shape[1] == pytest.approx(2 * clip.shape[1], rel=0.01)
