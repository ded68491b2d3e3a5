"""Inference on a mean over folds that share clips.

Folds of repeated splits overlap in their training clips, and in their test clips too, so their
results are correlated, and the variance among them says too little about the variance of their
mean. `Corrected` holds a mean with a standard error that allows for it: Nadeau and Bengio's, from
the folds alone, or that of `two_sources`, which decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["POWER", "Corrected", "Posterior", "corrected"]

Array = NDArray[np.float64]

POWER = 0.8
"""Probability with which a detectable difference is found."""


class Posterior(NamedTuple):
    """Probabilities that a mean lies below, in and above a region; they add up to 1."""

    below: Array
    inside: Array
    above: Array


@dataclass(frozen=True, eq=False)
class Corrected:
    """Means over folds, with standard errors that allow for the folds' overlap.

    Parameters
    ----------
    mean, error, df
        Shape (...): the mean, its standard error, and the error's degrees of freedom. NaN for both
        of the latter where nothing tells them.
    """

    mean: Array
    error: Array
    df: Array

    @property
    def t(self) -> Array:
        """Student's t of the mean against 0.

        Infinite for a mean without any spread, 0 where that is 0.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            t = self.mean / self.error
        return np.where((self.mean == 0) & (self.error == 0), 0.0, t)

    @property
    def p(self) -> Array:
        """Two-sided p-value of `t`; NaN where the error is not known."""
        from scipy import special

        return np.asarray(2 * special.stdtr(self.df, -np.abs(self.t)))

    def interval(self, level: float = 0.95) -> tuple[Array, Array]:
        """Confidence interval of the mean: the inversion of the test."""
        from scipy import special

        half = special.stdtrit(self.df, (1 + level) / 2) * self.error
        return self.mean - half, self.mean + half

    def posterior(self, rope: float) -> Posterior:
        """Probability that the mean lies below -rope, between, and above rope.

        Corani and Benavoli (2015), "A Bayesian approach for comparing cross-validated algorithms
        on multiple data sets", Equation 7 (the correlated t-test); with a region of practical
        equivalence (ROPE) as Benavoli et al. (2017), "Time for a change", Section 3. Under a
        matching prior the posterior of the mean is Student's t around the observed mean with the
        standard error and degrees of freedom of the test.

        A mean without any spread is where it is; NaN where the error is not known.
        """
        from scipy import special

        with np.errstate(divide="ignore", invalid="ignore"):
            below = special.stdtr(self.df, (-rope - self.mean) / self.error)
            above = special.stdtr(self.df, (self.mean - rope) / self.error)
        certain = self.error == 0
        below = np.where(certain, self.mean < -rope, below)
        above = np.where(certain, self.mean > rope, above)
        return Posterior(below, 1 - below - above, above)

    def detectable(self, *, alpha: ArrayLike = 0.05, power: float = POWER) -> Array:
        """Smallest true mean that the two-sided test at `alpha` finds with probability `power`.

        From the noncentral t distribution (Cohen 1988, "Statistical power analysis for the
        behavioral sciences", Section 2.5), with the standard error of the data at hand. NaN where
        that is not known.
        """
        from scipy import special

        critical = special.stdtrit(self.df, 1 - np.asarray(alpha, np.float64) / 2)
        return np.asarray(special.nctdtrinc(self.df, 1 - power, critical) * self.error)


def corrected(values: ArrayLike, test_train_ratio: float) -> Corrected:
    """Mean over folds, with Nadeau and Bengio's standard error.

    Nadeau and Bengio (2003), "Inference for the generalization error", Section 3 (the corrected
    resampled t-test):

        t = mean(d) / sqrt((1 / J + n_test / n_train) s^2),    J - 1 degrees of freedom

    with s^2 the sample variance. n_test / n_train stands for the correlation that folds have
    because their training sets overlap.

    Parameters
    ----------
    values
        Shape (..., J), one number a fold, such as a mean difference.
    test_train_ratio
        n_test / n_train.
    """
    v = np.asarray(values, np.float64)
    folds = v.shape[-1]
    mean = np.asarray(v.mean(axis=-1)) if folds else np.full(v.shape[:-1], np.nan)
    if folds < 2:
        nothing = np.full(v.shape[:-1], np.nan)
        return Corrected(mean, nothing, nothing)
    # Equal values have a variance of 0, which the rounding of their mean would hide.
    variance = np.where(np.ptp(v, axis=-1) > 0, v.var(axis=-1, ddof=1), 0.0)
    df = np.full(v.shape[:-1], folds - 1.0)
    return Corrected(mean, np.sqrt((1 / folds + test_train_ratio) * variance), df)
