"""The estimator that learns from the codes of an autoencoder."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from merbench import MerbenchError, fit_estimator
from merbench_plugins.models._checked import checked_labels
from merbench_plugins.models._encoding import trained
from merbench_plugins.models._inner_folds import TrainingRows
from merbench_plugins.models._network_training import Recipe
from merbench_plugins.networks.autoencoder import Autoencoder


class EncodedEstimator(BaseEstimator):
    """Trains an autoencoder on images, and an estimator on their codes; see `Autoencoded`.

    Attributes
    ----------
    curve_
        The autoencoder's loss of every epoch.
    """

    def __init__(
        self,
        estimator: Any,
        name: str,
        recipe: Recipe,
        image: tuple[int, int] | None,
        seed: int,
        device: str,
    ) -> None:
        self.estimator = estimator
        self.name = name
        self.recipe = recipe
        self.image = image
        self.seed = seed
        self.device = device

    def fit(
        self, X: Any, Y: Any, groups: Any = None, copy_of: Any = None, every_clip: Any = None
    ) -> EncodedEstimator:
        """Fit to images, X[i] of shape (stems, bins, frames), and labels (n, columns)."""
        labels = checked_labels(Y, len(X))
        if len(X) < 2:
            raise MerbenchError(f"{self.name}: one clip cannot be trained on; give at least 2")
        known = TrainingRows.of(len(X), groups, copy_of)
        self.encoding_ = trained(
            X if every_clip is None else every_clip[0], Autoencoder, self.recipe,
            image=self.image, name=self.name, seed=self.seed, device=self.device,
        )  # fmt: skip
        self.curve_ = self.encoding_.curve
        fit_estimator(self.estimator, self.encoding_.codes(X), labels, **known.told)
        self.trials_ = getattr(self.estimator, "trials_", [])
        return self

    def predict(self, X: Any) -> NDArray[np.float64]:
        """Return the estimator's predictions, (n, columns)."""
        check_is_fitted(self, "encoding_")
        return np.asarray(self.estimator.predict(self.encoding_.codes(X)), dtype=np.float64)
