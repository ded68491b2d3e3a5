"""A clip moved in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from merbench import Augmentation
from merbench_plugins.augmentations._transform import drawn_between, transformed

if TYPE_CHECKING:
    import numpy as np

    from merbench.audio import Waveform


class TimeShift(Augmentation):
    """Moved to either side by a random time; what moves out is lost, what is missing is silence.

    The default is that of Chang (2024), 0.5 s at most.
    """

    name = "time-shift"
    source_modules = ("merbench_plugins.augmentations._transform",)
    requires = ("audiomentations",)

    most: float = Field(0.5, gt=0, description="Seconds to either side, at most.")

    def augment(self, waveform: Waveform, sample_rate: int, rng: np.random.Generator) -> Waveform:
        """Shift by a time drawn anew, by a part of the clip's length at most."""
        most = min(self.most, waveform.shape[-1] / sample_rate)
        settings = {
            "min_shift": -most,
            "max_shift": most,
            "shift_unit": "seconds",
            "rollover": False,
            "fade_duration": 0.0,
        }
        drawn = {"shift_amount": drawn_between(-most, most, rng)}
        return transformed("Shift", settings, drawn, waveform, sample_rate)
