"""One classifier a class, of any model."""

from __future__ import annotations

import numpy as np
import pytest
from quadrant_models import REGISTRY, clips
from sklearn.base import BaseEstimator

from merbench import FeatureKind, Task
from merbench_plugins.models._one_vs_rest import OneVsRestClassifier

pytestmark = pytest.mark.usefixtures("one_thread")


def test_what_is_wrapped_by_one_vs_rest():
    model = REGISTRY.build("model", "one-vs-rest", {"model": "knn"})
    assert model.title == "one-vs-rest(knn)"
    assert model.inputs is FeatureKind.VECTOR
    X, Y = clips(160)
    estimator = model.estimator(task=Task.QUADRANT, seed=0, device="cpu").fit(X, Y)
    assert len(estimator.estimators_) == 4
    assert (estimator.predict(X).argmax(axis=1) == Y.argmax(axis=1)).mean() > 0.6


class Asking(BaseEstimator):
    """Asks for all that is known of its rows."""

    def fit(self, X, Y, groups, copy_of):
        self.told_ = groups, copy_of

    def predict(self, X):
        return np.full((len(X), 4), 0.25)


def test_what_is_wrapped_is_told_of_groups_and_copies():
    X, Y = np.arange(40).reshape(-1, 1), np.eye(4)[np.arange(40) % 4]
    groups, copy_of = np.full(40, "a"), np.arange(40)
    fitted = OneVsRestClassifier(Asking()).fit(X, Y, groups=groups, copy_of=copy_of)
    assert [one.told_ for one in fitted.estimators_] == [(groups, copy_of)] * 4
    np.testing.assert_allclose(fitted.predict(X), 0.25)
