from __future__ import annotations

from merbench import Cost, Separator

from .trace import trace


class Halves(Separator):
    """A quiet stem and a loud one, which together are the clip."""

    name = "halves"
    stems = ("bass", "vocals")
    typical_cost = Cost(2.0, 1.0)

    share: float = 0.25

    def separate(self, waveform, sample_rate, *, device):
        bass = trace("separate", self.name, waveform * waveform.dtype.type(self.share))
        # Not in canonical order: the framework is to put them into it.
        return {"vocals": waveform - bass, "bass": bass}
