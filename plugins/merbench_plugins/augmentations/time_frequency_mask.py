"""A clip with a moment of silence and a band of frequencies missing."""

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

CENTRES, WIDTHS = (200.0, 4_000.0), (0.5, 1.99)
"""Of the band that is damped: its centre in Hz, and its width in multiples of that. The filter
falls by 12, 18 or 24 dB an octave."""
FADE = 0.005
"""Seconds in which the silence begins and ends."""


class TimeFrequencyMask(Augmentation):
    """A random part of the clip is silent, and a random band of frequencies is damped.

    "Time-frequency masking" (method 10) of Louro et al., Sensors 24(7), 2024: audiomentations'
    `TimeMask` and `BandStopFilter` at their defaults, whose ranges are written out here, so that a
    new release changes nothing. After SpecAugment (Park et al., Interspeech 2019).
    """

    name = "time-frequency-mask"
    source_modules = ("merbench_plugins.augmentations._transform",)
    requires = ("audiomentations",)

    shortest: float = Field(0.01, gt=0, le=1, description="Share of the clip silenced, at least.")
    longest: float = Field(0.2, gt=0, le=1, description="Share of the clip silenced, at most.")
    rate: int | None = RATE

    @model_validator(mode="after")
    def ordered(self) -> Self:
        refuse_reversed(self.shortest, self.longest)
        return self

    def augment(self, waveform: Waveform, sample_rate: int, rng: np.random.Generator) -> Waveform:
        """Silence a part and damp a band, both drawn anew."""
        share = drawn_between(self.shortest, self.longest, rng)
        start = drawn_between(0.0, 1.0, rng)
        centre = drawn_on_mel(*CENTRES, rng)
        band = {
            "center_freq": centre,
            "bandwidth": centre * drawn_between(*WIDTHS, rng),
            "rolloff": 6 * int(rng.integers(2, 5)),
        }

        def masked(audio: Waveform, at: int) -> Waveform:
            length = max(1, round(share * audio.shape[1]))
            silent = {"t": length, "t0": int(start * (audio.shape[1] - length))}
            silenced = transformed("TimeMask", {"fade_duration": FADE}, silent, audio, at)
            return transformed("BandStopFilter", {}, band, silenced, at)

        return at_rate(self.rate, masked, waveform, sample_rate)
