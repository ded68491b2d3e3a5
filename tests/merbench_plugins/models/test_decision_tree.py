"""A decision tree is scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from quadrant_models import clips, fitted
from sklearn.tree import DecisionTreeClassifier

pytestmark = pytest.mark.usefixtures("one_thread")


def test_a_decision_tree_is_scikit_learn_s_classifier():
    X, Y = clips(120, d=2)
    predicted = fitted("decision-tree", X, Y, max_depth=3, smoothing=0).predict(X)
    expected = DecisionTreeClassifier(max_depth=3).fit(X, Y.argmax(axis=1)).predict_proba(X)
    np.testing.assert_allclose(predicted, expected, atol=1e-9)
