"""Seven bands, each at its own gain, by audiomentations' own ranges."""

from __future__ import annotations

import audiomentations
import numpy as np

from merbench.testing.sounds import SAMPLE_RATE, music
from merbench_plugins.augmentations.seven_band_eq import BANDS, SevenBandEq


def test_ranges_are_audiomentations_defaults():
    theirs = audiomentations.SevenBandParametricEQ()
    filters = [theirs.low_shelf_filter, *theirs.peaking_filters, theirs.high_shelf_filter]
    assert [
        (type(f).__name__, f.min_center_freq, f.max_center_freq, f.min_q, f.max_q) for f in filters
    ] == list(BANDS)
    ours = SevenBandEq()
    assert (ours.softest, ours.loudest) == (theirs.min_gain_db, theirs.max_gain_db)


def test_bands_become_louder_or_softer_within_the_range():
    noise = np.random.default_rng(0).standard_normal((1, 8 * SAMPLE_RATE)).astype(np.float32)
    changed = SevenBandEq().augment(noise, SAMPLE_RATE, np.random.default_rng(5))
    gains = 20 * np.log10(np.abs(np.fft.rfft(changed[0])) / np.abs(np.fft.rfft(noise[0])))
    bands = [np.median(part) for part in np.array_split(gains, 40)]
    assert max(bands) - min(bands) > 4
    assert np.abs(bands).max() < 30
    flat = SevenBandEq(softest=0, loudest=0).augment(noise, SAMPLE_RATE, np.random.default_rng(5))
    np.testing.assert_allclose(flat, noise, atol=1e-4)


def test_a_band_above_half_the_rate_is_left_out_and_copies_are_the_same_again():
    clip = music(1.0)[:, ::3]
    low = SevenBandEq().augment(clip, SAMPLE_RATE // 3, np.random.default_rng(1))
    assert np.isfinite(low).all()
    equaliser = SevenBandEq(rate=16_000)
    first, again = (
        equaliser.augment(music(1.0), SAMPLE_RATE, np.random.default_rng(1)) for _ in range(2)
    )
    np.testing.assert_array_equal(first, again)
    assert first.shape == music(1.0).shape
