"""Ideal ratio masks sum to the mixture."""

from __future__ import annotations

import numpy as np
import pytest
from multitrack_files import RATE
from scored_music import noise

from merbench.separation import distortion, masks


def test_ideal_ratio_masks_sum_to_the_mixture_and_beat_it() -> None:
    time = np.arange(16000) / RATE
    low, high = np.sin(2 * np.pi * 200 * time), np.sin(2 * np.pi * 2000 * time)
    sources = np.stack([low, high])[:, None].astype(np.float32)
    mix = sources.sum(axis=0)
    estimates = masks.ideal_ratio_masks(mix, sources, RATE)
    assert estimates.shape == sources.shape
    np.testing.assert_allclose(estimates.sum(axis=0), mix, atol=1e-5)
    for estimate, true in zip(estimates, sources, strict=True):
        assert distortion.si_sdr(estimate, true) > 30 > distortion.si_sdr(mix, true)


@pytest.mark.parametrize("length", [1, 100, 371, 5001])
def test_ideal_ratio_masks_of_odd_lengths_and_silence(length: int) -> None:
    sources = np.stack([noise(1, length), np.zeros((1, length))]).astype(np.float32)
    estimates = masks.ideal_ratio_masks(sources.sum(axis=0), sources, RATE)
    np.testing.assert_allclose(estimates, sources, atol=1e-5)
