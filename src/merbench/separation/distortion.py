"""Signal-to-distortion ratios of an estimate, on arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


SILENT_PEAK = 1e-4
"""A waveform that never exceeds this (-80 dBFS, three steps of 16-bit audio) is silent."""


def sdr(estimate: NDArray[Any], true: NDArray[Any]) -> float:
    """Return the signal-to-distortion ratio of a track, 10 log10(|s|^2 / |s - e|^2), in dB.

    Parameters
    ----------
    estimate, true
        Two waveforms of one shape; their channels count together.

    Returns
    -------
    float
        NaN where the true stem is zero throughout, infinite for an exact estimate, 0 for silence.
    """
    e, s = _flat(estimate, true)
    return _ratio(_power(s), _power(s - e))


def si_sdr(estimate: NDArray[Any], true: NDArray[Any]) -> float:
    """Return the scale-invariant signal-to-distortion ratio of a whole track, in dB.

    Le Roux et al. (2019), equation 3: of the estimate e, a s counts as signal and e - a s as
    distortion, with a = e.s / s.s. One factor for all channels; means are not subtracted.

    Parameters
    ----------
    estimate, true
        Two waveforms of one shape.

    Returns
    -------
    float
        NaN where the true stem is zero throughout, minus infinity for silence, infinite for an
        exact estimate up to its level.
    """
    e, s = _flat(estimate, true)
    power = _power(s)
    if power == 0:
        return float("nan")
    signal = float(e @ s) / power * s
    wanted = _power(signal)
    return _ratio(wanted, _power(e - signal)) if wanted > 0 else float("-inf")


def is_silent(waveform: NDArray[Any]) -> bool:
    """Tell whether a stem never exceeds -80 dBFS: no ratio to it means anything."""
    return waveform.size == 0 or float(np.abs(waveform).max()) < SILENT_PEAK


def _flat(
    estimate: NDArray[Any], true: NDArray[Any]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if np.shape(estimate) != np.shape(true):
        raise ValueError(f"estimate of shape {np.shape(estimate)}, true stem {np.shape(true)}")
    return np.ravel(estimate).astype(np.float64), np.ravel(true).astype(np.float64)


def level_of(estimate: NDArray[Any], mix: NDArray[Any]) -> float:
    """Return power relative to the mixture's in dB, minus infinity for silence."""
    powers = [_power(np.ravel(signal).astype(np.float64)) for signal in (estimate, mix)]
    return _ratio(*powers) if powers[0] > 0 else float("-inf")


def _power(signal: NDArray[np.float64]) -> float:
    return float(signal @ signal)


def _ratio(wanted: float, error: float) -> float:
    if wanted == 0:
        return float("nan")
    return float(10 * np.log10(wanted / error)) if error > 0 else float("inf")


def _median(values: Sequence[float]) -> float:
    known = [value for value in values if not np.isnan(value)]
    return float(np.median(known)) if known else float("nan")
