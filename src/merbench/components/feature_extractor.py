"""The contract of feature extractors: one stem in, one array out."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, ClassVar

from merbench.components.base import Component

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from merbench.audio import Waveform


class FeatureKind(enum.StrEnum):
    """Shape of what one stem of one clip becomes."""

    VECTOR = "vector"
    """(d,)"""
    IMAGE = "image"
    """(bins, frames), the same for every clip"""
    SEQUENCE = "sequence"
    """(frames, d); the number of frames may differ between clips"""
    WAVEFORM = "waveform"
    """(samples,); the number of samples may differ between clips"""

    @property
    def ndim(self) -> int:
        """Number of axes of one stem's array."""
        return 1 if self in (FeatureKind.VECTOR, FeatureKind.WAVEFORM) else 2


class FeatureExtractor(Component):
    """Turns one stem into one array.

    Class attributes
    ----------------
    kind
        The shape of what it returns.
    needs_published
        `extract` is then given the feature vector that is published with the clip, (1, d), in
        place of a waveform, and the sample rate 0. Datasets that publish none are skipped.
        Separation has nothing to do with it, and an augmented copy has its clip's vector.
    uses_device
        Whether it works on the device that it is told. One that does not is always told "cpu", and
        never waits for a turn on a GPU.
    """

    kind: ClassVar[FeatureKind]
    needs_published: ClassVar[bool] = False
    uses_device: ClassVar[bool] = False

    def extract(self, waveform: Waveform, sample_rate: int, *, device: str) -> NDArray[np.float32]:
        """Extract from one stem.

        Parameters
        ----------
        waveform
            Shape (channels, samples), float32; finite, never empty.
        sample_rate
            In Hz.
        device
            A torch device name. Extractors without torch ignore it.

        Returns
        -------
        ndarray
            Of NumPy, whatever the device; finite, of the shape that `kind` says.
        """
        raise NotImplementedError

    def frame_rate(self, sample_rate: int, samples: int) -> float | None:
        """Return how many frames of its array make a second of a clip; None where it can't tell.

        Models read it as `X.rates`, a number a clip, and can so cut seconds. Frames are those of
        an image or a sequence; of a waveform they are its samples.

        Parameters
        ----------
        sample_rate
            Of the clip that `extract` is given, in Hz.
        samples
            The clip's length in samples, for what is resized to a fixed number of frames.
        """
        return None
