from __future__ import annotations

from merbench import Cost, Separator


class Plain(Separator):
    """The clip as it is, made again rather than kept."""

    name = "plain"
    stems = ("mixed",)
    stored = False
    typical_cost = Cost(0.0, 0.0)

    def separate(self, waveform, sample_rate, *, device):
        return {"mixed": waveform}
