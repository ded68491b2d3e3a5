"""No separation: the clip itself is the one stem."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from merbench import MIXED, Cost, Separator

if TYPE_CHECKING:
    from merbench.audio import Waveform


class Mixed(Separator):
    """No separation: features are extracted from the clip as it is."""

    name = "mixed"
    source_modules = ("merbench_plugins.separators.sixteen_bit",)
    stems = (MIXED,)
    stored = False
    typical_cost = Cost(seconds=0.0)

    sixteen_bit: bool = Field(
        False,
        description="As published in Nguyen et al. (2022): round the clip to 16 bit and clip it to "
        "[-1, 1), which is what writing it to a pcm_s16le file did.",
    )

    def separate(self, waveform: Waveform, sample_rate: int, *, device: str) -> dict[str, Waveform]:
        """Return the waveform as the stem `mixed`, untouched but for what `sixteen_bit` asks."""
        from merbench_plugins.separators.sixteen_bit import through_sixteen_bit

        return {MIXED: through_sixteen_bit(waveform) if self.sixteen_bit else waveform}
