"""A clip at another loudness."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from pydantic import Field, model_validator

from merbench import Augmentation
from merbench_plugins.augmentations._transform import (
    DRAW,
    Draw,
    drawn_from,
    refuse_reversed,
    transformed,
)

if TYPE_CHECKING:
    import numpy as np

    from merbench.audio import Waveform


class Gain(Augmentation):
    """Louder or softer by a random number of decibels; nothing is clipped."""

    name = "gain"
    source_modules = ("merbench_plugins.augmentations._transform",)
    requires = ("audiomentations",)

    softest: float = Field(-6.0, ge=-60, le=60, description="Decibels, at least.")
    loudest: float = Field(6.0, ge=-60, le=60, description="Decibels, at most.")
    draw: Draw = Field("between", description=DRAW)

    @model_validator(mode="after")
    def ordered(self) -> Self:
        refuse_reversed(self.softest, self.loudest)
        return self

    def augment(self, waveform: Waveform, sample_rate: int, rng: np.random.Generator) -> Waveform:
        """Multiply by a factor drawn on the scale of decibels."""
        decibels = drawn_from(self.draw, self.softest, self.loudest, rng)
        drawn = {"amplitude_ratio": 10 ** (decibels / 20)}
        return transformed("Gain", {}, drawn, waveform, sample_rate)
