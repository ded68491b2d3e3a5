"""Magnitudes of librosa's constant-Q and variable-Q transforms, in a fraction of its time.

librosa.vqt goes down octave by octave: it halves the sample rate, transforms every frame and
multiplies by filters that it designs anew for each octave of each call. Here the halved signals
serve several transforms, the filters are kept, and only the bins that a filter hears are looked
at. Precisions and the order of sums are librosa's: chroma divides each frame by its loudest note,
which would make much of a rounding error where no note sounds.

Source: Schörkhuber and Klapuri, "Constant-Q transform toolbox for music processing", 2010.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from merbench_plugins.features._frames import HOP_LENGTH, SAMPLE_RATE, fourier

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

OCTAVES = 7

_LOWEST_NOTE = "C1"
_HIGHEST = 4_000.0
"""Below what any of the filters reaches, in Hz."""
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
        Samples that each filter has at the rate of the highest octave, shape (filters,).
    level
        Number of the halved signal that the octave is computed from.
    """

    frame_length: int
    first: int
    weights: Any
    lengths: NDArray[np.float64]
    level: int


def halved(
    samples: NDArray[np.float32], sample_rate: int = SAMPLE_RATE
) -> list[NDArray[np.float32]]:
    """Return a signal at its own rate, at half of it, and so on: one for every octave.

    Above the octaves of `magnitudes` there may be some of which nothing is heard; librosa passes
    over these at once.
    """
    import librosa

    def lowered(signal: NDArray[np.float32], factor: int) -> NDArray[np.float32]:
        return librosa.resample(signal, orig_sr=factor, target_sr=1, res_type="soxr_hq", scale=True)

    unheard = _halvings(sample_rate / 2, _HIGHEST)
    signals = [samples, *(lowered(samples, 2**level) for level in range(1, unheard + 1))]
    while len(signals) < OCTAVES + unheard:
        signals.append(lowered(signals[-1], 2))
    return signals


def _halvings(nyquist: float, highest: float) -> int:
    """Return how often librosa halves the rate before it looks at the highest octave.

    None at 22,050 Hz, one at 44,100 and 48,000 Hz; a hop of 512 samples can be halved thrice more
    than there are octaves.
    """
    return min(max(0, math.ceil(math.log2(nyquist / highest)) - 2), 3)


def magnitudes(
    signals: list[NDArray[np.float32]],
    intervals: str,
    bins_per_octave: int,
    tuning: float = 0.0,
    sample_rate: int = SAMPLE_RATE,
) -> NDArray[np.float32]:
    """Return the magnitude of a transform over seven octaves from C1.

    Parameters
    ----------
    signals
        What `halved` makes of samples at `sample_rate`.
    intervals
        How an octave is divided, in librosa's words: "equal", "ji5".
    bins_per_octave
        Number of filters an octave.
    tuning
        Deviation from A = 440 Hz, in bins.
    sample_rate
        Of the samples, in Hz; above 9,000, or the highest note would not be there.

    Returns
    -------
    ndarray
        Shape (bins, frames), float32: the absolute value of
        `librosa.vqt(samples, n_bins=7 * bins_per_octave, gamma=0, ...)`.
    """
    import numpy as np

    responses = []
    for bank in _filter_banks(intervals, bins_per_octave, tuning, sample_rate):
        heard = slice(bank.first, bank.first + bank.weights.shape[1])
        signal, hop_length = signals[bank.level], HOP_LENGTH >> bank.level
        spectrum = fourier(signal, bank.frame_length, hop_length, bins=heard)
        response = bank.weights @ spectrum.T
        response /= np.sqrt(bank.lengths)[:, np.newaxis]
        responses.append(np.abs(response))
    # Odd lengths are rounded up when halved, so that lower octaves may have a frame more.
    frames = min(response.shape[1] for response in responses)
    return np.concatenate([response[:, :frames] for response in reversed(responses)])


# An estimated tuning is one of a hundred steps, and recordings have few rates, so that this cannot
# grow without end.
@cache
def _filter_banks(
    intervals: str, bins_per_octave: int, tuning: float, sample_rate: int
) -> tuple[_FilterBank, ...]:
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
    lengths, highest = librosa.filters.wavelet_lengths(
        freqs=frequencies, sr=sample_rate, alpha=bandwidths, gamma=0
    )
    above = _halvings(sample_rate / 2, highest)
    lengths = lengths / 2**above
    banks: list[_FilterBank] = []
    designed = None
    for octave in range(OCTAVES):
        end = len(frequencies) - octave * bins_per_octave
        filters = slice(end - bins_per_octave, end)
        # Frequencies and sample rate halve together: where bandwidths are equal, filters are.
        if designed is None or not np.allclose(designed, bandwidths[filters], rtol=1e-12, atol=0):
            designed = bandwidths[filters]
            frame_length, first, weights = _design(
                frequencies[filters], designed, sample_rate / 2 ** (above + octave)
            )
        scaled = (weights * np.sqrt(2.0**octave)).astype(np.complex64)
        banks.append(_FilterBank(frame_length, first, scaled, lengths[filters], above + octave))
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
