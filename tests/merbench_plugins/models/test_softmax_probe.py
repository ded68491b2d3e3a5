"""The last layers of methods 14 and 15, trained as published."""

from __future__ import annotations

import numpy as np
import pytest

from merbench import Task
from merbench_plugins.models._network_training import TwiceSoftmax
from merbench_plugins.models.softmax_probe import SoftmaxProbe


def made(**settings):
    return SoftmaxProbe(**settings).estimator(task=Task.QUADRANT, seed=1, device="cpu")


def test_recipes_are_the_papers():
    artists, mtat = made(preset="artists"), made(preset="mtat")
    (stage,) = artists.recipe.stages
    assert (stage.optimizer, stage.learning_rate, stage.epochs) == ("adam", 0.01, 200)
    assert (artists.recipe.batch_size, artists.recipe.stop_at) == (100, 0.9)
    assert [(s.learning_rate, s.epochs) for s in mtat.recipe.stages] == [
        (1e-3, 80), (1e-3, 20), (1e-4, 20), (1e-5, 80),
    ]  # fmt: skip
    assert (mtat.recipe.batch_size, mtat.recipe.weight_decay) == (16, 1e-4)
    assert mtat.criterion is TwiceSoftmax
    assert mtat.recipe.stop_at is None


@pytest.mark.parametrize(("epochs", "stages"), [(80, 1), (81, 2), (130, 4)])
def test_fewer_epochs_end_the_presets_training_early(epochs, stages):
    recipe = made(preset="mtat", epochs=epochs).recipe
    assert sum(stage.epochs for stage in recipe.stages) == epochs
    assert len(recipe.stages) == stages


def test_it_learns_from_vectors():
    y = np.arange(40) % 4
    X = np.random.default_rng(0).standard_normal((40, 8)).astype(np.float32) + 3 * np.eye(8)[y]
    probe = made(preset="artists", epochs=40).fit(X, np.eye(4)[y])
    assert (probe.predict(X).argmax(axis=1) == y).mean() > 0.8
