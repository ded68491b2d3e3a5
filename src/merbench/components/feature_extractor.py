"""The contract of feature extractors: one stem in, one array out."""

from __future__ import annotations

import enum
from collections.abc import Sequence
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
    at_once
        How many stems `extract_many` is given at most. 1, where several at once gain nothing: it
        is then never called.
    """

    kind: ClassVar[FeatureKind]
    needs_published: ClassVar[bool] = False
    uses_device: ClassVar[bool] = False
    at_once: ClassVar[int] = 1

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
        raise NotImplementedError(f"{type(self).__name__} has no method `extract`; write it")

    def extract_many(
        self, waveforms: Sequence[Waveform], sample_rates: Sequence[int], *, device: str
    ) -> Sequence[NDArray[np.float32]]:
        """Extract from several stems, of one clip or of several, in less time than one by one.

        It must give what `extract` gives of each, up to rounding: which stems come together is
        nothing that a result may depend on. Where it raises, or gives an array that breaks the
        contract, `extract` is called instead, so that no clip fails for another's sake.

        Parameters
        ----------
        waveforms
            `at_once` at most; shape (channels, samples) each. They may differ in both.
        sample_rates
            Of each, in Hz.
        device
            As `extract` is told it.

        Returns
        -------
        sequence of ndarray
            One a waveform, in their order.
        """
        return [
            self.extract(waveform, rate, device=device)
            for waveform, rate in zip(waveforms, sample_rates, strict=True)
        ]

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
