"""A clip at another tempo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from pydantic import Field, model_validator

from merbench import Augmentation
from merbench_plugins.augmentations._transform import (
    DRAW,
    METHOD,
    RATE,
    Draw,
    Method,
    at_rate,
    drawn_from,
    of_length,
    refuse_reversed,
    transformed,
)

if TYPE_CHECKING:
    import numpy as np

    from merbench.audio import Waveform

SLOWEST = 0.55
"""Tempo that Signalsmith's stretcher can still be seeded at; half is not."""


class TimeStretch(Augmentation):
    """Faster or slower, at the same pitch; the copy is as much shorter or longer.

    Louro et al., Sensors 24(7), 2024 train method 5 on copies of a tempo of either 0.5 or 1.5, of
    the clip's length: `{slowest: 0.5, fastest: 1.5, draw: either, keep_length: true}`.
    """

    name = "time-stretch"
    source_modules = ("merbench_plugins.augmentations._transform",)
    requires = ("audiomentations",)

    slowest: float = Field(0.8, ge=0.4, le=2, description="Tempo, at least: 0.8 is slower.")
    fastest: float = Field(1.25, ge=0.4, le=2, description="Tempo, at most: 1.25 is faster.")
    draw: Draw = Field("between", description=DRAW)
    keep_length: bool = Field(
        False,
        description="Whether a slower copy is cut, and a faster one filled with silence, at its "
        "end to the clip's length.",
    )
    method: Method = Field("signalsmith_stretch", description=METHOD)
    rate: int | None = RATE

    @model_validator(mode="after")
    def ordered(self) -> Self:
        refuse_reversed(self.slowest, self.fastest)
        if self.slowest < SLOWEST and self.method == "signalsmith_stretch":
            raise ValueError(
                f"Signalsmith's stretcher draws phases that cannot be seeded below {SLOWEST}; "
                "raise `slowest`, or set `method: librosa_phase_vocoder`"
            )
        return self

    def augment(self, waveform: Waveform, sample_rate: int, rng: np.random.Generator) -> Waveform:
        """Stretch by a rate drawn from the range."""
        settings = {"leave_length_unchanged": False, "method": self.method}
        drawn = {"rate": drawn_from(self.draw, self.slowest, self.fastest, rng)}

        def stretched(audio: Waveform, at: int) -> Waveform:
            return transformed("TimeStretch", settings, drawn, audio, at)

        copy = at_rate(self.rate, stretched, waveform, sample_rate)
        return of_length(copy, waveform.shape[1]) if self.keep_length else copy
