"""Features of any unit and spread, brought to one scale."""

from __future__ import annotations

import math
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

Floats = NDArray[np.float64]

Scaling: TypeAlias = Literal["rank", "standard", "scalar", "none"]
Unit: TypeAlias = Literal["clip", "feature"]


class FeatureScaler(TransformerMixin, BaseEstimator):
    """Centre features, give them one scale, and clips a mean squared norm of 1.

    Because of that norm, penalties and kernel widths mean the same however many features, stems
    or clips there are. With `unit="feature"` it is the number of features that vary, as
    scikit-learn's defaults expect.

    Parameters
    ----------
    scaling
        `rank`: a value becomes the share of the training clips that lie below it, those equal to
        it counted half (the mid-distribution function: Parzen, "Quantile probability and
        statistical data modeling", Statistical Science 19, 2004). No outlier reaches beyond
        the ranks, in training or in test clips, and monotone changes of unit change nothing.
        `standard`: unit variance. `scalar`: one mean and one deviation, of all values of all
        features, so that those of large numbers outweigh the others. `none`: values stay as they
        are.
    unit
        What has a mean square of 1: a `clip`, over all its features, or a `feature`, each by
        itself with `standard` and on average with `rank` and `scalar`.

    Notes
    -----
    A feature that is constant on the training clips becomes 0, and so it does on test clips; but
    with `scalar` its distance from the others' mean.
    """

    def __init__(self, scaling: Scaling = "rank", unit: Unit = "clip") -> None:
        self.scaling = scaling
        self.unit = unit

    def fit(self, X: NDArray[Any], Y: Any = None) -> FeatureScaler:
        """Learn from the training clips `X`, shape (n, d); `Y` is not used."""
        if self.scaling == "none":
            self.mean_, self.scale_ = np.zeros(X.shape[1]), np.ones(X.shape[1])
            return self
        if self.scaling == "scalar":
            mean, deviation = X.mean(dtype=np.float64), X.std(dtype=np.float64)
            width = math.sqrt(X.shape[1]) if self.unit == "clip" else 1.0
            varies = deviation > 1e-9 * abs(mean)
            self.mean_ = np.full(X.shape[1], mean)
            self.scale_ = np.full(X.shape[1], width * deviation if varies else np.inf)
            return self
        if self.scaling == "rank":
            self.sorted_ = np.sort(X.T, axis=1)
        raw = self._raw(X)
        self.mean_ = raw.mean(axis=0)
        spread = raw.std(axis=0)
        # The mean of a constant column is off by rounding, which nothing may blow up.
        spread[spread <= 1e-9 * np.abs(self.mean_)] = 0
        if self.scaling == "standard":
            scale = spread * np.sqrt(np.count_nonzero(spread))
        else:
            scale = np.where(spread > 0, np.sqrt(np.sum(spread**2)), 0)
        if self.unit == "feature":
            scale = scale / math.sqrt(max(1, int(np.count_nonzero(spread))))
        # A feature never seen to vary says nothing, whatever it does in a test clip.
        self.scale_ = np.where(scale > 0, scale, np.inf)
        return self

    def transform(self, X: NDArray[Any]) -> Floats:
        """Scale clips, shape (n, d)."""
        check_is_fitted(self)
        scaled = self._raw(X)  # a new array, which may be large: it is changed in place
        scaled -= self.mean_
        scaled /= self.scale_
        return scaled

    def _raw(self, X: NDArray[Any]) -> Floats:
        return self._ranks(X) if self.scaling == "rank" else X.astype(np.float64)

    def _ranks(self, X: NDArray[Any]) -> Floats:
        ranks: Floats = np.empty(X.shape)
        for column, (known, values) in enumerate(zip(self.sorted_, X.T, strict=True)):
            below = np.searchsorted(known, values, side="left")
            ranks[:, column] = below + np.searchsorted(known, values, side="right")
        ranks /= 2 * self.sorted_.shape[1]
        return ranks
