"""Clips of any number of channels, separated by networks of one channel or two."""

from __future__ import annotations

import numpy as np
import pytest

from merbench_plugins.separators.stereo import separate_at

RATE = 8_000


def halves(waveform: np.ndarray) -> np.ndarray:
    """Two stems, of which the first is the louder."""
    return np.stack([0.75 * waveform, 0.25 * waveform])


@pytest.mark.parametrize("channels", [1, 2, 3, 6])
@pytest.mark.parametrize("network", [1, 2])
def test_a_network_gets_the_channels_that_it_takes(channels: int, network: int) -> None:
    given = []

    def separate(waveform: np.ndarray) -> np.ndarray:
        given.append(waveform.shape[0])
        return halves(waveform)

    clip = np.random.default_rng(0).uniform(-1, 1, (channels, 500)).astype(np.float32)
    stems = separate_at(RATE, separate, clip, RATE, channels=network)
    assert set(given) == {network}
    assert stems.shape == (2, channels, 500)
    whole = clip if network == 2 else np.repeat(clip.mean(axis=0, keepdims=True), channels, axis=0)
    np.testing.assert_allclose(stems, halves(whole), atol=1e-6)


@pytest.mark.parametrize("samples", [1, 441, 4_411])
def test_stems_of_another_rate_are_as_long_as_the_clip(samples: int) -> None:
    clip = np.zeros((2, samples), np.float32)
    assert separate_at(RATE, halves, clip, 44_100).shape == (2, 2, samples)
