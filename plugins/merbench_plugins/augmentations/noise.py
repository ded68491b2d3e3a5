"""White noise on top of a clip."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from merbench import Augmentation

if TYPE_CHECKING:
    import numpy as np

    from merbench.audio import Waveform


class Noise(Augmentation):
    """Gaussian noise of a fixed level, added to each channel by itself.

    The level is that of Chang (2024): 0.05 times a standard normal number for each sample. On that
    scale full scale is 1, so that a quiet clip drowns in it; `relative: true` takes the level as a
    share of the clip's own root mean square.

    The paper adds it to mono audio at 22,050 Hz, which is `{channels: together, rate: 22050}`: of
    noise that each channel has to itself, and that reaches above 11 kHz, an extractor that averages
    two channels of 44,100 Hz and lowers their rate hears half.
    """

    name = "noise"

    level: float = Field(0.05, gt=0, description="Standard deviation; full scale is 1.")
    relative: bool = Field(
        False, description="Whether the level is a share of the clip's root mean square."
    )

    channels: Literal["apart", "together"] = Field(
        "apart", description="Whether each channel has noise of its own, or all have the same."
    )
    rate: int | None = Field(
        None,
        ge=1,
        description="Sample rate in Hz that the level holds at: at another the noise is as much "
        "louder or softer as leaves it the level once it is brought to this rate. By default the "
        "level holds at the clip's own.",
    )

    def augment(self, waveform: Waveform, sample_rate: int, rng: np.random.Generator) -> Waveform:
        """Add noise."""
        import numpy as np

        level = self.level
        if self.relative:
            level *= float(np.sqrt(np.mean(np.square(waveform, dtype=np.float64))))
        if self.rate is not None:  # white noise has its power spread evenly up to half the rate
            level *= math.sqrt(sample_rate / self.rate)
        channels = 1 if self.channels == "together" else waveform.shape[0]
        noise = rng.standard_normal((channels, waveform.shape[1]), dtype=np.float32)
        return waveform + np.float32(level) * noise
