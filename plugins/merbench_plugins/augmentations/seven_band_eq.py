"""A clip through an equaliser that is set at random."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from pydantic import Field, model_validator

from merbench import Augmentation
from merbench_plugins.augmentations._transform import (
    RATE,
    at_rate,
    drawn_between,
    drawn_on_mel,
    refuse_reversed,
    transformed,
)

if TYPE_CHECKING:
    import numpy as np

    from merbench.audio import Waveform

BANDS = (
    ("LowShelfFilter", 42.0, 95.0, 0.1, 0.999),
    ("PeakingFilter", 91.0, 204.0, 0.5, 5.0),
    ("PeakingFilter", 196.0, 441.0, 0.5, 5.0),
    ("PeakingFilter", 421.0, 948.0, 0.5, 5.0),
    ("PeakingFilter", 909.0, 2_045.0, 0.5, 5.0),
    ("PeakingFilter", 1_957.0, 4_404.0, 0.5, 5.0),
    ("HighShelfFilter", 4_216.0, 9_486.0, 0.1, 0.999),
)
"""Each filter, the range of its centre in Hz, and of its quality Q."""


class SevenBandEq(Augmentation):
    """Seven bands, each louder or softer by a random number of decibels.

    "Seven-band parametric equalization" (method 11) of Louro et al., Sensors 24(7), 2024: what
    audiomentations' `SevenBandParametricEQ` does at its defaults, whose ranges are written out
    here, so that a new release changes nothing.
    """

    name = "seven-band-eq"
    source_modules = ("merbench_plugins.augmentations._transform",)
    requires = ("audiomentations",)

    softest: float = Field(-12.0, ge=-60, le=60, description="Decibels of a band, at least.")
    loudest: float = Field(12.0, ge=-60, le=60, description="Decibels of a band, at most.")
    rate: int | None = RATE

    @model_validator(mode="after")
    def ordered(self) -> Self:
        refuse_reversed(self.softest, self.loudest)
        return self

    def augment(self, waveform: Waveform, sample_rate: int, rng: np.random.Generator) -> Waveform:
        """Change every band by a gain, at a centre and with a quality drawn anew."""
        drawn = [
            {
                "center_freq": drawn_on_mel(low, high, rng),
                "gain_db": drawn_between(self.softest, self.loudest, rng),
                "q_factor": drawn_between(flat, narrow, rng),
            }
            for _, low, high, flat, narrow in BANDS
        ]

        def equalised(audio: Waveform, at: int) -> Waveform:
            for (name, *_), band in zip(BANDS, drawn, strict=True):
                # At or above half the sample rate there is no band.
                if band["center_freq"] < at / 2:
                    audio = transformed(name, {}, band, audio, at)
            return audio

        return at_rate(self.rate, equalised, waveform, sample_rate)
