"""BSSEval version 4: what an estimate holds of its true source, of the others, and of neither.

Vincent, Gribonval and Févotte (2006) and Vincent et al. (2012) define the decomposition; version 4
(Stöter, Liutkus and Ito 2018, as the package museval computes it) finds the distortion filters once
on the whole track and measures in windows of one second.

Why not museval: on 7 s of stereo with four sources museval 0.4.1 takes 9.9 s of processor time,
and this module 1.8 s (12 s of mono with three sources: 1.3 and 0.2 s). Nor can museval be imported
without ffmpeg's programs. SDR is the same to the last bits; ISR, SIR and SAR differ by at most
0.042 dB in a frame and 0.024 dB in a track's median there.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Signals = NDArray[np.float64]

__all__ = ["BSSEval", "BssFrames"]

TAPS = 512
_BLOCK = 1 << 16
_RIDGES = (0.0, 1e-12, 1e-10, 1e-8)


class BssFrames(NamedTuple):
    """Ratios in dB, each of shape (frames,); NaN where a frame cannot be scored.

    Attributes
    ----------
    sdr
        Source to distortion.
    isr
        Source image to spatial distortion.
    sir
        Source to interference.
    sar
        Sources to artifacts.
    """

    sdr: Signals
    isr: Signals
    sir: Signals
    sar: Signals

    def medians(self) -> dict[str, float]:
        """Return each ratio's median over the frames that can be scored; NaN if there are none."""
        return {name: _median(values) for name, values in self._asdict().items()}


class BSSEval:
    """Scores estimates of a track's sources; the costly part is shared by all of them.

    Parameters
    ----------
    sources
        True sources, shape (sources, channels, samples), none of them silent throughout.
    sample_rate
        Sample rate of the sources in Hz.
    window, hop
        Length and distance of windows in seconds. What is left at the end and fills no window is
        not scored; a track shorter than a window is one window.
    taps
        Length of the distortion filters in samples.
    """

    def __init__(
        self,
        sources: NDArray[Any],
        sample_rate: int,
        *,
        window: float = 1.0,
        hop: float = 1.0,
        taps: int = TAPS,
    ) -> None:
        self._sources = np.asarray(sources)
        self._taps = taps
        self._channels = self._sources.shape[1]
        # Every channel of every source is a signal of its own to the least squares.
        self._signals = self._sources.reshape(-1, self._sources.shape[2])
        self._windows = _windows(self._signals.shape[1], window * sample_rate, hop * sample_rate)

    def score(self, estimates: Mapping[int, NDArray[Any]]) -> dict[int, BssFrames]:
        """Score estimates against the sources.

        Parameters
        ----------
        estimates
            Arrays of shape (channels, samples), by the position of the source.

        Returns
        -------
        dict
            Ratios by the source's position. As in museval, a frame in which any source or estimate
            is silent is scored for none of them.
        """
        given = {source: np.asarray(estimate) for source, estimate in estimates.items()}
        filters = {source: self._filters(source, estimate) for source, estimate in given.items()}
        rows: dict[int, list[tuple[float, ...]]] = {source: [] for source in given}
        for window in self._windows:
            heard = self._is_heard(window, given)
            signals = _Spectra(self._signals[:, window].astype(np.float64), self._taps)
            for source, estimate in given.items():
                unscored = (np.nan,) * len(BssFrames._fields)
                rows[source].append(
                    self._ratios(source, estimate[:, window], signals, filters[source])
                    if heard
                    else unscored
                )
        return {source: BssFrames(*np.asarray(ratios).T) for source, ratios in rows.items()}

    def _is_heard(self, window: slice, estimates: Mapping[int, NDArray[Any]]) -> bool:
        sources = self._sources[:, :, window].any(axis=(1, 2)).all()
        return bool(sources) and all(e[:, window].any() for e in estimates.values())

    def _filters(self, source: int, estimate: NDArray[Any]) -> tuple[_Filters, _Filters]:
        """Return the filters that project an estimate on all sources, and on its own."""
        products = self._products(estimate)
        own = products[self._own(source)]
        return (
            _Filters(self._solver.filters(products)),
            _Filters(self._own_solver(source).filters(own)),
        )

    def _ratios(
        self,
        source: int,
        estimate: NDArray[Any],
        signals: _Spectra,
        filters: tuple[_Filters, _Filters],
    ) -> tuple[float, ...]:
        """Decompose one window of an estimate (Vincent et al. 2012, equations 4 to 9)."""
        own = self._own(source)
        tail = ((0, 0), (0, self._taps - 1))
        true = np.pad(signals.samples[own], tail)
        estimated = np.pad(estimate.astype(np.float64), tail)
        every, alone = filters
        explained = signals.filtered(every)
        filtered = signals.filtered(alone, own)
        return (
            _decibels(true, estimated - true),
            _decibels(true, filtered - true),
            _decibels(filtered, explained - filtered),
            _decibels(explained, estimated - explained),
        )

    def _own(self, source: int) -> slice:
        return slice(source * self._channels, (source + 1) * self._channels)

    def _products(self, estimate: NDArray[Any]) -> Signals:
        """Return inner products of delayed signals and an estimate: (signals, taps, channels)."""
        lags = _correlations(self._signals, estimate, self._taps)
        return lags[:, :, self._taps - 1 :].transpose(0, 2, 1)

    @cached_property
    def _correlations(self) -> Signals:
        return _correlations(self._signals, self._signals, self._taps)

    @cached_property
    def _solver(self) -> _LeastSquares:
        return _LeastSquares(self._correlations)

    def _own_solver(self, source: int) -> _LeastSquares:
        if source not in self._own_solvers:
            own = self._own(source)
            self._own_solvers[source] = _LeastSquares(self._correlations[own, own])
        return self._own_solvers[source]

    @cached_property
    def _own_solvers(self) -> dict[int, _LeastSquares]:
        return {}


class _Filters:
    """Filters of shape (signals, taps, channels), and their spectra for windows of one length."""

    def __init__(self, taps: Signals) -> None:
        self._taps = taps
        self._spectra: tuple[int, NDArray[np.complex128]] | None = None

    def spectra(self, size: int) -> NDArray[np.complex128]:
        """Return the signals' spectra, shape (signals, size // 2 + 1, channels)."""
        from scipy.fft import rfft

        if self._spectra is None or self._spectra[0] != size:
            self._spectra = size, rfft(self._taps, size, axis=1)
        return self._spectra[1]


class _Spectra:
    """One window of signals, shape (signals, samples), transformed once for many filters."""

    def __init__(self, samples: Signals, taps: int) -> None:
        from scipy.fft import next_fast_len, rfft

        self.samples = samples
        self._length = samples.shape[1] + taps - 1
        self._size = next_fast_len(self._length, real=True)
        self._spectra = rfft(samples, self._size)

    def filtered(self, filters: _Filters, part: slice = slice(None)) -> Signals:
        """Filter signals for every channel, and sum: (channels, samples + taps - 1)."""
        from scipy.fft import irfft

        spectra = filters.spectra(self._size)
        summed = np.einsum("sf,sfc->cf", self._spectra[part], spectra)
        signals: Signals = irfft(summed, self._size)[:, : self._length]
        return signals


class _LeastSquares:
    """Projects on the span of delayed signals; their Gram matrix is factorised once.

    Parameters
    ----------
    correlations
        Shape (signals, signals, 2 taps - 1), from the most negative lag to the most positive.
    """

    def __init__(self, correlations: Signals) -> None:
        from scipy.linalg import LinAlgError, cho_factor

        self._signals, _, lags = correlations.shape
        self._taps = (lags + 1) // 2
        gram = _gram(correlations, self._taps)
        diagonal = np.einsum("ii->i", gram)
        level = float(diagonal.mean())
        smallest = np.finfo(np.float64).eps
        done = 0.0
        # Channels that are equal, or spectra that are empty above some frequency, leave the filters
        # undetermined; the least ridge that determines them hardly moves the projection.
        for ridge in _RIDGES:
            wanted = smallest + ridge * level
            diagonal += wanted - done
            done = wanted
            try:
                self._factor = cho_factor(gram, lower=True, check_finite=False)
                return
            except LinAlgError:
                continue
        raise ValueError("the sources' correlations are no Gram matrix")

    def filters(self, products: Signals) -> Signals:
        """Turn products (signals, taps, channels) into filters of the same shape."""
        from scipy.linalg import cho_solve

        flat = products.reshape(self._signals * self._taps, -1)
        solved: Signals = cho_solve(self._factor, flat, check_finite=False)
        return solved.reshape(self._signals, self._taps, -1)


def _gram(correlations: Signals, taps: int) -> Signals:
    """Build the symmetric matrix of Toeplitz blocks from correlations by lag."""
    signals = len(correlations)
    gram = np.empty((signals, taps, signals, taps))
    # Row k, column l of a block is the correlation at lag k - l.
    lags = np.arange(taps)[:, None] - np.arange(taps)[None, :] + taps - 1
    for row in range(signals):
        for column in range(signals):
            gram[row, :, column, :] = correlations[row, column][lags]
    return gram.reshape(signals * taps, signals * taps)


def _correlations(left: NDArray[Any], right: NDArray[Any], taps: int) -> Signals:
    """Sum left[i, n] right[j, n + lag] over n, for every lag less than `taps` either way.

    Returns shape (left signals, right signals, 2 taps - 1). Block by block, so that memory does
    not grow with the track.
    """
    from scipy.fft import irfft, next_fast_len, rfft

    reach = taps - 1
    length = left.shape[1]
    padded = np.pad(right, ((0, 0), (reach, reach)))
    size = next_fast_len(min(_BLOCK, length) + 2 * reach, real=True)
    spectrum = np.zeros((len(left), len(right), size // 2 + 1), np.complex128)
    for start in range(0, length, _BLOCK):
        stop = min(start + _BLOCK, length)
        ours = rfft(left[:, start:stop].astype(np.float64), size)
        theirs = rfft(padded[:, start : stop + 2 * reach].astype(np.float64), size)
        spectrum += ours.conj()[:, None] * theirs[None]
    lags: Signals = irfft(spectrum, size)[..., : 2 * reach + 1]
    return lags


def _windows(samples: int, window: float, hop: float) -> list[slice]:
    if window >= samples:
        return [slice(0, samples)]
    count = int((samples - window + hop) // hop)
    return [slice(int(i * hop), int(i * hop + window)) for i in range(count)]


def _decibels(wanted: Signals, error: Signals) -> float:
    power, noise = float((wanted**2).sum()), float((error**2).sum())
    if noise == 0:
        return np.inf
    return float(10 * np.log10(power / noise)) if power > 0 else -np.inf


def _median(values: Signals) -> float:
    scored = values[~np.isnan(values)]
    return float(np.median(scored)) if scored.size else float("nan")
