"""How numbers of clips are distributed: histograms of KL, and quartiles of stems' levels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = [
    "BINS",
    "Histogram",
    "Levels",
    "Series",
    "kl_histogram",
    "level_quantiles",
    "one_loud_stem",
]

BINS = 30
"""Bins of a histogram of KL, as in Figure 4 of Nguyen et al. (2022)."""

_FAR = 0.99
"""Share of the clips that a histogram's axis reaches; what lies beyond stands in the last bin."""


@dataclass(frozen=True, eq=False)
class Series:
    """One series of a histogram: its clips in each bin, and what they come to, in nats."""

    counts: NDArray[np.int64]
    n_clips: int
    mean: float
    median: float
    largest: float


@dataclass(frozen=True, eq=False)
class Histogram:
    """KL of clips in bins.

    Parameters
    ----------
    edges
        Shape (bins + 1,), nats.
    series
        The series by their names, in the order given.
    beyond
        Clips above the last edge, which the last bin counts as well.
    """

    edges: Array
    series: dict[str, Series]
    beyond: int


def kl_histogram(series: Mapping[str, Array]) -> Histogram:
    """Count clips in thirty bins that all series share.

    Nguyen et al. (2022), Figure 4: the domain of the values shown together, cut into thirty bins.
    One clip far off would leave one bin to all others, so the domain ends at the 99th percentile
    where the largest value is more than half as large again, and what lies beyond is counted in
    the last bin.

    Parameters
    ----------
    series
        What a series is called, and its clips' KL in nats, any number.
    """
    together = np.concatenate(list(series.values()))
    far, most = float(np.quantile(together, _FAR)), float(together.max())
    end = most if most <= 1.5 * far else far
    edges = np.linspace(0, end or 1.0, BINS + 1)
    found = {
        name: Series(
            np.histogram(np.minimum(values, edges[-1]), edges)[0],
            len(values),
            float(values.mean()),
            float(np.median(values)),
            float(values.max()),
        )
        for name, values in series.items()
    }
    return Histogram(edges, found, int((together > edges[-1]).sum()))


@dataclass(frozen=True)
class Levels:
    """Levels of one stem over clips: the quartiles in dB, and in how many clips it is silent."""

    low: float
    middle: float
    high: float
    silent: int


def level_quantiles(values: Array, floor: float) -> Levels:
    """Sum up the levels of one stem.

    Parameters
    ----------
    values
        Shape (n,): a clip each, dB relative to the mixture.
    floor
        The level of a silent stem.
    """
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75]).tolist()
    return Levels(low, middle, high, int((values <= floor).sum()))


def one_loud_stem(table: pd.DataFrame, most: int) -> list[tuple[str, str, float]]:
    """Return the clips that come apart least: each with its loud stem, and the second's level.

    Nothing has come apart where all but one stem are silent: the second loudest one tells.

    Parameters
    ----------
    table
        A row a clip and a column a stem, dB.
    most
        Clips returned at most.
    """
    second = table.apply(lambda row: row.nlargest(2).iloc[-1], axis=1).sort_values(kind="stable")
    return [
        (str(clip), str(table.loc[clip].idxmax()), float(level))
        for clip, level in second.head(most).items()
    ]
