"""First-party augmentations, on the same hook as anyone's."""

from __future__ import annotations

from collections.abc import Iterator

from merbench import Augmentation, hookimpl


@hookimpl
def merbench_augmentations() -> Iterator[type[Augmentation]]:
    """Yield every augmentation of this package."""
    from merbench_plugins.augmentations.gain import Gain
    from merbench_plugins.augmentations.noise import Noise
    from merbench_plugins.augmentations.pitch_shift import PitchShift
    from merbench_plugins.augmentations.seven_band_eq import SevenBandEq
    from merbench_plugins.augmentations.time_frequency_mask import TimeFrequencyMask
    from merbench_plugins.augmentations.time_shift import TimeShift
    from merbench_plugins.augmentations.time_stretch import TimeStretch

    yield from (Noise, TimeShift, PitchShift, TimeStretch, Gain)
    yield from (TimeFrequencyMask, SevenBandEq)
