"""Whether the music of a dataset is like the music that a separator was trained on.

A separator learned from other music than it is used on, which Nguyen et al. (2022) name as an open
question of theirs: a finding that separation does not help may be about that shift. Music is
described here by a few numbers an excerpt, and two collections of excerpts are compared.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from merbench.errors import MerbenchError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Waveform = NDArray[np.float32]
    Array = NDArray[np.float64]


BAND_EDGES = (40, 80, 160, 315, 630, 1250, 2500, 5000, 10_000)
"""Limits of the bands in Hz: octaves, up to what every separator's sample rate reaches."""

DESCRIPTORS = (
    *(f"band_{low}_hz" for low in BAND_EDGES[:-1]),
    "dynamics",
    "flatness",
    "onsets",
    "width",
)
"""What an excerpt is described by; see `describe`."""

OUTSIDE = 0.05
"""Share of the training excerpts themselves that count as unlike the others."""

_FLOOR = -60.0
_FRAME_SECONDS = 0.093
_ENOUGH = 8


@dataclass(frozen=True, eq=False)
class TrainingMusic:
    """What a separator was trained on, as far as it is known.

    Parameters
    ----------
    descriptors
        Shape (excerpts, descriptors), as `describe` gives.
    groups
        Group of each row: the artist, or whatever else makes excerpts alike.
    """

    descriptors: Array
    groups: tuple[str, ...]


def describe(waveform: Waveform, sample_rate: int) -> Array:
    """Describe an excerpt, whatever its level.

    Parameters
    ----------
    waveform
        Shape (channels, samples).
    sample_rate
        Sample rate in Hz. A band is known where the rate is at least twice its upper limit.

    Returns
    -------
    ndarray
        Shape (descriptors,), all in dB and no lower than -60: each octave's share of the power
        (`band_…_hz`, named by its lower limit); the level of the loudest frames over that of the
        quietest (95th and 10th percentile, `dynamics`); the geometric over the arithmetic mean of
        the power spectrum (Gray and Markel 1974, `flatness`); the spectral flux over the power
        (`onsets`); and the power of the channels' difference over that of their sum (`width`; a
        mono clip has none).
    """
    if not np.any(waveform):
        return np.full(len(DESCRIPTORS), _FLOOR)
    mid = waveform.mean(axis=0, dtype=np.float64)
    spectra, frequencies = _power_spectra(mid, sample_rate)
    whole = spectra.sum()
    bands = [
        spectra[:, (frequencies >= low) & (frequencies < high)].sum() / max(whole, 1e-30)
        for low, high in itertools.pairwise(BAND_EDGES)
    ]
    heard = (frequencies >= BAND_EDGES[0]) & (frequencies < BAND_EDGES[-1])
    average = spectra[:, heard].mean(axis=0) + 1e-30
    levels = spectra.sum(axis=1)
    loud, quiet = np.percentile(levels, [95, 10])
    magnitudes = np.sqrt(spectra)
    flux = np.maximum(np.diff(magnitudes, axis=0), 0)
    side = waveform - mid
    others = (
        loud / max(quiet, 1e-30),
        np.exp(np.log(average).mean()) / average.mean(),
        (flux**2).sum() / max(whole, 1e-30),
        (side.astype(np.float64) ** 2).mean() / max((mid**2).mean(), 1e-30),
    )
    decibels = 10 * np.log10(np.maximum([*bands, *others], 1e-30))
    clipped: Array = np.clip(decibels, _FLOOR, -_FLOOR)
    return clipped


@dataclass(frozen=True)
class Shift:
    """How far a dataset lies from a separator's training music.

    Parameters
    ----------
    n_training, n_clips
        Excerpts on either side.
    distance
        The energy distance as a share of its greatest value, on [0, 1]: 0 where the two
        distributions are one.
    p
        p-value of the hypothesis that both are drawn from one distribution, by permutation of
        groups.
    outside
        Share of the dataset's clips that lie farther from the nearest training excerpt than 95 %
        of the training excerpts do from the nearest of another group. Without a shift it is 0.05.
    differences
        The dataset's mean minus the training music's, in dB, by the descriptor's name.
    """

    n_training: int
    n_clips: int
    distance: float
    p: float
    outside: float
    differences: dict[str, float]


def two_samples(
    training: TrainingMusic,
    clips: Array,
    groups: Sequence[str],
    *,
    seed: int = 0,
    permutations: int = 999,
) -> Shift:
    """Test whether clips are drawn from the distribution of a separator's training music.

    The energy distance of Székely and Rizzo (2013, "Energy statistics", equation 6.1), over
    descriptors divided by their standard deviations in both samples together, with a permutation
    test. Excerpts of one group are alike, so whole groups are permuted.

    Parameters
    ----------
    training
        What the separator was trained on.
    clips
        Shape (clips, descriptors).
    groups
        Group of each clip.
    seed
        Seed that permutations are drawn from.
    permutations
        Number of permutations; the least p-value is 1 / (permutations + 1).

    Raises
    ------
    MerbenchError
        There are too few groups on either side for a test to mean anything.
    """
    x, y = np.asarray(training.descriptors, np.float64), np.asarray(clips, np.float64)
    few = min(len(set(training.groups)), len(set(groups)))
    if few < _ENOUGH:
        raise MerbenchError(
            f"a shift cannot be tested with {few} groups of music on one side; it takes {_ENOUGH}"
        )
    both = np.concatenate([x, y])
    spread = both.std(axis=0)
    scaled = both / np.where(spread > 0, spread, 1.0)
    distances = _distances(scaled)
    names = [*(("training", g) for g in training.groups), *(("clips", g) for g in groups)]
    codes = np.unique([f"{side}\0{group}" for side, group in names], return_inverse=True)[1]
    sides = np.zeros((len(both), permutations + 1))
    sides[len(x) :, 0] = 1
    of_group = np.zeros(codes.max() + 1)
    of_group[codes[len(x) :]] = 1
    rng = np.random.default_rng(seed)
    for k in range(1, permutations + 1):
        sides[:, k] = rng.permutation(of_group)[codes]
    statistics = _energy(distances, sides)
    as_high = int((statistics[1:] >= statistics[0] - 1e-12).sum())
    return Shift(
        len(x),
        len(y),
        float(statistics[0]),
        (1 + as_high) / (permutations + 1),
        _outside(distances, codes, len(x)),
        dict(zip(DESCRIPTORS, (y.mean(axis=0) - x.mean(axis=0)).tolist(), strict=True)),
    )


def _power_spectra(signal: Array, sample_rate: int) -> tuple[Array, Array]:
    """Return power spectra of Hann-windowed frames that overlap by half, and their frequencies."""
    length = max(16, round(_FRAME_SECONDS * sample_rate) // 2 * 2)
    signal = np.pad(signal, (0, max(0, 2 * length - len(signal))))
    frames = np.lib.stride_tricks.sliding_window_view(signal, length)[:: length // 2]
    spectra: Array = np.abs(np.fft.rfft(frames * np.hanning(length), axis=1)) ** 2
    return spectra, np.fft.rfftfreq(length, 1 / sample_rate).astype(np.float64)


def _distances(points: Array) -> Array:
    squares = (points**2).sum(axis=1)
    squared = squares[:, None] + squares[None] - 2 * points @ points.T
    np.fill_diagonal(squared, 0.0)
    roots: Array = np.sqrt(np.maximum(squared, 0.0))
    return roots


def _energy(distances: Array, sides: Array) -> Array:
    """Return energy distance over twice the mean distance between sides, by column of `sides`."""
    second, first = sides, 1 - sides
    to_second = distances @ second
    n, m = first.sum(axis=0), second.sum(axis=0)
    whole = distances.sum()
    within_second = (second * to_second).sum(axis=0)
    between = (first * to_second).sum(axis=0)
    within_first = whole - within_second - 2 * between
    mean = between / (n * m)
    energy = 2 * mean - within_first / n**2 - within_second / m**2
    share: Array = np.where(mean > 0, energy / np.where(mean > 0, 2 * mean, 1.0), 0.0)
    return share


def _outside(distances: Array, codes: NDArray[np.intp], n: int) -> float:
    """Return the share of the clips that are farther from training than it is from itself."""
    among = np.where(codes[:n, None] == codes[None, :n], np.inf, distances[:n, :n])
    limit = np.quantile(among.min(axis=1), 1 - OUTSIDE)
    return float((distances[n:, :n].min(axis=1) > limit).mean())
