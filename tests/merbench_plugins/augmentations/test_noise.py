"""Noise is of the level that was asked for, whatever the clip's rate."""

from __future__ import annotations

import numpy as np
import pytest
from augmented_tones import augmented

from merbench import audio
from merbench.testing import music
from merbench_plugins.augmentations.noise import Noise


def test_noise_is_gaussian_of_the_level_and_its_own_in_each_channel():
    clip = music(4.0)
    noise = augmented(Noise(), clip) - clip
    assert noise.std(axis=1) == pytest.approx([0.05, 0.05], rel=0.02)
    assert np.mean(np.abs(noise) < 0.05) == pytest.approx(0.683, abs=0.01)
    assert abs(np.corrcoef(noise)[0, 1]) < 0.02
    assert not np.array_equal(noise, augmented(Noise(), clip, seed=1) - clip)


def test_noise_as_published_is_the_same_in_all_channels():
    clip = music(4.0)
    noise = augmented(Noise(channels="together"), clip) - clip
    np.testing.assert_allclose(noise[0], noise[1], atol=1e-6)
    assert noise.mean(axis=0).std() == pytest.approx(0.05, rel=0.02)
    apart = augmented(Noise(), clip) - clip
    assert apart.mean(axis=0).std() == pytest.approx(0.05 / np.sqrt(2), rel=0.02)


@pytest.mark.parametrize("rate", [22_050, 32_000, 44_100, 48_000])
def test_at_a_rate_of_its_own_noise_is_heard_as_loud_whatever_the_clip_s(rate):
    silence = np.zeros((2, 4 * rate), np.float32)
    published = Noise(channels="together", rate=22_050)
    loud = published.augment(silence, rate, np.random.default_rng(0))
    heard = audio.resample(loud, rate, 22_050)
    # The resampler's flank takes up to 3 % of it.
    assert heard.mean(axis=0).std() == pytest.approx(0.05, rel=0.04)
    plain = Noise(channels="together").augment(silence, rate, np.random.default_rng(0))
    np.testing.assert_allclose(loud, plain * np.sqrt(rate / 22_050), rtol=1e-5)


def test_relative_noise_follows_the_clips_loudness_and_leaves_silence_silent():
    noisy = Noise(level=0.1, relative=True)
    clip = music(4.0)
    for factor in (1, 20):
        scaled = factor * clip
        noise = augmented(noisy, scaled) - scaled
        assert noise.std() / np.sqrt(np.square(scaled).mean()) == pytest.approx(0.1, rel=0.02)
    assert not augmented(noisy, np.zeros((2, 100), np.float32)).any()
