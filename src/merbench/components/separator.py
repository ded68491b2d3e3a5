"""The contract of separators: a clip in, one waveform a stem out."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from merbench.components.base import Component
from merbench.components.clip import CANONICAL_STEMS

if TYPE_CHECKING:
    from merbench.audio import Waveform


class Separator(Component):
    """Takes a clip apart into stems.

    One that can be trained, or that knows what music it was trained on, has the methods of
    `merbench.components.Trainable` or `merbench.components.Trained` besides.

    Class attributes
    ----------------
    stems
        Names of the stems it yields, in canonical order.
    needs_true_stems
        `separate` is then given the dataset's true stems, stacked (stems, channels, samples) in
        canonical order, in place of the mixture, and datasets without true stems are skipped.
    stored
        Whether its stems are worth keeping in the store. False where reading them back costs more
        than making them again.
    uses_device
        Whether it works on the device that it is told. One that does not is always told "cpu", and
        never waits for a turn on a GPU.
    """

    stems: ClassVar[tuple[str, ...]] = CANONICAL_STEMS
    needs_true_stems: ClassVar[bool] = False
    stored: ClassVar[bool] = True
    uses_device: ClassVar[bool] = False

    def separate(self, waveform: Waveform, sample_rate: int, *, device: str) -> dict[str, Waveform]:
        """Separate one clip.

        Parameters
        ----------
        waveform
            Shape (channels, samples), float32. May exceed 1.0; nothing may clip it.
        sample_rate
            Sample rate of the waveform in Hz.
        device
            A torch device name. Separators without torch ignore it.

        Returns
        -------
        dict
            One array of the waveform's shape for each of `stems`, of NumPy, whatever the device.
        """
        raise NotImplementedError(f"{type(self).__name__} has no method `separate`; write it")
