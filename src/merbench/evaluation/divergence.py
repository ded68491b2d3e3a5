"""How far a predicted emotion lies from the truth: Kullback-Leibler divergences, in nats.

Every function takes and returns arrays of float64 and works on all clips at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from merbench.errors import MerbenchError

__all__ = [
    "PROBABILITY_FLOOR",
    "STD_FLOOR",
    "VALENCE_AND_AROUSAL",
    "Divergence",
    "categorical_kl",
    "gaussian_kl",
]

Array = NDArray[np.float64]

VALENCE_AND_AROUSAL = ("valence_mean", "arousal_mean", "valence_std", "arousal_std")
"""The columns of a normal distribution over valence and arousal, in their order."""

STD_FLOOR = 1e-3
"""Smallest predicted standard deviation that counts as it stands, on the [0, 1] scale.

It keeps a prediction of exactly 0 from being infinitely wrong and forgives nothing: a thousandth
of the scale is finer than listeners answer (a nine-point scale has steps of 0.125) and two orders
below the spread of real ratings, so a clip that meets the floor still costs thousands of nats.
"""

PROBABILITY_FLOOR = 1e-6
"""Smallest predicted probability that counts as it stands, before a row is renormalised.

A class that was called impossible and is true costs 13.8 nats instead of infinitely many.
"""

SUM_TOLERANCE = 1e-3
"""How far a row of probabilities may be from 1 before it is taken for something else."""

_LARGEST = 1e100
"""Beyond it squares overflow; no label or prediction on [0, 1] is anywhere near."""

_NAMED_ROWS = 3


class Divergence(NamedTuple):
    """KL of every clip, and what had to be done to the predictions to have it."""

    kl: Array
    """(n,), nats, at least 0."""
    n_nonpositive: int
    """Predicted standard deviations (of 2n) at or below 0. Negative probabilities are refused."""
    n_floored: int
    """Predicted standard deviations (of 2n), or probabilities (of kn), raised to the floor."""


def gaussian_kl(
    truth: ArrayLike, predicted: ArrayLike, *, ids: Sequence[str] | None = None
) -> Divergence:
    """KL[P_truth || Q_predicted] of bivariate normals without covariance, in nats.

    Nguyen et al. (2022), "Predicting Perceived Music Emotions with Respect to Instrument
    Combinations", Equations 1 and 2. It is the sum over valence and arousal of

        1/2 [ (m_q - m_p)^2 / s_q^2  +  s_p^2 / s_q^2  -  1  -  ln(s_p^2 / s_q^2) ]

    Predicted standard deviations enter by magnitude, at least `STD_FLOOR`. Both ways of being
    mended are counted, because they are the model's failures and not the evaluator's.

    Parameters
    ----------
    truth, predicted
        Shape (n, 4), columns valence_mean, arousal_mean, valence_std, arousal_std, on [0, 1].
    ids
        The clips' names for error messages; by default their row numbers, from 0.

    Raises
    ------
    MerbenchError
        For a wrong shape, a number that is not finite, or a true standard deviation at or below 0.
    """
    truth, predicted = check_normals(truth, predicted, VALENCE_AND_AROUSAL, ids)
    true_mean, true_std = truth[:, :2], truth[:, 2:]
    mean, std = predicted[:, :2], predicted[:, 2:]
    magnitude = np.maximum(np.abs(std), STD_FLOOR)
    ratio = true_std / magnitude
    terms = ((mean - true_mean) / magnitude) ** 2 + ratio**2 - 1 - 2 * np.log(ratio)
    # Rounding may leave a term that is 0 a few 1e-17 below it.
    kl = np.maximum(0.5 * terms.sum(axis=1), 0.0)
    return Divergence(kl, int((std <= 0).sum()), int((np.abs(std) < STD_FLOOR).sum()))


def categorical_kl(
    truth: ArrayLike, predicted: ArrayLike, *, ids: Sequence[str] | None = None
) -> Divergence:
    """KL[P_truth || Q_predicted] of distributions over quadrants, or other classes, in nats.

    The sum over classes of p ln(p / q) (Kullback and Leibler 1951), which is the log loss where
    the truth is one-hot. Predicted probabilities are raised to `PROBABILITY_FLOOR` and every row
    is divided by its sum.

    Parameters
    ----------
    truth, predicted
        Shape (n, k), a column a class.
    ids
        The clips' names for error messages; by default their row numbers, from 0.

    Raises
    ------
    MerbenchError
        For a wrong shape, a number that is not finite, a negative probability, or a row whose sum
        is more than 0.001 from 1: such a row is no distribution, and scaling it would invent one.
    """
    truth, predicted = check_shares(truth, predicted, (), ids)
    p = truth / truth.sum(axis=1, keepdims=True)
    q = np.maximum(predicted, PROBABILITY_FLOOR)
    q /= q.sum(axis=1, keepdims=True)
    ratio = np.divide(p, q, out=np.ones_like(p), where=p > 0)
    kl = (p * np.log(ratio)).sum(axis=1)
    return Divergence(np.maximum(kl, 0.0), 0, int((predicted < PROBABILITY_FLOOR).sum()))


def check_normals(
    truth: ArrayLike, predicted: ArrayLike, columns: Sequence[str], ids: Sequence[str] | None
) -> tuple[Array, Array]:
    """Return both as float64, or say which rows are no normal distributions and why.

    Parameters
    ----------
    truth, predicted
        Shape (n, 4): two columns of means, then two of standard deviations.
    columns
        Names of the four columns.
    ids
        The clips' names for error messages; by default their row numbers, from 0.
    """
    truth, predicted = _check_numbers(truth, predicted, columns, ids)
    bad = np.zeros_like(truth, bool)
    bad[:, 2:] = truth[:, 2:] <= 0
    _refuse(
        bad,
        "true standard deviation not above 0",
        "a clip all raters agree on is no distribution: leave it out or correct its label",
        columns,
        ids,
    )
    return truth, predicted


def check_shares(
    truth: ArrayLike, predicted: ArrayLike, columns: Sequence[str], ids: Sequence[str] | None
) -> tuple[Array, Array]:
    """Return both as float64, or say which rows are no distributions over classes and why.

    Parameters
    ----------
    truth, predicted
        Shape (n, k): a column a class.
    columns
        Names of the k classes; empty where any number of classes is taken.
    ids
        The clips' names for error messages; by default their row numbers, from 0.
    """
    truth, predicted = _check_numbers(truth, predicted, columns, ids)
    for what, rows in (("true", truth), ("predicted", predicted)):
        _refuse(rows < 0, f"{what} probability below 0", "give probabilities", columns, ids)
        off = np.abs(rows.sum(axis=1) - 1) > SUM_TOLERANCE
        _refuse(off, f"{what} probabilities do not add up to 1", "normalise them", columns, ids)
    return truth, predicted


def _check_numbers(
    truth: ArrayLike, predicted: ArrayLike, columns: Sequence[str], ids: Sequence[str] | None
) -> tuple[Array, Array]:
    truth, predicted = np.asarray(truth, np.float64), np.asarray(predicted, np.float64)
    width = len(columns) or (truth.shape[1] if truth.ndim == 2 else 0)
    of = f"one column each of {', '.join(columns)}" if columns else "one column a class"
    for what, rows in (("truth", truth), ("predictions", predicted)):
        if rows.ndim != 2 or rows.shape[1] != width:
            shape = f"(clips, {width})" if width else "(clips, classes)"
            raise MerbenchError(f"{what} must have the shape {shape}, {of}; this has {rows.shape}")
    if len(truth) != len(predicted):
        raise MerbenchError(
            f"there are {len(truth)} rows of truth and {len(predicted)} of predictions; "
            "give one of each a clip"
        )
    if not len(truth):
        raise MerbenchError("there is no clip to score; give at least one")
    for what, rows in (("truth", truth), ("predictions", predicted)):
        # Written so that NaN fails it too.
        bad = ~(np.abs(rows) < _LARGEST)
        _refuse(bad, f"{what} not finite or beyond 1e100", "score finite numbers", columns, ids)
    return truth, predicted


def _refuse(
    bad: NDArray[np.bool_],
    what: str,
    remedy: str,
    columns: Sequence[str],
    ids: Sequence[str] | None,
) -> None:
    """Raise for the rows (n,), or the cells (n, k), that are marked bad."""
    if not bad.any():
        return
    cells = bad.reshape(len(bad), -1)
    if bad.ndim == 2:
        places = np.flatnonzero(cells.any(axis=0))
        names = [columns[i] if columns else f"class {i + 1}" for i in places.tolist()]
        what = f"{what} in {', '.join(names)}"
    rows = np.flatnonzero(cells.any(axis=1))
    names = [str(row if ids is None else ids[row]) for row in rows[:_NAMED_ROWS]]
    more = f" and {len(rows) - _NAMED_ROWS} more" if len(rows) > _NAMED_ROWS else ""
    noun = ("row" if ids is None else "clip") + ("s" if len(rows) > 1 else "")
    raise MerbenchError(f"{what} ({noun} {', '.join(names)}{more}): {remedy}")
