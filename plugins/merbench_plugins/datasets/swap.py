"""Whether a table's valence and arousal stand swapped, told from a second measurement of both."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from statistics import StatisticsError, correlation
from typing import NamedTuple

from merbench.delimited import read_delimited
from merbench.numerals import number
from merbench_plugins.datasets.label_table import LabelError

__all__ = ["SIGNIFICANT", "Agreement", "agreement", "song_means"]

SIGNIFICANT = 2.576
"""|z| of a two-sided test at 1 %."""


class Agreement(NamedTuple):
    """How a table's valence minus arousal goes with the same difference measured elsewhere."""

    n: int
    """Number of songs in both."""
    r: float
    """Pearson correlation of the two differences: positive as it should be, negative if swapped."""

    @property
    def z(self) -> float:
        """Fisher's z over its standard error, sqrt(n - 3)."""
        if self.n < 4:
            return 0.0
        bounded = max(-1 + 1e-12, min(1 - 1e-12, self.r))
        return math.atanh(bounded) * math.sqrt(self.n - 3)

    @property
    def swapped(self) -> bool:
        """Whether the columns stand swapped beyond doubt."""
        return self.z < -SIGNIFICANT

    @property
    def straight(self) -> bool:
        """Whether the columns stand as named beyond doubt."""
        return self.z > SIGNIFICANT

    def __str__(self) -> str:
        return f"r = {self.r:.2f} over {self.n} songs"


def agreement(
    static: Mapping[str, tuple[float, float]], dynamic: Mapping[str, tuple[float, float]]
) -> Agreement:
    """Compare two measurements of (valence, arousal), song by song.

    Valence and arousal correlate across songs, so that each static column correlates with both
    dynamic ones; which fits better is the sign of one number: the covariances of like columns less
    those of unlike columns are cov(V - A, v - a).

    Parameters
    ----------
    static, dynamic
        (valence, arousal) by song, each on any scale that valence and arousal share.
    """
    songs = sorted(static.keys() & dynamic.keys())
    try:
        r = correlation(
            [static[song][0] - static[song][1] for song in songs],
            [dynamic[song][0] - dynamic[song][1] for song in songs],
        )
    except StatisticsError:  # fewer than two songs, or all alike
        r = 0.0
    return Agreement(len(songs), r)


def song_means(path: Path) -> dict[str, float]:
    """Return each song's mean over time from a table of one line a song, as DEAM has them.

    The first column names the song, the others are samples; songs differ in length, so that cells
    at a line's end are empty or missing.

    Raises
    ------
    LabelError
        With file and line.
    """
    means = {}
    for line, (song, *cells) in read_delimited(path, ragged=True).rows:
        try:
            samples = [number(cell) for cell in cells if cell]
        except ValueError as error:
            raise LabelError(f"{path}:{line}", f"{error}; restore the file") from None
        samples = [sample for sample in samples if math.isfinite(sample)]
        if samples:
            means[song] = math.fsum(samples) / len(samples)
    return means
