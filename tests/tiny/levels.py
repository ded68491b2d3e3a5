from __future__ import annotations

from merbench import Cost, FeatureExtractor, FeatureKind

from .trace import trace


class Levels(FeatureExtractor):
    """Mean magnitude of each of `n` equal parts."""

    name = "levels"
    kind = FeatureKind.VECTOR
    typical_cost = Cost(3.0, 0.5)

    n: int = 4

    def extract(self, waveform, sample_rate, *, device):
        import numpy as np

        parts = np.array_split(np.abs(waveform).mean(axis=0), self.n)
        levels = np.array([part.mean() for part in parts], dtype=np.float32)
        return trace("extract", self.name, levels)
