"""Scores of linear machines, as probabilities and as decisions."""

from __future__ import annotations

import numpy as np
import pytest
from quadrant_models import clips, fitted
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import RidgeClassifier, RidgeClassifierCV
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC

from merbench_plugins.models._scaling import FeatureScaler

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("svc", SVC(random_state=0)),
        ("linear-svc", LinearSVC(random_state=0)),
        ("ridge", RidgeClassifierCV(np.logspace(-3, 4, 15))),
    ],
)
def test_scores_become_probabilities_by_sigmoids_of_clips_not_fitted_to(name, plain):
    X, Y = clips(120)
    if name == "ridge":
        Z = FeatureScaler("standard").fit(X).transform(X)
    else:
        Z = StandardScaler().fit_transform(X.astype(np.float64))
    calibrated = CalibratedClassifierCV(plain, cv=StratifiedKFold(5), ensemble=False)
    expected = calibrated.fit(Z, Y.argmax(axis=1)).predict_proba(Z)
    predicted = fitted(name, X, Y, scaling="standard", smoothing=0).predict(X)
    np.testing.assert_allclose(predicted, expected, atol=1e-3)


@pytest.mark.parametrize(
    ("name", "plain", "parameters"),
    [
        ("svc", SVC(random_state=0), {}),
        ("svc", SVC(kernel="linear", random_state=0), {"kernel": "linear"}),
        ("linear-svc", LinearSVC(random_state=0), {}),
        ("ridge", RidgeClassifier(), {"alpha": 1 / 300}),
    ],
)
@pytest.mark.parametrize("smoothing", [0, 1])
def test_by_scores_accuracy_is_that_of_scikit_learn_s_own_predictions(
    name, plain, parameters, smoothing
):
    """More features than clips, as in the paper, where calibration turns many a decision over."""
    rng = np.random.default_rng(0)
    Y = np.eye(4)[np.repeat(np.arange(4), 20)]
    X = 0.1 * (Y @ rng.standard_normal((4, 300))) + rng.standard_normal((80, 300))
    train, test = np.arange(80) % 4 > 0, np.arange(80) % 4 == 0
    scaler = StandardScaler().fit(X[train])
    plain.fit(scaler.transform(X[train]), Y[train].argmax(axis=1))
    decided = plain.predict(scaler.transform(X[test]))
    settings = parameters | {"scaling": "standard", "smoothing": smoothing}
    rows = fitted(name, X[train], Y[train], probabilities="scores", **settings).predict(X[test])
    np.testing.assert_array_equal(rows.argmax(axis=1), decided)
    np.testing.assert_allclose(rows.sum(axis=1), 1)
    assert (rows > 0).all()
    calibrated = fitted(name, X[train], Y[train], **settings).predict(X[test])
    assert (calibrated.argmax(axis=1) != decided).any()
