"""What models reported while they were trained, over the folds of a cell."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["MeanCurves", "averaged", "loss_curves", "mean_curves"]


def loss_curves(folds: pd.DataFrame) -> list[dict[str, Array]]:
    """Return what training reported in each fold, where it did: arrays by name, with `epoch`."""
    found = []
    for text in folds.get("curve", ()):
        epochs = json.loads(text) if isinstance(text, str) and text else []
        if epochs:
            names = [name for name in epochs[0] if name != "epoch"]
            curve = {n: np.array([epoch.get(n, np.nan) for epoch in epochs]) for n in names}
            numbers = [epoch.get("epoch", i) for i, epoch in enumerate(epochs, 1)]
            found.append({"epoch": np.array(numbers, float)} | curve)
    return found


@dataclass(frozen=True, eq=False)
class MeanCurves:
    """Means over folds of what training reported.

    Parameters
    ----------
    longest
        Epochs of the longest fold.
    epochs
        Shape (half,): the epochs that at least half of the folds got to.
    means
        Mean of each quantity over the folds, by name: shape (half,).
    """

    longest: int
    epochs: Array
    means: dict[str, Array]


def mean_curves(folds: Sequence[Mapping[str, Array]], names: Sequence[str]) -> MeanCurves:
    """Average folds epoch by epoch, as far as half of them got.

    Parameters
    ----------
    folds
        Curves of the folds, as `curves` gives them; at least one.
    names
        Names of the quantities to average.
    """
    longest = max(len(fold["epoch"]) for fold in folds)
    epochs = max((fold["epoch"] for fold in folds), key=len)
    reached = np.array([len(fold["epoch"]) for fold in folds])
    half = int(np.sort(reached)[len(folds) // 2])
    means = {}
    for name in names:
        padded = np.full((len(folds), longest), np.nan)
        for row, fold in zip(padded, folds, strict=True):
            values = fold.get(name, row[:0])
            row[: len(values)] = values
        counts = np.isfinite(padded).sum(axis=0)
        mean = np.nansum(padded, axis=0) / np.where(counts > 0, counts, np.nan)
        means[name] = mean[:half]
    return MeanCurves(longest, epochs[:half], means)


def averaged(values: Array, step: int) -> Array:
    """Average each `step` values that follow one another; the last mean may have fewer."""
    if step == 1:
        return values
    starts = np.arange(0, len(values), step)
    return np.asarray(np.add.reduceat(values, starts) / np.diff([*starts, len(values)]))
