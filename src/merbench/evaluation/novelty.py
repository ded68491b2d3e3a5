"""How unlike the clips that a model was trained on a new clip is.

A clip is a vector of numbers. Each number is scaled by the training clips' median and quartiles,
held to ten such spreads, and vectors of more than `WIDTH` numbers are folded to that many: each
number is added to one place drawn for it, with a sign drawn for it, which keeps distances as they
are but for chance (feature hashing: Weinberger et al., ICML 2009). A new clip's distance is that to
the nearest training clip. What is usual are the training clips' own distances, each to the nearest
clip of another group, for new music is of other artists too; beyond the 99th percentile of these a
clip is unlike them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

WIDTH = 256
"""Numbers that are kept of a clip at most."""
PERCENTILE = 99.0
"""Of the training clips' own distances: what is beyond is unlike them."""
_HELD_TO = 10.0
_CLIPS_AT_ONCE = 256


@dataclass(frozen=True)
class Familiar:
    """The clips that something was trained on, as `distances` needs them.

    Attributes
    ----------
    centre, spread
        Of each number, shape (d,).
    rows
        The clips, scaled and folded, shape (n, k).
    limit
        The distance beyond which a clip is unlike them.
    """

    centre: NDArray[np.float64]
    spread: NDArray[np.float64]
    rows: NDArray[np.float64]
    limit: float

    @classmethod
    def of(cls, vectors: NDArray[Any], groups: NDArray[Any]) -> Familiar:
        """Describe training clips.

        Parameters
        ----------
        vectors
            Shape (n, d), n of 2 or more.
        groups
            Shape (n,). Where all are of one group each clip counts as a group.
        """
        numbers = np.asarray(vectors, dtype=np.float64)
        low, centre, high = np.percentile(numbers, [25, 50, 75], axis=0)
        spread = (high - low) / 1.349  # the standard deviation, of normally distributed numbers
        deviation = numbers.std(axis=0)
        spread = np.where(spread > 0, spread, np.where(deviation > 0, deviation, 1.0))
        rows = _folded(numbers, centre, spread)
        of_group = np.unique(np.asarray(groups).astype(str), return_inverse=True)[1]
        if of_group.max() == 0:
            of_group = np.arange(len(rows))
        nearest = np.empty(len(rows))
        for start in range(0, len(rows), _CLIPS_AT_ONCE):
            part = slice(start, start + _CLIPS_AT_ONCE)
            apart = _apart(rows[part], rows)
            apart[of_group[part, None] == of_group] = np.inf
            nearest[part] = apart.min(axis=1)
        return cls(centre, spread, rows, float(np.percentile(nearest, PERCENTILE)))

    def distances(self, vectors: NDArray[Any]) -> NDArray[np.float64]:
        """Return each clip's distance to the nearest training clip, shape (m,)."""
        rows = _folded(np.asarray(vectors, dtype=np.float64), self.centre, self.spread)
        parts = range(0, len(rows), _CLIPS_AT_ONCE)
        nearest = [_apart(rows[p : p + _CLIPS_AT_ONCE], self.rows).min(axis=1) for p in parts]
        return np.concatenate([np.empty(0), *nearest])


def _folded(
    vectors: NDArray[np.float64], centre: NDArray[np.float64], spread: NDArray[np.float64]
) -> NDArray[np.float64]:
    scaled = np.clip((vectors - centre) / spread, -_HELD_TO, _HELD_TO)
    width = scaled.shape[1]
    if width <= WIDTH:
        whole: NDArray[np.float64] = scaled / np.sqrt(width)
        return whole
    rng = np.random.default_rng(0)
    places, signs = rng.integers(WIDTH, size=width), rng.choice([-1.0, 1.0], size=width)
    folded = np.zeros((WIDTH, len(scaled)))
    np.add.at(folded, places, (scaled * signs).T)
    rows: NDArray[np.float64] = folded.T / np.sqrt(width)
    return rows


def _apart(some: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    squares = (some**2).sum(axis=1)[:, None] + (others**2).sum(axis=1) - 2 * some @ others.T
    distances: NDArray[np.float64] = np.sqrt(np.maximum(squares, 0.0))
    return distances
