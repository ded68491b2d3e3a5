"""A moment silent and a band damped: how much, where, and by audiomentations' own rules."""

from __future__ import annotations

import audiomentations
import numpy as np
import pytest
from pydantic import ValidationError

from merbench.testing.sounds import SAMPLE_RATE, music
from merbench_plugins.augmentations.time_frequency_mask import (
    CENTRES,
    FADE,
    WIDTHS,
    TimeFrequencyMask,
)


def test_ranges_are_audiomentations_defaults():
    mask, stop = audiomentations.TimeMask(), audiomentations.BandStopFilter()
    ours = TimeFrequencyMask()
    assert (ours.shortest, ours.longest) == (mask.min_band_part, mask.max_band_part)
    assert mask.fade_duration == FADE
    assert (stop.min_center_freq, stop.max_center_freq) == CENTRES
    assert (stop.min_bandwidth_fraction, stop.max_bandwidth_fraction) == WIDTHS
    assert (stop.min_rolloff, stop.max_rolloff, stop.zero_phase) == (12, 24, False)


def test_a_part_is_silent_and_a_band_is_damped():
    noise = np.random.default_rng(0).standard_normal((2, 4 * SAMPLE_RATE)).astype(np.float32)
    mask = TimeFrequencyMask(shortest=0.1, longest=0.1)
    changed = mask.augment(noise, SAMPLE_RATE, np.random.default_rng(3))
    quiet = np.abs(changed).max(axis=0) < 1e-2
    assert 0.07 < quiet.mean() < 0.11
    spectrum = np.abs(np.fft.rfft(changed[0])) / np.abs(np.fft.rfft(noise[0]))
    bands = [np.median(part) for part in np.array_split(spectrum, 60)]
    assert min(bands) < 0.3 < 0.8 < max(bands)


def test_copies_differ_and_a_rate_leaves_nothing_above_its_half():
    clip, mask = music(2.0), TimeFrequencyMask(rate=16_000)
    first, again, other = (
        mask.augment(clip, SAMPLE_RATE, np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert first.shape == clip.shape
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    spectrum = np.abs(np.fft.rfft(first[0]))
    above = int(len(spectrum) * 8_500 / (SAMPLE_RATE / 2))
    assert spectrum[above:].max() < 1e-2 * spectrum.max()


def test_a_reversed_range_is_refused():
    with pytest.raises(ValidationError, match="above the upper"):
        TimeFrequencyMask(shortest=0.5, longest=0.1)
