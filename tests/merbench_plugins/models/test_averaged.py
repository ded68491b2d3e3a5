"""Several models' predictions, averaged."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from merbench import FeatureKind, Task
from merbench_plugins.models.averaged import AveragedModels
from merbench_plugins.models.calibrated import Calibrated
from merbench_plugins.models.crnn import Crnn
from merbench_plugins.models.linear_classifiers import LogisticRegression
from merbench_plugins.models.neighbours import NearestNeighbours
from merbench_plugins.models.ridge import Ridge
from merbench_plugins.models.support_vectors import SupportVectorRegression


def data():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((24, 5)).astype(np.float32)
    return X, np.eye(4)[(X[:, 0] > 0) * 2 + (X[:, 1] > 0)]


def test_it_predicts_the_mean_of_what_each_predicts():
    X, Y = data()
    alone = [LogisticRegression(), NearestNeighbours()]
    averaged = AveragedModels(models=alone)
    assert averaged.title == "averaged(logistic-regression, knn)"
    assert averaged.inputs is FeatureKind.VECTOR
    assert averaged.tasks == LogisticRegression().tasks & NearestNeighbours().tasks
    fitted = averaged.estimator(task=Task.QUADRANT, seed=1, device="cpu").fit(X, Y)
    each = [
        one.estimator(task=Task.QUADRANT, seed=1, device="cpu").fit(X, Y).predict(X)
        for one in alone
    ]
    np.testing.assert_allclose(fitted.predict(X), np.mean(each, axis=0))
    np.testing.assert_allclose(fitted.predict(X).sum(axis=1), 1)


def test_each_is_told_of_its_rows_what_it_asks_for():
    X, _ = data()
    Y = np.column_stack([X[:, :2], np.full((24, 2), 0.1)]) * 0.1 + 0.5
    groups = np.repeat(np.arange(6), 4).astype(str)
    model = AveragedModels(models=[Ridge(), Calibrated(model=Ridge(), folds=3)])
    fitted = model.estimator(task=Task.VA, seed=1, device="cpu").fit(X, Y, groups=groups)
    assert fitted.predict(X).shape == (24, 4)
    with pytest.raises(Exception, match="all of one group"):
        model.estimator(task=Task.VA, seed=1, device="cpu").fit(X, Y, groups=groups[:1].repeat(24))


def test_settings_are_those_of_each_by_its_number():
    model = AveragedModels(models=[Ridge(), Calibrated(model=SupportVectorRegression(C=2.0))])
    assert model.settings == {"models": {"2": {"model": {"C": 2.0}}}}
    assert not AveragedModels(models=[Ridge(), Ridge()]).settings


def test_what_cannot_be_averaged_is_said():
    with pytest.raises(ValidationError, match="ridge and crnn take different features"):
        AveragedModels(models=[Ridge(), Crnn()])
    with pytest.raises(ValidationError, match=r"no task that all of logistic-regression, svr can"):
        AveragedModels(models=[LogisticRegression(), SupportVectorRegression()])
    with pytest.raises(ValidationError, match="at least 2"):
        AveragedModels(models=[Ridge()])
