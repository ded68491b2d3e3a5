"""Frames of a signal and their Fourier transform, as librosa cuts and transforms them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SAMPLE_RATE = 22_050
FRAME_LENGTH = 2_048
HOP_LENGTH = 512

# Of these many frames the transform stays in the processor's cache.
_BLOCK = 64


def framed(
    samples: NDArray[Any], length: int, hop_length: int, *, mode: Any = "constant"
) -> NDArray[Any]:
    """Return frames centred on every `hop_length`-th sample, a view of shape (frames, length).

    `mode` is what lies beyond the signal's ends, as `numpy.pad` names it.
    """
    import numpy as np

    padded = np.pad(samples, length // 2, mode=mode)
    return np.lib.stride_tricks.sliding_window_view(padded, length)[::hop_length]


def fourier(
    samples: NDArray[np.float32],
    length: int,
    hop_length: int,
    *,
    window: NDArray[np.float64] | None = None,
    bins: slice = slice(None),
) -> NDArray[np.complex64]:
    """Return some bins of every frame's transform, shape (frames, bins).

    It is computed in double precision, as in librosa.stft, and agrees with that bit for bit.
    """
    import numpy as np
    from scipy.fft import rfft

    frames = framed(samples, length, hop_length)
    spectrum = np.empty((len(frames), len(range(length // 2 + 1)[bins])), np.complex64)
    for start in range(0, len(frames), _BLOCK):
        block = frames[start : start + _BLOCK]
        block = block.astype(np.float64) if window is None else block * window
        spectrum[start : start + _BLOCK] = rfft(block, axis=1)[:, bins]
    return spectrum
