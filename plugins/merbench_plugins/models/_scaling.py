"""Features of any unit and spread, brought to one scale."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

Scaling: TypeAlias = Literal["rank", "standard"]


class FeatureScaler(TransformerMixin, BaseEstimator):
    """Centre features, give them one scale, and clips a mean squared norm of 1.

    Because of that norm, penalties and kernel widths mean the same however many features, stems
    or clips there are.

    Parameters
    ----------
    scaling
        `rank`: a value becomes the share of the training clips that lie below it, those equal to
        it counted half (the mid-distribution function: Parzen, "Quantile probability and
        statistical data modeling", Statistical Science 19, 2004). No outlier reaches beyond
        the ranks, in training or in test clips, and monotone changes of unit change nothing.
        `standard`: unit variance.

    Notes
    -----
    A feature that is constant on the training clips becomes 0 on them.
    """

    def __init__(self, scaling: Scaling = "rank") -> None:
        self.scaling = scaling

    def fit(self, X: NDArray[Any], Y: Any = None) -> FeatureScaler:
        """Learn from the training clips `X`, shape (n, d); `Y` is not used."""
        if self.scaling == "rank":
            self.columns_ = np.sort(X.T, axis=1)
            raw = self._ranks(X)
        else:
            raw = X.astype(np.float64)
        self.mean_ = raw.mean(axis=0)
        deviation = raw.std(axis=0)
        # A constant column's mean is off by a rounding error, which nothing may blow up.
        varies = deviation > 1e-9 * np.maximum(np.abs(self.mean_), np.finfo(float).tiny)
        if self.scaling == "standard":
            self.scale_ = np.where(varies, deviation, 1.0) * np.sqrt(max(1, varies.sum()))
        else:
            total = np.sqrt(np.sum(deviation**2))
            self.scale_ = np.full(X.shape[1], total if total > 0 else 1.0)
        self.varies_ = varies
        return self

    def transform(self, X: NDArray[Any]) -> NDArray[np.float64]:
        """Scale clips, shape (n, d)."""
        check_is_fitted(self)
        raw = self._ranks(X) if self.scaling == "rank" else X.astype(np.float64)
        raw -= self.mean_
        raw /= self.scale_
        # What a constant feature does in a test clip says nothing that could have been learnt.
        raw[:, ~self.varies_] = 0.0
        return raw

    def _ranks(self, X: NDArray[Any]) -> NDArray[np.float64]:
        ranks = np.empty(X.shape)
        for column, (known, values) in enumerate(zip(self.columns_, X.T, strict=True)):
            below = np.searchsorted(known, values, side="left")
            ranks[:, column] = below + np.searchsorted(known, values, side="right")
        return ranks / (2 * self.columns_.shape[1])
