"""First-party augmentations, on the same hook as anyone's."""

from __future__ import annotations

from collections.abc import Iterator

from merbench import ClassAt, classes_in, hookimpl

_MODULES = {
    "gain": {"gain": "Gain"},
    "noise": {"noise": "Noise"},
    "pitch_shift": {"pitch-shift": "PitchShift"},
    "seven_band_eq": {"seven-band-eq": "SevenBandEq"},
    "time_frequency_mask": {"time-frequency-mask": "TimeFrequencyMask"},
    "time_shift": {"time-shift": "TimeShift"},
    "time_stretch": {"time-stretch": "TimeStretch"},
}
"""The classes of each module, by the names of their components."""


@hookimpl
def merbench_augmentations() -> Iterator[ClassAt]:
    """Name every augmentation of this package."""
    return classes_in(__name__, _MODULES)
