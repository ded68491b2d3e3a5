"""The contract of augmentations: a training clip in, a changed copy out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from merbench.components.base import Component

if TYPE_CHECKING:
    import numpy as np

    from merbench.audio import Waveform


class Augmentation(Component):
    """Changes a training clip's audio; test clips never meet one."""

    copies: int = Field(1, ge=1, le=1_000, description="Changed copies of each training clip.")

    def augment(self, waveform: Waveform, sample_rate: int, rng: np.random.Generator) -> Waveform:
        """Change one clip.

        Parameters
        ----------
        waveform
            Shape (channels, samples), float32. May exceed 1.0; nothing may clip it.
        sample_rate
            In Hz.
        rng
            Where all chance comes from. It differs between clips and between copies of one clip,
            and is the same whenever a copy is made again.

        Returns
        -------
        ndarray
            A copy of as many channels, finite; the number of samples may be another.
        """
        raise NotImplementedError(f"{type(self).__name__} has no method `augment`; write it")

    def of_a_copy(self) -> Augmentation:
        """Return it with one copy: what decides a copy, however many others there are."""
        return self.model_copy(update={"copies": 1})
