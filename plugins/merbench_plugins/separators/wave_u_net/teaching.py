"""What of a teacher's vocals to believe: where it hears a voice, where none, where it guesses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["SUNG", "UNSUNG", "heard_voice"]

SUNG = -9.0
"""Where a teacher's vocals are above this, in dB relative to the mixture, someone sings."""
UNSUNG = -22.0
"""Where they are below this, nobody does: what is left is a trace of other instruments."""

_LEAST_SUNG = 0.1
_INSTRUMENTAL = (-20.0, -15.0)
_LOUD_SECONDS = 90


def heard_voice(vocals: NDArray[np.float32], rest: NDArray[np.float32]) -> NDArray[np.bool_] | None:
    """Tell in which seconds a track is sung in, by the levels of a teacher's stems.

    Parameters
    ----------
    vocals, rest
        Root mean square of each second.

    Returns
    -------
    ndarray of bool or None
        Nowhere for instrumental music; None where the teacher is not sure whether it is: it hears
        something all the time, and a voice at hardly any.
    """
    own = vocals.astype(np.float64) ** 2
    whole = own + rest.astype(np.float64) ** 2
    levels = _decibels(own, whole)
    if np.mean(levels > SUNG) >= _LEAST_SUNG:
        sung: NDArray[np.bool_] = levels > UNSUNG
        return sung
    on_average, loudest = _INSTRUMENTAL
    total = float(_decibels(own.sum(), whole.sum()))
    if total < on_average and np.percentile(levels, _LOUD_SECONDS) < loudest:
        return np.zeros(len(levels), np.bool_)
    return None


def _decibels(own: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    levels: NDArray[np.float64] = 10 * np.log10((own + 1e-12) / (whole + 1e-12))
    return levels
