"""Families of comparisons: p-values corrected so that errors stay rare in the family as a whole."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from merbench.evaluation.paired_scores import Scores

__all__ = ["DRAWS", "holm", "step_down", "step_down_draws"]

Array = NDArray[np.float64]

DRAWS = 4999
"""Draws of the families' largest differences."""

_CHUNK = 2**22


def holm(p_values: ArrayLike) -> Array:
    """Adjust the p-values of a family of tests by Holm's step-down method.

    Holm (1979), "A simple sequentially rejective multiple test procedure". A NaN is a test that
    could not be made: it stays NaN and doesn't count towards the family.

    Parameters
    ----------
    p_values
        Shape (m,), in any order.

    Returns
    -------
    ndarray
        Shape (m,), in the same order; none below the p-value it comes from, none above 1.
    """
    p = np.asarray(p_values, np.float64)
    adjusted = np.full(p.shape, np.nan)
    made = np.flatnonzero(~np.isnan(p))
    order = made[np.argsort(p[made], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * factors), 1.0)
    return adjusted


def step_down(
    scores: Scores,
    a: NDArray[np.intp],
    b: NDArray[np.intp],
    p_values: ArrayLike,
    *,
    seed: int = 0,
    draws: int = DRAWS,
) -> Array:
    """Adjust the p-values of a family of pairs, allowing for what the pairs have in common.

    Pairs share cells, and cells stumble over the same clips, so that the tests of a family are far
    from independent: of 66 pairs among twelve cells, Holm's correction pays for 66. Step-down
    max-t (Romano and Wolf 2005, "Exact and approximate stepdown methods for multiple hypothesis
    testing") asks how large the largest of the remaining family would be by chance. Chance is
    drawn over groups: each group's deviation from a pair's mean difference is multiplied by one
    normal number, the same for all pairs (the multiplier bootstrap; Chernozhukov, Chetverikov and
    Kato 2013), so that pairs are correlated as they are over groups. Compared are p-values, for
    degrees of freedom differ from pair to pair. Holm's value is kept where it is the smaller one,
    as where no draw comes near a difference.

    Parameters
    ----------
    scores
        The cells.
    a, b
        Shape (m,): places of the pairs' cells.
    p_values
        Shape (m,): of each pair by itself; NaN where there is none, and then there is none here.
    seed, draws
        Of the chance.

    Returns
    -------
    ndarray
        Shape (m,); none below the p-value it comes from, none above 1.
    """
    weight = np.bincount(scores.group_index) / len(scores.fold)
    deviations = scores.group_test_means - (scores.group_test_means * weight).sum(axis=1)[:, None]
    deviations = deviations * weight / np.sqrt(np.maximum(1 - weight, 1e-300))
    chance = np.random.default_rng(seed).standard_normal((len(weight), draws))
    return step_down_draws(deviations @ chance, a, b, p_values)


def step_down_draws(
    drawn: Array, a: NDArray[np.intp], b: NDArray[np.intp], p_values: ArrayLike
) -> Array:
    """Adjust the p-values of a family of pairs, as `step_down` does, by draws made elsewhere.

    Parameters
    ----------
    drawn
        Shape (K, B): what chance adds to each cell, in each of B draws.
    a, b, p_values
        As `step_down` has them.
    """
    p = np.asarray(p_values, np.float64)
    adjusted = holm(p)
    made = np.flatnonzero(~np.isnan(p))
    if len(made) < 2:
        return adjusted
    draws = drawn.shape[1]
    order = made[np.argsort(p[made], kind="stable")]
    bound = -special.ndtri(p[order] / 2)
    most, count = np.zeros(draws), np.empty(len(order))
    step = max(1, _CHUNK // draws)
    for end in range(len(order), 0, -step):  # from the least significant pair
        part = order[max(0, end - step) : end]
        moved = drawn[a[part]] - drawn[b[part]]
        spread = np.sqrt((moved**2).mean(axis=1))
        size = np.abs(moved, out=moved)
        size /= np.where(spread > 0, spread, np.inf)[:, None]
        for place in range(len(part) - 1, -1, -1):
            np.maximum(most, size[place], out=most)
            at = end - len(part) + place
            count[at] = np.count_nonzero(most >= bound[at])
    stepped = np.maximum.accumulate((1 + count) / (1 + draws))
    adjusted[order] = np.minimum(adjusted[order], np.maximum(stepped, p[order]))
    return adjusted
