"""ReliefF: equal to another implementation, on training clips alone."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from merbench import Task
from merbench_plugins.models._relieff import RankedEstimator, relieff
from merbench_plugins.models.louro_networks import LouroCnn
from merbench_plugins.models.ranked import Ranked
from merbench_plugins.models.support_vectors import SupportVectorClassifier, SupportVectorRegression


def telling(seed=0, n=40):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 4
    X = rng.standard_normal((n, 6))
    X[:, 0] += y
    X[:, 1] -= 0.5 * (y == 2)
    return X.round(3), y


def test_weights_equal_scikit_rebates():
    X, y = telling()
    # skrebate 0.8.4: ReliefF(n_neighbors=5).fit(X, y).feature_importances_
    known = [0.075512, 0.058728, -0.029907, -0.021057, -0.005218, 0.003016]
    np.testing.assert_allclose(relieff(X, y, 5), known, atol=1e-6)


def test_units_and_constant_features_count_for_nothing():
    X, y = telling()
    constant = np.column_stack([X * [1, 10, 1e3, 1, 1, 1], np.full(len(X), 7.0)])
    np.testing.assert_allclose(relieff(constant, y), [*relieff(X, y), 0], atol=1e-12)
    lonely = y.copy()
    lonely[0] = 4  # a class of one clip has no hit
    assert np.isfinite(relieff(X, lonely)).all()


def test_features_are_chosen_of_originals_and_given_to_the_model():
    X, y = telling()
    model = Ranked(model=SupportVectorClassifier(probabilities="scores"), keep=2)
    assert model.tasks == {Task.QUADRANT, Task.CLASSES}
    estimator = model.estimator(task=Task.QUADRANT, seed=1, device="cpu")
    assert isinstance(estimator, RankedEstimator)
    estimator.fit(X, np.eye(4)[y])
    assert set(estimator.chosen_) == {0, 1}
    other = X.copy()
    other[:, 2:] = 9
    np.testing.assert_array_equal(estimator.predict(X), estimator.predict(other))
    # Copies of noise that would be ranked first, were they ranked.
    noise = np.tile(y[:, None], 6) * np.array([0, 0, 1, 1, 0, 0])
    both, copy_of = np.concatenate([X, noise]), np.tile(np.arange(len(X)), 2)
    estimator.fit(both, np.eye(4)[np.tile(y, 2)], copy_of=copy_of)
    assert set(estimator.chosen_) == {0, 1}
    # Where a paper ranked on all clips, others decide.
    estimator.fit(X, np.eye(4)[y], every_clip=(noise.astype(np.float32), np.eye(4)[y]))
    assert set(estimator.chosen_) == {2, 3}


def test_it_takes_models_of_vectors_and_classes():
    for model in (LouroCnn(), SupportVectorRegression()):
        with pytest.raises(ValidationError, match=model.name):
            Ranked(model=model)
