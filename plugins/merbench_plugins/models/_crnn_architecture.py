"""Sizes of the layers of `crnn`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Architecture:
    """Sizes of a convolutional recurrent network's layers.

    Parameters
    ----------
    blocks
        One (kernel, filters, filters of the 1 x 1 convolution that follows) a block.
    lstm
        Units of the stacked LSTM layers.
    dense
        Units of the hidden dense layers.
    image
        Bins and frames that images are averaged down to first; None takes them as they are.
    log_scale
        Whether magnitudes x enter as log(1 + 100 x), standardised by the one mean and standard
        deviation of all training clips; else as they are.
    """

    blocks: tuple[tuple[int, int, int], ...]
    lstm: tuple[int, ...]
    dense: tuple[int, ...]
    image: tuple[int, int] | None = None
    log_scale: bool = False
