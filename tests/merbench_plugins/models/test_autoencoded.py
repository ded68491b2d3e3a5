"""Codes of an autoencoder that is trained on training clips alone."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from merbench import Task
from merbench_plugins.models._encoding import Scaled, trained
from merbench_plugins.models._network_training import Recipe
from merbench_plugins.models.autoencoded import Autoencoded
from merbench_plugins.models.louro_networks import LouroCnn
from merbench_plugins.models.random_forest import RandomForest
from merbench_plugins.networks.autoencoder import Autoencoder


def images(n=12, seed=0):
    rng = np.random.default_rng(seed)
    bright = np.arange(n)[:, None, None, None] % 4
    return (rng.random((n, 1, 16, 16)) + bright * (np.arange(16) < 8)).astype(np.float32) - 60


def test_images_are_scaled_one_by_one():
    scaled = Scaled(None)(np.array([[[-80.0, 0.0], [-40, -20]]]))
    np.testing.assert_allclose(scaled, [[[-1, 1], [0, 0.5]]])
    assert not Scaled(None)(np.full((1, 2, 2), -80.0)).any()


def test_it_learns_to_give_images_back():
    X = images()
    recipe = Recipe.of("adam", 0.003, 25, 4)
    encoding = trained(X, Autoencoder, recipe, image=None, name="autoencoder", seed=1, device="cpu")
    assert encoding.curve[-1]["train_loss"] < 0.5 * encoding.curve[0]["train_loss"]
    codes = encoding.codes(X)
    assert codes.shape == (12, 128)
    decoded = encoding.images(codes)
    wanted = np.stack([Scaled(None)(image) for image in X])
    assert ((decoded - wanted) ** 2).mean() < 0.5 * wanted.var()


def test_a_forest_learns_from_the_codes():
    model = Autoencoded(model=RandomForest(n_estimators=20), epochs=3, batch_size=4)
    assert Task.VA in model.tasks
    estimator = model.estimator(task=Task.QUADRANT, seed=1, device="cpu")
    predicted = estimator.fit(images(24), np.eye(4)[np.arange(24) % 4]).predict(images(8, seed=1))
    assert (predicted.argmax(axis=1) == np.arange(8) % 4).mean() > 0.7
    assert len(estimator.curve_) == 3
    with pytest.raises(ValidationError, match="louro-cnn takes no vector"):
        Autoencoded(model=LouroCnn())


def test_where_a_paper_leaked_the_autoencoder_sees_every_clip():
    X, Y = images(), np.eye(4)[np.arange(12) % 4]
    model = Autoencoded(model=RandomForest(), epochs=2, image=None)

    def codes(*given):
        estimator = model.estimator(task=Task.QUADRANT, seed=1, device="cpu")
        kept = {"every_clip": given} if given else {}
        return estimator.fit(X[:8], Y[:8], **kept).encoding_.codes(X[8:])

    every = codes(X, Y)
    assert not np.array_equal(every, codes())
    np.testing.assert_array_equal(every, codes(X, Y))
