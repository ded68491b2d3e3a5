"""Features brought to one scale."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn.preprocessing import StandardScaler

from merbench_plugins.models._scaling import FeatureScaler


def test_ranks_of_a_worked_example():
    """Of 4 clips, half of those equal count as below: (0.5, 2, 2, 3.5) / 4."""
    X = np.array([[1.0], [2.0], [2.0], [5.0]])
    scaler = FeatureScaler("rank").fit(X)
    centred = np.array([-0.375, 0, 0, 0.375])
    norm = np.sqrt(np.mean(centred**2))
    np.testing.assert_allclose(scaler.transform(X)[:, 0], centred / norm)
    new = scaler.transform(np.array([[0.0], [1.5], [2.0], [9.0]]))[:, 0]
    np.testing.assert_allclose(new, np.array([-0.5, -0.25, 0, 0.5]) / norm)


@settings(deadline=None)
@given(
    arrays.arrays(np.float64, (12, 3), elements=st.integers(-40, 40)),
    st.sampled_from([lambda x: x**3, np.exp, lambda x: 1e6 * x + 7]),
)
def test_ranks_survive_any_monotone_change_of_unit(X, change):
    before = FeatureScaler("rank").fit(X).transform(X)
    np.testing.assert_array_equal(before, FeatureScaler("rank").fit(change(X)).transform(change(X)))


@pytest.mark.parametrize("scaling", ["rank", "standard"])
@pytest.mark.parametrize("d", [1, 7, 500])
def test_training_clips_have_a_mean_squared_norm_of_one(scaling, d):
    X = np.random.default_rng(d).standard_normal((30, d)) * np.logspace(-3, 4, d) + 5
    scaled = FeatureScaler(scaling).fit(X).transform(X)
    np.testing.assert_allclose((scaled**2).sum(axis=1).mean(), 1)
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-12)


def test_standard_is_scikit_learns_but_for_the_norm():
    X = np.random.default_rng(0).standard_normal((30, 16)) * 9 + 4
    ours = FeatureScaler("standard").fit(X).transform(X[:5])
    np.testing.assert_allclose(ours * 4, StandardScaler().fit(X).transform(X[:5]))


@pytest.mark.parametrize("scaling", ["rank", "standard"])
@pytest.mark.parametrize("constant", [0.0, 0.1, 123456.789])
def test_constant_features_are_silent_even_where_a_test_clip_differs(scaling, constant):
    X = np.random.default_rng(0).standard_normal((30, 3)).astype(np.float32)
    X[:, 1] = constant
    test = X[:4].copy()
    test[:, 1] = constant + 3
    scaler = FeatureScaler(scaling).fit(X)
    scaled = scaler.transform(test)
    np.testing.assert_array_equal(scaled[:, 1], 0)
    np.testing.assert_array_equal(scaled, scaler.transform(X[:4]))


@pytest.mark.parametrize("scaling", ["rank", "standard", "scalar"])
def test_nothing_but_constants_is_nothing(scaling):
    X = np.full((5, 3), 2.5)
    np.testing.assert_array_equal(FeatureScaler(scaling).fit(X).transform(X), 0)


def test_no_outlier_leaves_the_ranks():
    X = np.random.default_rng(0).standard_normal((50, 4))
    scaler = FeatureScaler("rank").fit(X)
    huge = scaler.transform(np.full((1, 4), 1e30))
    assert np.abs(huge).max() < 1.1 * np.abs(scaler.transform(X)).max()


def test_features_of_unit_variance_are_scikit_learn_s_standard_scaling():
    X = np.random.default_rng(0).standard_normal((50, 6)) * [1, 10, 1e3, 0, 5, 2] + 7
    scaled = FeatureScaler("standard", unit="feature").fit(X).transform(X)
    np.testing.assert_allclose(scaled, StandardScaler().fit_transform(X), atol=1e-9)
    ranks = FeatureScaler("rank", unit="feature").fit(X).transform(X)
    assert np.mean(ranks[:, [0, 1, 2, 4, 5]] ** 2) == pytest.approx(1)


def test_scalar_is_one_mean_and_one_deviation_of_everything():
    X = np.random.default_rng(0).standard_normal((50, 6)) * [1, 10, 1e3, 0, 5, 2] + 7
    scaler = FeatureScaler("scalar", unit="feature").fit(X)
    np.testing.assert_allclose(scaler.transform(X), (X - X.mean()) / X.std())
    np.testing.assert_allclose(scaler.transform(X[:5] + 3), (X[:5] + 3 - X.mean()) / X.std())
    clips = FeatureScaler("scalar").fit(X).transform(X)
    np.testing.assert_allclose((clips**2).sum(axis=1).mean(), 1)
