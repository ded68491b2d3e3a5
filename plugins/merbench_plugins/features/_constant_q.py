"""Magnitudes of librosa's constant-Q and variable-Q transforms, in a fraction of its time.

librosa.vqt goes down octave by octave: it halves the sample rate, transforms every frame and
multiplies by filters that it designs anew for each octave of each call. Here the halved signals
serve several transforms, the filters are kept, and only the bins that a filter hears are looked
at. Precisions and the order of sums are librosa's: chroma divides each frame by its loudest note,
which would make much of a rounding error where no note sounds.

Source: Schörkhuber and Klapuri, "Constant-Q transform toolbox for music processing", 2010.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from merbench_plugins.features._frames import HOP_LENGTH, SAMPLE_RATE, fourier

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

OCTAVES = 7

_LOWEST_NOTE = "C1"
_SPARSITY = 0.01


@dataclass(frozen=True)
class _FilterBank:
    """The filters of one octave, in the frequency domain.

    Parameters
    ----------
    frame_length
        Samples that are transformed, at the octave's own rate.
    first
        Number of the first bin of the transform that any filter hears.
    weights
        Sparse, shape (filters, bins from `first` on), complex64.
    lengths
        Samples that each filter has at `SAMPLE_RATE`, shape (filters,).
    """

    frame_length: int
    first: int
    weights: Any
    lengths: NDArray[np.float64]


def halved(samples: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """Return a signal at its own rate, at half of it, and so on: one signal an octave."""
    import librosa

    signals = [samples]
    while len(signals) < OCTAVES:
        signals.append(
            librosa.resample(signals[-1], orig_sr=2, target_sr=1, res_type="soxr_hq", scale=True)
        )
    return signals


def magnitudes(
    signals: list[NDArray[np.float32]], intervals: str, bins_per_octave: int, tuning: float = 0.0
) -> NDArray[np.float32]:
    """Return the magnitude of a transform over seven octaves from C1.

    Parameters
    ----------
    signals
        What `halved` makes of samples at `SAMPLE_RATE`.
    intervals
        How an octave is divided, in librosa's words: "equal", "ji5".
    bins_per_octave
        Number of filters an octave.
    tuning
        Deviation from A = 440 Hz, in bins.

    Returns
    -------
    ndarray
        Shape (bins, frames), float32: the absolute value of
        `librosa.vqt(samples, n_bins=7 * bins_per_octave, gamma=0, ...)`.
    """
    import numpy as np

    responses = []
    banks = _filter_banks(intervals, bins_per_octave, tuning)
    for octave, (signal, bank) in enumerate(zip(signals, banks, strict=True)):
        heard = slice(bank.first, bank.first + bank.weights.shape[1])
        spectrum = fourier(signal, bank.frame_length, HOP_LENGTH >> octave, bins=heard)
        response = bank.weights @ spectrum.T
        response /= np.sqrt(bank.lengths)[:, np.newaxis]
        responses.append(np.abs(response))
    # Odd lengths are rounded up when halved, so that lower octaves may have a frame more.
    frames = min(response.shape[1] for response in responses)
    return np.concatenate([response[:, :frames] for response in reversed(responses)])


# An estimated tuning is one of a hundred steps, so that this cannot grow without end.
@cache
def _filter_banks(intervals: str, bins_per_octave: int, tuning: float) -> tuple[_FilterBank, ...]:
    """Design the filters of every octave, highest first."""
    import librosa
    import numpy as np

    frequencies = librosa.interval_frequencies(
        OCTAVES * bins_per_octave,
        fmin=librosa.note_to_hz(_LOWEST_NOTE) * 2.0 ** (tuning / bins_per_octave),
        intervals=intervals,
        bins_per_octave=bins_per_octave,
    )
    # The ratio of a filter's bandwidth to its frequency, by the distance to its neighbours.
    step = 4.0 ** np.gradient(np.log2(frequencies))
    bandwidths = (step - 1) / (step + 1)
    lengths, _ = librosa.filters.wavelet_lengths(
        freqs=frequencies, sr=SAMPLE_RATE, alpha=bandwidths
    )
    banks: list[_FilterBank] = []
    designed = None
    for octave in range(OCTAVES):
        end = len(frequencies) - octave * bins_per_octave
        filters = slice(end - bins_per_octave, end)
        # Frequencies and sample rate halve together: where bandwidths are equal, filters are.
        if designed is None or not np.allclose(designed, bandwidths[filters], rtol=1e-12, atol=0):
            designed = bandwidths[filters]
            frame_length, first, weights = _design(
                frequencies[filters], designed, SAMPLE_RATE / 2**octave
            )
        scaled = (weights * np.sqrt(2.0**octave)).astype(np.complex64)
        banks.append(_FilterBank(frame_length, first, scaled, lengths[filters]))
    return tuple(banks)


def _design(
    frequencies: NDArray[np.float64], bandwidths: NDArray[np.float64], sample_rate: float
) -> tuple[int, int, Any]:
    """Design one octave's filters: frame length, first bin, and weights before any scaling."""
    import librosa
    import numpy as np
    from scipy.fft import fft

    wavelets, lengths = librosa.filters.wavelet(
        freqs=frequencies,
        sr=sample_rate,
        alpha=bandwidths,  # type: ignore[arg-type]  # one a filter, which its annotation forgets
    )
    frame_length = wavelets.shape[1]
    wavelets *= lengths[:, np.newaxis] / frame_length
    spectra = fft(wavelets, axis=1)[:, : frame_length // 2 + 1]
    weights = librosa.util.sparsify_rows(spectra, quantile=_SPARSITY)
    first, last = int(weights.indices.min()), int(weights.indices.max())
    return frame_length, first, weights[:, first : last + 1]
