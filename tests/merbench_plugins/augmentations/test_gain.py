"""Gain is drawn in decibels."""

from __future__ import annotations

import numpy as np
from augmented_tones import augmented

from merbench.testing import music
from merbench_plugins.augmentations.gain import Gain


def test_gain_may_be_either_of_two():
    clip = music(0.5)
    gain = Gain(softest=-10, loudest=10, draw="either")
    found = {
        round(float(20 * np.log10((augmented(gain, clip, s) / clip).mean()))) for s in range(9)
    }
    assert found == {-10, 10}


def test_gain_is_drawn_in_decibels_and_the_same_for_all_channels():
    clip = music(1.0)
    decibels = []
    for seed in range(40):
        ratio = augmented(Gain(), clip, seed) / clip
        assert np.ptp(ratio) < 1e-5
        decibels.append(20 * np.log10(ratio.mean()))
    assert min(decibels) >= -6.001
    assert max(decibels) <= 6.001
    assert np.ptp(decibels) > 8
    assert abs(np.mean(decibels)) < 2
