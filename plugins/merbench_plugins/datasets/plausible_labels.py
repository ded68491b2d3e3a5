"""Labels that each could be right, and cannot be together: a swapped column, a wrong scale."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from merbench.errors import TableError as LabelError

LEAST_USED = 0.02
"""Share of the scale that a dataset's means must span."""


def refuse_swapped_spread(labels: Sequence[Sequence[float]], where: str | Path) -> None:
    """Raise where the columns of means and standard deviations must stand swapped.

    Ratings on [0, 1] with mean m have a standard deviation of at most sqrt(m (1 - m)) (Bhatia and
    Davis 2000, A better bound on the variance, Theorem 1). Single clips with few raters may come
    out above it, where the deviation is a sample's; most clips never do.

    Parameters
    ----------
    labels
        Rows of (valence_mean, arousal_mean, valence_std, arousal_std) on [0, 1].
    where
        The file, for the message.
    """
    for index, dimension in enumerate(("valence", "arousal")):
        impossible = sum(row[index + 2] > spread_bound(row[index]) for row in labels)
        if impossible > len(labels) / 2:
            raise LabelError(
                where,
                f"for {impossible} of {len(labels)} clips no ratings can have both the mean and "
                f"the standard deviation of {dimension} given; are the two columns swapped, or is "
                "the scale wrong?",
            )


def refuse_unused_scale(
    labels: Sequence[Sequence[float]], scale: tuple[float, float], where: str | Path
) -> None:
    """Raise where means use so little of the scale that another must be meant.

    Parameters
    ----------
    labels
        Rows that begin with valence_mean and arousal_mean, moved from the scale to [0, 1].
    scale
        The lowest and the highest rating.
    where
        The file, for the message.
    """
    means = [mean for row in labels for mean in row[:2]]
    if len(labels) < 2 or max(means) - min(means) >= LEAST_USED:
        return
    low, high = scale
    lowest, highest = (low + mean * (high - low) for mean in (min(means), max(means)))
    raise LabelError(
        where,
        f"all means lie between {lowest:g} and {highest:g}, less than {LEAST_USED:.0%} of the "
        f"scale [{low:g}, {high:g}]; correct the scale",
    )


def spread_bound(mean: float) -> float:
    """Return the largest standard deviation that values on [0, 1] with this mean can have."""
    return math.sqrt(max(0.0, mean * (1.0 - mean)))
