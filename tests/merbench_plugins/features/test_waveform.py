"""Audio as a feature: mono, at one rate, all of it."""

from __future__ import annotations

import numpy as np

from merbench.testing.sounds import SAMPLE_RATE, music
from merbench_plugins.features.waveform import Samples


def test_samples_are_the_mean_of_the_channels_at_one_rate():
    stereo = music(1.0)
    own = Samples(sample_rate=SAMPLE_RATE).extract(stereo, SAMPLE_RATE, device="cpu")
    np.testing.assert_allclose(own, stereo.mean(axis=0), atol=1e-6)
    lower = Samples().extract(stereo, SAMPLE_RATE, device="cpu")
    assert lower.shape == (16_000,)
    assert Samples().frame_rate(SAMPLE_RATE, 1) == 16_000
