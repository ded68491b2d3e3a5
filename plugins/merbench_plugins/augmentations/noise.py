"""White noise on top of a clip."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from merbench import Augmentation

if TYPE_CHECKING:
    import numpy as np

    from merbench.components import Waveform


class Noise(Augmentation):
    """Gaussian noise of a fixed level, added to each channel by itself.

    With the default as in Chang (2024): 0.05 times a standard normal number for each sample. On
    that scale full scale is 1, so that a quiet clip drowns in it; `relative: true` takes the level
    as a share of the clip's own root mean square.
    """

    name = "noise"

    level: float = Field(0.05, gt=0, description="Standard deviation; full scale is 1.")
    relative: bool = Field(
        False, description="Whether the level is a share of the clip's root mean square."
    )

    def augment(self, waveform: Waveform, sample_rate: int, rng: np.random.Generator) -> Waveform:
        """Add noise."""
        import numpy as np

        level = self.level
        if self.relative:
            level *= float(np.sqrt(np.mean(np.square(waveform, dtype=np.float64))))
        noise = rng.standard_normal(waveform.shape, dtype=np.float32)
        return waveform + np.float32(level) * noise
