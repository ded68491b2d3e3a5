"""Features that a dataset's authors computed, and published beside or in place of its audio."""

from __future__ import annotations

from typing import TYPE_CHECKING

from merbench import Cost, FeatureExtractor, FeatureKind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from merbench.audio import Waveform


class Published(FeatureExtractor):
    """The feature vector that is published with each clip, as it stands; no audio is read.

    For datasets of which only features may be had, and to hold one's own features against those
    of a dataset's authors. Which columns of a table they are, the dataset says. Where they were
    selected or scaled on all clips, test clips among them, that leak is theirs and cannot be
    undone here.
    """

    name = "published"
    kind = FeatureKind.VECTOR
    needs_published = True
    typical_cost = Cost(seconds=0.001)

    def extract(self, waveform: Waveform, sample_rate: int, *, device: str) -> NDArray[np.float32]:
        """Return the one row of `waveform`, which is the published vector."""
        row: NDArray[np.float32] = waveform[0]
        return row
