"""How well people predict people: what a system's KL has to be held against.

A label is the mean and standard deviation of a finite panel of raters, so a KL of 0 is out of
reach of anyone who did not sit in that panel. Three numbers say what is within reach:

- `split_half`: one half of a clip's raters predicts the other half. It is measured, not modelled,
  but both halves know less than the whole panel, so it is larger than the others.
- `panel`: a second panel of the same size predicts the label. **A system below it predicts the
  label better than asking as many people again would**; this is the human ceiling to print beside
  a system's KL.
- `floor`: a prediction that knows the population of raters exactly. What is left is the sampling
  error of the label itself; no system's expected KL is lower.

For normal ratings from n raters the three come to somewhat more than 8/n, 4/n and 2/n nats.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from merbench.errors import MerbenchError
from merbench.evaluation.divergence import STD_FLOOR, gaussian_kl

__all__ = ["MIN_RATERS", "HumanCeiling", "human_ceiling", "label_of"]

Array = NDArray[np.float64]

MIN_RATERS = 8
"""Fewest raters whose halves have a KL with a finite expectation.

KL divides by the variance of a half. For k normal ratings the expectation of that is finite only
where k - 1 > 2, so a half needs four.
"""


@dataclass(frozen=True, eq=False)
class HumanCeiling:
    """Expected KL, in nats, of a clip's label from what people would say; (n,) each.

    NaN for clips with fewer than `MIN_RATERS` raters. `np.nanmean` over a test set compares with
    a system's `kl_mean` over the same clips.
    """

    split_half: Array
    panel: Array
    floor: Array


def label_of(ratings: ArrayLike) -> Array:
    """Make labels of raters' (valence, arousal), as datasets do.

    Parameters
    ----------
    ratings
        Shape (..., raters, 2), on [0, 1].

    Returns
    -------
    ndarray
        Shape (..., 4): means, then standard deviations of the raters at hand (divided by their
        number, not by one less).
    """
    r = np.asarray(ratings, np.float64)
    return np.concatenate([r.mean(axis=-2), r.std(axis=-2)], axis=-1)


def human_ceiling(
    ratings: Sequence[ArrayLike], *, seed: int = 0, repeats: int = 200
) -> HumanCeiling:
    """Estimate, clip by clip, how closely people predict a panel's label.

    `split_half` averages KL[half A || half B] over random halves, as in split-half reliability
    (Spearman 1910). `panel` and `floor` are bootstrap estimates (Efron 1979): the raters stand for
    the population, panels of their number are drawn from them with replacement, and KL is taken
    from one drawn panel to another, and from one drawn panel to the population.

    Where a drawn panel agrees completely, its standard deviation counts as `STD_FLOOR`, be it
    truth or prediction.

    Parameters
    ----------
    ratings
        One array (raters, 2) a clip: valence and arousal on [0, 1].
    seed
        All chance comes from it and a clip's place in the sequence.
    repeats
        Random splits, and pairs of drawn panels, a clip.

    Raises
    ------
    MerbenchError
        For ratings of a wrong shape or not on [0, 1].
    """
    if repeats < 1:
        raise MerbenchError(f"the human ceiling needs at least 1 repeat, not {repeats}")
    rows = np.full((3, len(ratings)), np.nan)
    for i, raw in enumerate(ratings):
        r = np.asarray(raw, np.float64)
        if r.ndim != 2 or r.shape[1] != 2:
            raise MerbenchError(
                f"ratings of clip {i} have shape {r.shape}; give (raters, 2), valence and arousal"
            )
        if not ((r >= 0) & (r <= 1)).all():
            raise MerbenchError(f"ratings of clip {i} are not all on [0, 1]; rescale them")
        if len(r) >= MIN_RATERS:
            rows[:, i] = _estimate(r, np.random.default_rng([seed, i]), repeats)
    return HumanCeiling(*rows)


def _estimate(ratings: Array, rng: np.random.Generator, repeats: int) -> tuple[float, ...]:
    n = len(ratings)
    shuffled = ratings[rng.random((repeats, n)).argsort(axis=1)]
    drawn, redrawn = ratings[rng.integers(n, size=(2, repeats, n))]
    population = np.broadcast_to(ratings, drawn.shape)
    pairs = (
        (shuffled[:, n // 2 :], shuffled[:, : n // 2]),
        (drawn, redrawn),
        (drawn, population),
    )
    return tuple(_mean_kl(label_of(truth), label_of(predicted)) for truth, predicted in pairs)


def _mean_kl(truth: Array, predicted: Array) -> float:
    truth[:, 2:] = np.maximum(truth[:, 2:], STD_FLOOR)
    return float(gaussian_kl(truth, predicted).kl.mean())
