"""One classifier a class, of any model."""

from __future__ import annotations

import pytest
from quadrant_models import REGISTRY, clips

from merbench import FeatureKind, Task

pytestmark = pytest.mark.usefixtures("one_thread")


def test_what_is_wrapped_by_one_vs_rest():
    model = REGISTRY.build("model", "one-vs-rest", {"model": "knn"})
    assert model.title == "one-vs-rest(knn)"
    assert model.inputs is FeatureKind.VECTOR
    X, Y = clips(160)
    estimator = model.estimator(task=Task.QUADRANT, seed=0, device="cpu").fit(X, Y)
    assert len(estimator.estimators_) == 4
    assert (estimator.predict(X).argmax(axis=1) == Y.argmax(axis=1)).mean() > 0.6
