"""What holds for every augmentation."""

from __future__ import annotations

import numpy as np
import pytest
from augmented_tones import augmented
from pydantic import ValidationError

from merbench.testing import music
from merbench_plugins.augmentations.gain import Gain
from merbench_plugins.augmentations.pitch_shift import PitchShift
from merbench_plugins.augmentations.time_shift import TimeShift
from merbench_plugins.augmentations.time_stretch import TimeStretch

EXTREMES = [
    PitchShift(lowest=24, highest=24),
    PitchShift(lowest=-24, highest=-24),
    TimeStretch(slowest=0.55, fastest=0.55),
    TimeStretch(slowest=2, fastest=2),
    TimeStretch(method="librosa_phase_vocoder"),
]


@pytest.mark.parametrize("augmentation", EXTREMES, ids=str)
def test_the_ends_of_the_ranges_are_deterministic_and_do_not_clip(augmentation):
    loud = 30 * music(2.0)
    first, second = augmented(augmentation, loud), augmented(augmentation, loud)
    assert np.array_equal(first, second)
    assert np.abs(first).max() > 3


def test_more_than_two_channels_are_changed_alike():
    clip = np.concatenate([music(1.0), music(1.0)])
    for augmentation in (TimeShift(), PitchShift(), TimeStretch(), Gain()):
        changed = augmented(augmentation, clip)
        assert changed.shape[0] == 4
        assert np.allclose(changed[:2], changed[2:], atol=1e-4)


@pytest.mark.parametrize(
    ("cls", "parameters"),
    [
        (PitchShift, {"lowest": 3}),
        (TimeStretch, {"slowest": 1.5, "fastest": 1.1}),
        (Gain, {"softest": 7}),
    ],
)
def test_a_reversed_range_is_refused(cls, parameters):
    with pytest.raises(ValidationError, match="the lower end of its range"):
        cls(**parameters)
