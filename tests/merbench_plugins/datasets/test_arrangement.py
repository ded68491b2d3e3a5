"""The parts of a demo clip: they keep to the grid, the scale and the clip's length."""

from __future__ import annotations

import numpy as np
import pytest

from merbench_plugins.datasets._arrangement import Beat, Harmony, bass_line, drum_pattern
from merbench_plugins.datasets._cues import MODES, Cues

CUES = Cues(1.0, *(0.0,) * (len(Cues._fields) - 1))


def beat(seed: int = 0, seconds: float = 8.0) -> Beat:
    return Beat(np.random.default_rng(seed), 120.0, seconds, swing=0.0)


@pytest.mark.parametrize("mode", MODES)
def test_chords_are_of_the_mode_and_change_when_they_should(mode: str) -> None:
    harmony = Harmony(np.random.default_rng(0), MODES[mode], tonic=2, steps_per_chord=8)
    scale = {(2 + degree) % 12 for degree in MODES[mode].scale}
    for step in range(0, 64, 4):
        assert {pitch % 12 for pitch in harmony.triad(step, 60)} <= scale
        assert all(54 <= pitch <= 66 for pitch in harmony.triad(step, 60))
        assert harmony.root(step) == harmony.progression[step // 8 % 4]


def test_a_bars_rhythm_is_repeated_and_liveliness_fills_it() -> None:
    steps = beat().rhythm(0.0)
    assert steps[0] == 0
    np.testing.assert_array_equal(steps[steps >= 16], steps[steps < beat().steps - 16] + 16)
    assert len(beat().rhythm(1.0)) > len(beat().rhythm(-1.0))


def test_notes_begin_in_order_and_within_the_clip() -> None:
    grid, rng = beat(), np.random.default_rng(1)
    harmony = Harmony(rng, MODES["dorian"], tonic=0, steps_per_chord=8)
    lively = CUES._replace(density=0.9)
    for part in (bass_line(rng, grid, harmony, CUES), drum_pattern(rng, grid, lively)):
        onsets = [onset for onset, *_ in part]
        assert onsets == sorted(onsets)
        assert 0 <= onsets[0] < onsets[-1] < 8
    assert len(drum_pattern(rng, grid, lively)) > len(drum_pattern(rng, grid, CUES))
