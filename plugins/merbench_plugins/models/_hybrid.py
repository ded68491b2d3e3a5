"""Training two networks apart, and a third on what both make of a clip."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted
from torch import nn

from merbench_plugins.models._checked import checked_features, count_clips
from merbench_plugins.models._chosen_rows import ChosenRows
from merbench_plugins.models._classification import checked_shares
from merbench_plugins.models._inner_folds import TrainingRows
from merbench_plugins.models._network_classifier import AsIs, Averaged, NetworkClassifier
from merbench_plugins.models._network_training import Recipe
from merbench_plugins.models._training import own_randomness
from merbench_plugins.networks.hybrid import AugmentedCnn, HandCraftedNetwork, JoinedNetwork


class HybridClassifier(BaseEstimator):
    """Trains a `JoinedNetwork` of two inputs, images and vectors; see `hybrid.LouroHybrid`.

    Parameters
    ----------
    name
        Of the model, for errors.
    recipes
        Of the dense network, the convolutions, and what joins them.
    pretrained
        Whether the convolutions are trained apart, or with what joins.
    image
        Bins and frames that images are averaged down to.
    seed, device
        See `Model.estimator`.

    Attributes
    ----------
    curve_
        Loss and accuracy of every epoch of the last of the three trainings.
    """

    def __init__(
        self,
        name: str,
        recipes: tuple[Recipe, ...],
        pretrained: bool,
        image: tuple[int, int] | None,
        seed: int,
        device: str,
    ) -> None:
        self.name = name
        self.recipes = recipes
        self.pretrained = pretrained
        self.image = image
        self.seed = seed
        self.device = device

    def fit(self, X: Any, Y: Any, copy_of: Any = None) -> HybridClassifier:
        """Train on (images, vectors) and distributions (n, k); copies train convolutions alone."""
        n = count_clips(X)
        shares = checked_shares(Y, n)
        images, vectors = X[0], checked_features(X[1])
        own = np.flatnonzero(TrainingRows.of(n, None, copy_of).original)
        image = AsIs() if self.image is None else Averaged(self.image)
        dense = self._classifier(HandCraftedNetwork, {}, (AsIs(),), 0)
        dense.fit(vectors[own], shares[own])
        if self.pretrained:
            seeing = self._classifier(AugmentedCnn, {}, (image,), 1).fit(images, shares).network_
        else:
            with own_randomness(self.seed, self.device):
                seeing = AugmentedCnn(image(images[0]).shape, shares.shape[1])
        options = {"images": seeing, "vectors": dense.network_, "frozen": self.pretrained}
        self.joined_ = self._classifier(JoinedNetwork, options, (image, AsIs()), 2)
        self.joined_.fit((ChosenRows(images, own), vectors[own]), shares[own])
        self.curve_ = self.joined_.curve_
        return self

    def predict(self, X: Any) -> NDArray[np.float64]:
        """Return distributions, shape (n, k)."""
        check_is_fitted(self, "joined_")
        return self.joined_.predict((X[0], checked_features(X[1])))

    def _classifier(
        self, network: Callable[..., nn.Module], options: dict[str, Any], readers: Any, stage: int
    ) -> NetworkClassifier:
        keep = any(isinstance(reader, Averaged) for reader in readers)
        return NetworkClassifier(
            self.name, network, options, readers, self.recipes[stage],
            keep=keep, seed=self.seed, device=self.device,
        )  # fmt: skip
