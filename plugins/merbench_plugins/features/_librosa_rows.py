"""The fourteen features of Chang 2024, frame by frame, computed together.

Each equals what librosa computes when it is called for that feature alone, with its defaults. They
share one Fourier transform, one mel spectrogram, one constant-Q transform and the halved signals
below it, and do once what librosa does in each call. What is in here is what is slow in librosa;
the rest is asked of it.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from merbench import AudioError
from merbench_plugins.features._constant_q import halved, magnitudes
from merbench_plugins.features._frames import (
    FRAME_LENGTH,
    HOP_LENGTH,
    SAMPLE_RATE,
    fourier,
    framed,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from merbench.audio import Waveform

FEATURES = {
    "chroma_stft": 12,
    "chroma_cqt": 12,
    "chroma_vqt": 12,
    "melspectrogram": 128,
    "mfcc": 20,
    "rms": 1,
    "spectral_centroid": 1,
    "spectral_bandwidth": 1,
    "spectral_contrast": 7,
    "spectral_flatness": 1,
    "spectral_rolloff": 1,
    "tonnetz": 6,
    "zero_crossing_rate": 1,
    "tempo": 1,
}
"""The features in their order, and how many rows each has."""

ROWS = tuple(
    chain.from_iterable(
        [name] if count == 1 else [f"{name}_{i}" for i in range(count)]
        for name, count in FEATURES.items()
    )
)
"""Names of the 204 rows, in their order."""

_CHROMA_BINS_PER_OCTAVE = 36
_ROLLOFF = 0.85
_TEMPO_SECONDS = 8.0
LOWEST_RATE = 12_800
"""Half of which, in Hz, is where librosa's highest band of spectral contrast begins."""
# What librosa looks for pitches in when it estimates a tuning: Hz, and the share of a frame's
# largest magnitude that a peak must exceed.
_PITCH_LOWEST, _PITCH_HIGHEST, _PITCH_THRESHOLD = 150.0, 4_000.0, 0.1


def extract_rows(
    waveform: Waveform, sample_rate: int, rate: int = SAMPLE_RATE
) -> NDArray[np.float32]:
    """Compute the fourteen features of one stem.

    Parameters
    ----------
    waveform
        Shape (channels, samples), float32; finite, not empty. Channels are averaged, then brought
        to `rate`, as librosa.load does.
    sample_rate
        In Hz.
    rate
        In Hz, that features are computed at; more than `LOWEST_RATE`.

    Returns
    -------
    ndarray
        Shape (frames, 204), float32; columns as `ROWS` names them. A frame every 512 samples at
        `rate`, the first centred on the first sample.

    Raises
    ------
    AudioError
        The stem's power is more than single precision holds.
    """
    import librosa
    import numpy as np

    samples = librosa.resample(
        waveform.mean(axis=0), orig_sr=sample_rate, target_sr=rate, res_type="soxr_hq"
    )
    magnitude = np.abs(
        fourier(
            samples,
            FRAME_LENGTH,
            HOP_LENGTH,
            window=librosa.filters.get_window("hann", FRAME_LENGTH),
        )
    )
    with np.errstate(over="ignore"):
        power = magnitude**2
    if not np.isfinite(power).all():
        raise AudioError(
            f"the power of the audio (peak {np.abs(samples).max():g}) exceeds single precision; "
            "check the level of the recording"
        )
    # From here on arrays are as librosa has them: (rows, frames).
    mel = librosa.feature.melspectrogram(S=power.T, sr=rate)
    decibels = librosa.power_to_db(mel)
    signals = halved(samples, rate)
    tuning = _tuning(magnitude, _CHROMA_BINS_PER_OCTAVE, rate)
    constant_q = magnitudes(signals, "equal", _CHROMA_BINS_PER_OCTAVE, tuning, rate)
    just = magnitudes(signals, "ji5", 12, sample_rate=rate)
    chroma = librosa.feature.chroma_cqt(C=constant_q)
    centroid, bandwidth = _moments(magnitude, rate)
    features = {
        "chroma_stft": librosa.feature.chroma_stft(
            S=power.T, sr=rate, tuning=_tuning(power, 12, rate)
        ),
        "chroma_cqt": chroma,
        "chroma_vqt": librosa.feature.chroma_vqt(V=just, intervals="ji5"),
        "melspectrogram": mel,
        "mfcc": librosa.feature.mfcc(S=decibels),
        "rms": librosa.feature.rms(y=samples),
        "spectral_centroid": centroid,
        "spectral_bandwidth": bandwidth,
        "spectral_contrast": librosa.feature.spectral_contrast(S=magnitude.T, sr=rate),
        "spectral_flatness": librosa.feature.spectral_flatness(S=magnitude.T),
        "spectral_rolloff": _rolloff(magnitude, rate),
        "tonnetz": librosa.feature.tonnetz(chroma=chroma),
        "zero_crossing_rate": _zero_crossing_rate(samples),
        "tempo": _tempo(librosa.onset.onset_strength(S=decibels, sr=rate), rate),
    }
    table = np.empty((len(magnitude), len(ROWS)), np.float32)
    start = 0
    for name, count in FEATURES.items():
        table[:, start : start + count] = features[name].T
        start += count
    return table


def _tuning(spectrum: NDArray[np.float32], bins_per_octave: int, rate: int = SAMPLE_RATE) -> float:
    """Estimate the tuning in bins, on [-0.5, 0.5), a hundredth at a time.

    The same number as librosa.estimate_tuning finds, which interpolates between all bins, whether
    or not they are peaks. Shape of the spectrum: (frames, bins).
    """
    import librosa
    import numpy as np

    frequencies = librosa.fft_frequencies(sr=rate, n_fft=FRAME_LENGTH)
    inside = (frequencies >= _PITCH_LOWEST) & (frequencies < _PITCH_HIGHEST)
    low, high = np.flatnonzero(inside)[[0, -1]] + [0, 1]
    below, here, above = (spectrum[:, low + i : high + i] for i in (-1, 0, 1))
    audible = _PITCH_THRESHOLD * spectrum.max(axis=1, keepdims=True)
    peaks = np.nonzero((here > audible) & (here > below) & (here >= above))
    if not peaks[0].size:
        return 0.0
    below, here, above = below[peaks], here[peaks], above[peaks]
    # A parabola through three bins: double and single precision where librosa has them, so that
    # no pitch falls on the other side of a step.
    curvature = (above + below) - 2 * here.astype(np.float64)
    slope = (above - below) / 2
    steep = np.abs(slope) >= np.abs(curvature)
    shift = np.zeros_like(here)
    shift[~steep] = -slope[~steep].astype(np.float64) / curvature[~steep]
    pitches = ((peaks[1] + low + shift) * float(rate) / FRAME_LENGTH).astype(np.float32)
    heights = here + 0.5 * slope * shift
    return float(
        librosa.pitch_tuning(
            pitches[heights >= np.median(heights)], bins_per_octave=bins_per_octave
        )
    )


def _moments(
    magnitude: NDArray[np.float32], rate: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return spectral centroid and bandwidth in Hz, each of shape (1, frames)."""
    import librosa
    import numpy as np

    frequencies = librosa.fft_frequencies(sr=rate, n_fft=FRAME_LENGTH)
    powers = frequencies[:, np.newaxis] ** np.arange(3)
    total, first, second = (magnitude.astype(np.float64) @ powers).T[:, np.newaxis]
    # Frames of which nothing is left in single precision count as silent.
    total = np.where(total < np.finfo(np.float32).tiny, 1, total)
    centroid = first / total
    return centroid, np.sqrt(np.maximum(0, second / total - centroid**2))


def _rolloff(magnitude: NDArray[np.float32], rate: int) -> NDArray[np.float64]:
    """Return the frequency in Hz below which 85 % of the magnitude lies, shape (1, frames)."""
    import librosa
    import numpy as np

    cumulative = np.cumsum(magnitude, axis=1)
    reached = cumulative >= _ROLLOFF * cumulative[:, -1:]
    frequencies = librosa.fft_frequencies(sr=rate, n_fft=FRAME_LENGTH)
    rolloff: NDArray[np.float64] = frequencies[np.argmax(reached, axis=1)][np.newaxis]
    return rolloff


def _zero_crossing_rate(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the share of samples in a frame at which the sign changes, shape (1, frames)."""
    import librosa
    import numpy as np

    padded = np.pad(samples, FRAME_LENGTH // 2, mode="edge")
    count = np.cumsum(librosa.zero_crossings(padded, pad=False))
    # A frame's first sample has none before it.
    before, after = count[: -FRAME_LENGTH + 1], count[FRAME_LENGTH - 1 :]
    rate: NDArray[np.float64] = (after - before)[np.newaxis, ::HOP_LENGTH] / FRAME_LENGTH
    return rate


def _tempo(onsets: NDArray[np.float32], rate: int) -> NDArray[np.float64]:
    """Return the tempo in beats a minute, shape (1,).

    librosa.feature.tempo averages the autocorrelations of all windows, each divided by its
    largest value, which is the one at lag 0. The average is one inverse transform of the
    averaged power spectra instead of one a window.
    """
    import librosa
    import numpy as np
    from scipy.fft import irfft, next_fast_len, rfft

    length = int(librosa.time_to_frames(_TEMPO_SECONDS, sr=rate, hop_length=HOP_LENGTH))
    windows = framed(onsets, length, 1, mode="linear_ramp")[: onsets.size]
    windows = windows * librosa.filters.get_window("hann", length)
    size = next_fast_len(2 * length - 1, real=True)
    spectra = np.abs(rfft(windows, size, axis=1)) ** 2
    energy = np.einsum("ij,ij->i", windows, windows)
    energy[energy < np.finfo(np.float64).tiny] = 1
    mean = (1 / energy) @ spectra / len(windows)
    autocorrelation = irfft(mean, size)[:length, np.newaxis]
    tempo: NDArray[np.float64] = librosa.feature.tempo(
        tg=autocorrelation, sr=rate, hop_length=HOP_LENGTH
    )
    return tempo
