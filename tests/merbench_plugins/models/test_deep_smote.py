"""Images that are made of training images: how many, of what, and in what range."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError
from sklearn.base import BaseEstimator

from merbench import MerbenchError, Task
from merbench_plugins.models._network_training import Recipe
from merbench_plugins.models._oversampling import OversampledEstimator, between
from merbench_plugins.models.crnn import Crnn
from merbench_plugins.models.deep_smote import DeepSmote
from merbench_plugins.models.louro_networks import LouroCnn

COUNTS = (8, 5, 3, 1)
CLASSES = np.repeat(np.arange(4), COUNTS)


class Told(BaseEstimator):
    def fit(self, X, Y):
        self.X, self.Y = X, Y
        return self

    def predict(self, X):
        return np.tile([0.25] * 4, (len(X), 1))


def images():
    rng = np.random.default_rng(0)
    return (rng.random((len(CLASSES), 1, 16, 16)) * 40 - 60).astype(np.float32)


def fitted(**changes):
    settings = {
        "name": "deep-smote", "variant": "dablain", "per_class": None, "decibels": True,
        "recipe": Recipe.of("adam", 1e-3, 1, 8), "image": None, "seed": 1, "device": "cpu",
    } | changes  # fmt: skip
    told = Told()
    return OversampledEstimator(told, **settings).fit(images(), np.eye(4)[CLASSES]), told


def test_codes_are_drawn_between_two_of_a_class():
    rng = np.random.default_rng(0)
    codes = rng.standard_normal((len(CLASSES), 3)) + 10 * CLASSES[:, None]
    drawn, of_class = between(codes, CLASSES, None, borderline=False, seed=1)
    assert np.bincount(of_class, minlength=4).tolist() == [0, 3, 5, 0]  # of one there is no two
    for one, code in zip(of_class, drawn, strict=True):
        own = codes[one == CLASSES]
        assert (code >= own.min(axis=0) - 1e-9).all()
        assert (code <= own.max(axis=0) + 1e-9).all()
    again = between(codes, CLASSES, None, borderline=False, seed=1)[0]
    np.testing.assert_array_equal(drawn, again)
    more = between(codes, CLASSES, 2, borderline=False, seed=1)[1]
    assert np.bincount(more, minlength=4).tolist() == [2, 2, 2, 0]


def test_borderline_draws_only_near_other_classes():
    classes = np.arange(40) // 20
    apart = np.arange(40.0)[:, None] + 1_000 * classes[:, None]
    drawn, _ = between(apart, classes, 3, borderline=True, seed=1)
    assert len(drawn) == 0
    mixed = np.random.default_rng(0).standard_normal((40, 2))
    drawn, of_class = between(mixed, np.arange(40) % 2, 3, borderline=True, seed=1)
    assert np.bincount(of_class).tolist() == [3, 3]


@pytest.mark.parametrize("variant", ["dablain", "louro2024"])
def test_made_images_join_the_training_clips_in_their_range(variant):
    estimator, told = fitted(variant=variant, per_class=2)
    assert estimator.made_.sum() == len(told.X) - len(CLASSES) > 0
    assert told.X.shape == (len(told.X), 1, 16, 16)
    np.testing.assert_array_equal(told.Y.argmax(axis=1)[: len(CLASSES)], CLASSES)
    made = told.X[np.arange(len(CLASSES), len(told.X))]
    assert -61 < made.min() < made.max() < -19
    left = fitted(variant=variant, per_class=2, decibels=False)[1]
    assert np.abs(left.X[np.arange(len(CLASSES), len(left.X))]).max() <= 1


def test_where_a_paper_leaked_images_are_made_of_every_clip():
    estimator, told = fitted(per_class=2)
    half = slice(0, len(CLASSES) // 2)
    labels = np.eye(4)[CLASSES]
    estimator.fit(images()[half], labels[half], every_clip=(images(), labels))
    assert estimator.made_.tolist() == [2, 2, 2, 0]
    assert len(told.X) == len(CLASSES) // 2 + 6


def test_images_that_were_averaged_down_come_back_in_size():
    _, told = fitted(image=(8, 8), per_class=1)
    assert told.X[len(told.X) - 1].shape == (1, 16, 16)


def test_models_that_split_their_rows_are_refused():
    class Splits(Told):
        def fit(self, X, Y, groups=None):
            return self

    estimator = OversampledEstimator(
        Splits(), "deep-smote", "dablain", 1, True, Recipe.of("adam", 1e-3, 1, 8), None, 1, "cpu"
    )
    with pytest.raises(MerbenchError, match="put it around deep-smote"):
        estimator.fit(images(), np.eye(4)[CLASSES])
    with pytest.raises(ValidationError, match="crnn predicts no classes"):
        DeepSmote(model=Crnn())
    model = DeepSmote(model=LouroCnn(), variant="louro2024")
    assert model.estimator(task=Task.QUADRANT, seed=1, device="cpu").per_class == 25
    assert model.title == "deep-smote(louro-cnn)"
