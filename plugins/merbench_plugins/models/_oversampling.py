"""Making images of classes between the codes of training images."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from merbench import MerbenchError, fit_estimator
from merbench.components.training_rows import asks_for
from merbench_plugins.models._chosen_rows import ChosenRows
from merbench_plugins.models._classification import checked_shares
from merbench_plugins.models._encoding import Encoding, trained
from merbench_plugins.models._inner_folds import TrainingRows
from merbench_plugins.models._network_training import Recipe
from merbench_plugins.networks.autoencoder import Autoencoder

LATENT = 300
"""Numbers of a code in Dablain et al. 2023."""
NEIGHBOURS = 5
"""SMOTE's; fewer in a class of fewer images."""
_SMALL = 1e-6
"""What the ends of an image's range are multiplied by beside its code, so that they do not decide
which codes are neighbours and are yet drawn between the same two images."""


class OversampledEstimator(BaseEstimator):
    """Fits an estimator to images and to more that are made of them; see `deep_smote.DeepSmote`.

    Attributes
    ----------
    made_
        Shape (k,): images made of each class.
    curve_
        What the estimator's own training reported.
    """

    def __init__(
        self,
        estimator: Any,
        name: str,
        variant: str,
        per_class: int | None,
        decibels: bool,
        recipe: Recipe,
        image: tuple[int, int] | None,
        seed: int,
        device: str,
    ) -> None:
        self.estimator = estimator
        self.name = name
        self.variant = variant
        self.per_class = per_class
        self.decibels = decibels
        self.recipe = recipe
        self.image = image
        self.seed = seed
        self.device = device

    def fit(
        self, X: Any, Y: Any, copy_of: Any = None, every_clip: Any = None
    ) -> OversampledEstimator:
        """Fit to images, X[i] of shape (stems, bins, frames), and distributions (n, k).

        Raises
        ------
        MerbenchError
            The estimator would split its rows, or there is a single clip.
        """
        if asks_for(self.estimator):
            raise MerbenchError(
                f"{self.name}: a model that splits its training rows would part made images from "
                f"those they are made of; put it around {self.name}, not into it"
            )
        shares = checked_shares(Y, len(X))
        if len(X) < 2:
            raise MerbenchError(f"{self.name}: one clip cannot be trained on; give at least 2")
        own = np.flatnonzero(TrainingRows.of(len(X), None, copy_of).original)
        images, classes = ChosenRows(X, own), shares[own].argmax(axis=1)
        if every_clip is not None:
            images, classes = every_clip[0], every_clip[1].argmax(axis=1)
        dablain = self.variant == "dablain"
        encoding = trained(
            images,
            partial(Autoencoder, latent=LATENT, paired=True) if dablain else Autoencoder,
            self.recipe,
            image=self.image,
            classes=classes if dablain else None,
            name=self.name,
            seed=self.seed,
            device=self.device,
        )
        made, of_class = self._made(images, classes, encoding)
        self.made_ = np.bincount(of_class, minlength=shares.shape[1])
        given = np.concatenate([shares, np.eye(shares.shape[1])[of_class]])
        fit_estimator(self.estimator, ChosenRows(X, np.arange(len(X)), made), given)
        self.curve_ = getattr(self.estimator, "curve_", [])
        self.fitted_ = True
        return self

    def predict(self, X: Any) -> NDArray[np.float64]:
        """Return distributions, shape (n, k)."""
        check_is_fitted(self, "fitted_")
        return np.asarray(self.estimator.predict(X), dtype=np.float64)

    def _made(
        self, images: Any, classes: NDArray[np.intp], encoding: Encoding
    ) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
        """Return new images, (m, stems, bins, frames), and their classes (m,)."""
        reader = encoding.reader
        ends = [reader.ends(reader.read(images[i])) for i in range(len(images))]
        codes = np.concatenate([encoding.codes(images), _SMALL * np.array(ends)], axis=1)
        drawn, of_class = between(
            codes, classes, self.per_class,
            borderline=self.variant == "louro2024", seed=self.seed,
        )  # fmt: skip
        shape = np.asarray(images[0]).shape
        if not len(drawn):
            return np.empty((0, *shape), np.float32), of_class
        made = encoding.images(drawn[:, :-2])
        if self.decibels:
            low, high = (drawn[:, -2:] / _SMALL).astype(np.float32).T[..., None, None, None]
            made = low + (made + 1) / 2 * (high - low)
        if self.image is not None:  # as large as the others are
            bins, frames = (
                np.arange(length) * small // length
                for length, small in zip(shape[1:], self.image, strict=True)
            )
            made = made[:, :, bins[:, None], frames]
        return made, of_class


def between(
    codes: NDArray[np.floating[Any]],
    classes: NDArray[np.intp],
    per_class: int | None,
    *,
    borderline: bool,
    seed: int,
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Draw codes between neighbours of a class, by imbalanced-learn.

    Parameters
    ----------
    codes
        Shape (n, d).
    classes
        Shape (n,).
    per_class
        New codes of every class; None fills classes up to the largest.
    borderline
        Whether by borderline-SMOTE 2, which draws only from codes near another class's.
    seed
        Of the draws.

    Returns
    -------
    codes, classes
        Shapes (m, d) and (m,). Classes of a single code have no new ones, nor has a lone class.
    """
    from imblearn.over_sampling import SMOTE, BorderlineSMOTE

    counts = np.bincount(classes)
    largest = counts.max()
    wanted = {
        int(one): int(counts[one] + per_class if per_class else largest)
        for one in np.flatnonzero(counts > 1)
    }
    drawn: list[NDArray[np.float64]] = [np.empty((0, codes.shape[1]))]
    of_class: list[NDArray[np.intp]] = [np.empty(0, np.intp)]
    if np.count_nonzero(counts) > 1:
        for one, total in wanted.items():
            if total == counts[one]:
                continue
            settings = {
                "sampling_strategy": {one: total},
                "k_neighbors": min(NEIGHBOURS, int(counts[one]) - 1),
                "random_state": seed % 2**32,
            }
            if borderline:
                nearest = min(10, len(codes) - 1)
                sampler = BorderlineSMOTE(**settings, m_neighbors=nearest, kind="borderline-2")
            else:
                sampler = SMOTE(**settings)
            more, labels = sampler.fit_resample(codes, classes)
            drawn.append(np.asarray(more[len(codes) :], np.float64))
            of_class.append(np.asarray(labels[len(codes) :], np.intp))
    return np.concatenate(drawn), np.concatenate(of_class)
