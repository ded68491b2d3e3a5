"""True stems: what a perfect separator would yield."""

from __future__ import annotations

from typing import TYPE_CHECKING

from merbench import Cost, MerbenchError, Separator

if TYPE_CHECKING:
    from merbench.audio import Waveform


class Oracle(Separator):
    """The dataset's true stems: the upper bound of any separator."""

    name = "oracle"
    needs_true_stems = True
    stored = False
    typical_cost = Cost(seconds=0.0)

    def separate(self, waveform: Waveform, sample_rate: int, *, device: str) -> dict[str, Waveform]:
        """Name the true stems.

        Parameters
        ----------
        waveform
            The true stems, shape (4, channels, samples), in canonical order.
        sample_rate
            In Hz.
        device
            Not used.

        Raises
        ------
        MerbenchError
            It was given something other than the four stems.
        """
        if waveform.ndim != 3 or len(waveform) != len(self.stems):
            raise MerbenchError(
                f"oracle needs the true stems {', '.join(self.stems)} in shape "
                f"({len(self.stems)}, channels, samples), not an array of shape {waveform.shape}; "
                "use it with a dataset that has true stems"
            )
        return dict(zip(self.stems, waveform, strict=True))
