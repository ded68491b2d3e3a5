from __future__ import annotations

from pydantic import Field

from merbench import Augmentation

from .trace import trace


class Hiss(Augmentation):
    """Noise on top."""

    name = "hiss"
    level: float = Field(0.1, description="Its level.")

    def augment(self, waveform, sample_rate, rng):
        noise = rng.standard_normal(waveform.shape).astype(waveform.dtype)
        return trace("augment", self.name, waveform + waveform.dtype.type(self.level) * noise)


class Longer(Augmentation):
    """Every sample twice."""

    name = "longer"

    def augment(self, waveform, sample_rate, rng):
        return waveform.repeat(2, axis=1)
