"""The broad set: what it is made of, in its order."""

from __future__ import annotations

import numpy as np

from merbench.testing.sounds import SAMPLE_RATE, music
from merbench_plugins.features.hand_crafted import HandCrafted
from merbench_plugins.features.librosa_14 import Librosa14Stats
from merbench_plugins.features.opensmile_functionals import EGemaps


def test_it_is_two_sets_one_after_the_other():
    clip = music(1.0)
    vector = HandCrafted().extract(clip, SAMPLE_RATE, device="cpu")
    assert vector.shape == (1_720,)
    stats = Librosa14Stats().extract(clip, SAMPLE_RATE, device="cpu")
    np.testing.assert_array_equal(vector[:1_632], stats)
    voice = EGemaps(channel="mean").extract(clip, SAMPLE_RATE, device="cpu")
    np.testing.assert_array_equal(vector[1_632:], voice)
