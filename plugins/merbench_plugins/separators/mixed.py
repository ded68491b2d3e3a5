"""No separation: the clip itself is the one stem."""

from __future__ import annotations

from typing import TYPE_CHECKING

from merbench import MIXED, Cost, Separator

if TYPE_CHECKING:
    from merbench.components import Waveform


class Mixed(Separator):
    """No separation: features are extracted from the clip as it is."""

    name = "mixed"
    stems = (MIXED,)
    stored = False
    typical_cost = Cost(seconds=0.0)

    def separate(self, waveform: Waveform, sample_rate: int) -> dict[str, Waveform]:
        """Return the waveform as the stem `mixed`, untouched."""
        return {MIXED: waveform}
