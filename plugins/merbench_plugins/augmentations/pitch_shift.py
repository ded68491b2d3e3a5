"""A clip transposed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from pydantic import Field, model_validator

from merbench import Augmentation
from merbench_plugins.augmentations._transform import (
    METHOD,
    RATE,
    Method,
    at_rate,
    drawn_between,
    refuse_reversed,
    transformed,
)

if TYPE_CHECKING:
    import numpy as np

    from merbench.audio import Waveform


class PitchShift(Augmentation):
    """Transposed, at the same tempo.

    The default is that of Chang (2024): always two semitones up. Give both ends of a range for an
    interval drawn anew for each copy.
    """

    name = "pitch-shift"
    source_modules = ("merbench_plugins.augmentations._transform",)
    requires = ("audiomentations",)

    lowest: float = Field(2.0, ge=-24, le=24, description="Semitones at least; down is negative.")
    highest: float = Field(2.0, ge=-24, le=24, description="Semitones at most.")
    method: Method = Field("signalsmith_stretch", description=METHOD)
    rate: int | None = RATE

    @model_validator(mode="after")
    def ordered(self) -> Self:
        refuse_reversed(self.lowest, self.highest)
        return self

    def augment(self, waveform: Waveform, sample_rate: int, rng: np.random.Generator) -> Waveform:
        """Transpose by an interval drawn from the range."""
        drawn = {"num_semitones": drawn_between(self.lowest, self.highest, rng)}

        def shifted(audio: Waveform, at: int) -> Waveform:
            return transformed("PitchShift", {"method": self.method}, drawn, audio, at)

        return at_rate(self.rate, shifted, waveform, sample_rate)
