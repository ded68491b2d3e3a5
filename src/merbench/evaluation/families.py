"""A family of comparisons: p-values corrected so that errors stay rare in all of it together."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["holm", "holm_within"]

Array = NDArray[np.float64]


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


def holm_within(p_values: ArrayLike, family: ArrayLike) -> Array:
    """Adjust the p-values of several families of tests, each by itself.

    Parameters
    ----------
    p_values
        Shape (m,).
    family
        Shape (m,): the number of each test's family.

    Returns
    -------
    ndarray
        Shape (m,).
    """
    p, of = np.asarray(p_values, np.float64), np.asarray(family)
    adjusted = np.empty_like(p)
    for one in np.unique(of):
        adjusted[of == one] = holm(p[of == one])
    return adjusted
