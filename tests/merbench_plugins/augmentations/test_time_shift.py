"""A shift moves all channels and fills with silence."""

from __future__ import annotations

import numpy as np
from augmented_tones import RATE, augmented

from merbench.testing import music
from merbench_plugins.augmentations.time_shift import TimeShift


def test_a_shift_moves_all_channels_and_fills_with_silence():
    clip = music(3.0) + np.float32(10)  # never 0 by itself
    moves = []
    for seed in range(20):
        moved = augmented(TimeShift(), clip, seed)
        silent = np.flatnonzero((moved == 0).all(axis=0))
        assert moved.shape == clip.shape
        n = len(silent)
        if silent[0] == 0:
            assert np.array_equal(moved[:, n:], clip[:, :-n])
        else:
            assert np.array_equal(moved[:, :-n], clip[:, n:])
        moves.append(n if silent[0] == 0 else -n)
    assert max(moves) <= RATE / 2
    assert min(moves) >= -RATE / 2
    assert max(moves) > RATE / 8
    assert min(moves) < -RATE / 8


def test_a_shift_is_never_longer_than_the_clip():
    clip = music(0.1) + np.float32(10)
    for seed in range(10):
        assert augmented(TimeShift(most=60), clip, seed).shape == clip.shape
