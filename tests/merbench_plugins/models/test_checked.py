"""What models of vectors refuse."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.dummy import DummyRegressor

from merbench import MerbenchError
from merbench_plugins.models._checked import CheckedRegressor, count_clips

X = np.random.default_rng(0).standard_normal((6, 3)).astype(np.float32)
Y = np.random.default_rng(1).random((6, 4))


def broken(array, value):
    array = array.copy()
    array[2, 1] = value
    return array


@pytest.mark.parametrize(
    ("features", "labels", "message"),
    [
        (broken(X, np.nan), Y, "features are NaN or infinite, the first in row 2, column 1"),
        (X, broken(Y, np.inf), "labels are NaN or infinite, the first in row 2, column 1"),
        (X, Y[:5], "5 rows of labels for 6 training clips"),
        (X[:0], Y[:0], "at least one clip"),
        (X, Y[:, 0], r"labels must be an array of shape \(clips, columns\), not \(6,\)"),
        (X[:, :0], Y, r"not \(6, 0\)"),
        (X[:, :, np.newaxis], Y, "a feature that is a vector"),
    ],
)
def test_unsound_training_clips_are_refused(features, labels, message):
    with pytest.raises(MerbenchError, match=message):
        CheckedRegressor(DummyRegressor()).fit(features, labels)


def test_unsound_test_clips_are_refused():
    fitted = CheckedRegressor(DummyRegressor()).fit(X, Y)
    with pytest.raises(MerbenchError, match="2 features and the training clips had 3"):
        fitted.predict(X[:, :2])
    with pytest.raises(MerbenchError, match="features are NaN"):
        fitted.predict(broken(X, np.nan))


def test_sound_ones_reach_the_regressor():
    inner = DummyRegressor()
    fitted = CheckedRegressor(inner).fit(X, Y)
    predicted = fitted.predict(X)
    assert predicted.dtype == np.float64
    np.testing.assert_allclose(predicted, np.tile(Y.mean(axis=0), (6, 1)))
    assert not hasattr(inner, "constant_"), "it fits a clone"


def test_clips_are_counted_whatever_holds_them():
    assert count_clips(X) == count_clips((X, Y)) == count_clips([1] * 6) == 6
    with pytest.raises(MerbenchError, match=r"have \[5, 6\] rows"):
        count_clips((X, Y[:5]))
