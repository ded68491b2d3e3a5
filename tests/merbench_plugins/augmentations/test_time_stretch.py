"""Tempo changes and no pitch."""

from __future__ import annotations

import numpy as np
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


@pytest.mark.parametrize("rate", [None, 16_000])
def test_a_copy_may_be_of_the_clips_length_and_of_either_tempo(rate):
    stretch = TimeStretch(
        slowest=0.5, fastest=1.5, draw="either", keep_length=True,
        method="librosa_phase_vocoder", rate=rate,
    )  # fmt: skip
    clip = tone(440)
    filled = []
    for seed in range(6):
        changed = augmented(stretch, clip, seed)
        assert changed.shape == clip.shape
        filled.append(np.abs(changed[0, -clip.shape[1] // 4 :]).max() < 1e-6)
    assert set(filled) == {True, False}  # the faster end in silence, the slower are cut


def test_half_the_tempo_is_left_to_the_phase_vocoder():
    slow = TimeStretch(slowest=0.5, fastest=0.5, method="librosa_phase_vocoder")
    clip = tone(440)
    assert augmented(slow, clip).shape[1] == pytest.approx(2 * clip.shape[1], rel=0.01)
