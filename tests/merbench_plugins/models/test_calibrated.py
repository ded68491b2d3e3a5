"""Predicted distributions set right by out-of-fold predictions."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.optimize import minimize
from sklearn.base import BaseEstimator, clone

from merbench import FeatureKind, MerbenchError, Model, Task
from merbench.evaluation import STD_FLOOR, categorical_kl, gaussian_kl
from merbench.plugins import discovery
from merbench_plugins.models._calibration import (
    CalibratedRegressor,
    best_rescaling,
    best_tempering,
)
from merbench_plugins.models.baselines import ConstantMoments
from merbench_plugins.models.calibrated import Calibrated
from merbench_plugins.models.decision_tree import DecisionTree
from merbench_plugins.models.ridge import Ridge


def predictions(n: int = 200, error: float = 0.15, seed: int = 0):
    """Truth, and predictions whose means err by `error` and whose deviations do not know it."""
    rng = np.random.default_rng(seed)
    truth = np.concatenate([rng.uniform(0.2, 0.8, (n, 2)), rng.uniform(0.1, 0.3, (n, 2))], axis=1)
    predicted = truth.copy()
    predicted[:, :2] += error * rng.standard_normal((n, 2))
    return truth, predicted


def mean_kl(truth, predicted):
    return gaussian_kl(truth, predicted).kl.mean()


def test_scale_is_the_closed_form():
    truth, predicted = predictions()
    target = truth[:, 2:] ** 2 + (truth[:, :2] - predicted[:, :2]) ** 2
    slope, constant = best_rescaling(truth, predicted, "scale")
    np.testing.assert_allclose(slope, (target / predicted[:, 2:] ** 2).mean(axis=0))
    np.testing.assert_array_equal(constant, 0)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("shuffled", [False, True])
@pytest.mark.parametrize("error", [0.0, 0.02, 0.1, 0.3])
def test_affine_is_the_optimum_that_a_search_finds(error, shuffled, seed):
    truth, predicted = predictions(30, error, seed)
    if shuffled:  # standard deviations that know nothing of their clips
        predicted[:, 2:] = np.random.default_rng(seed).permutation(predicted[:, 2:])
    slope, constant = best_rescaling(truth, predicted, "affine")
    for k in range(2):
        target = truth[:, 2 + k] ** 2 + (truth[:, k] - predicted[:, k]) ** 2

        def cost(parameters, k=k, target=target):
            variance = np.abs(parameters) @ [predicted[:, 2 + k] ** 2, np.ones(30)]
            return np.mean(np.log(variance) + target / variance) / 2

        starts = [[1, 0.01], [0.01, 0.04], [1, 0.1]]
        searched = min(minimize(cost, start, method="Nelder-Mead").fun for start in starts)
        assert slope[k] >= 0
        assert constant[k] >= 0
        assert cost([slope[k], constant[k]]) <= searched + 2e-4


def test_affine_finds_how_predictions_were_made():
    truth, predicted = predictions(4_000, error=0.15)
    slope, constant = best_rescaling(truth, predicted, "affine")
    np.testing.assert_allclose(slope, 1, atol=0.15)
    np.testing.assert_allclose(constant, 0.15**2, rtol=0.15)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 999), st.floats(0, 0.5))
def test_a_better_fit_the_freer_the_method(seed, error):
    truth, predicted = predictions(20, error, seed)
    before = mean_kl(truth, predicted)
    scaled, affine = (
        mean_kl(truth, best_rescaling(truth, predicted, m)(predicted)) for m in ("scale", "affine")
    )
    assert affine <= scaled + 1e-12 <= before + 2e-12


@pytest.mark.parametrize("method", ["scale", "affine"])
def test_standard_deviations_count_by_magnitude_with_a_floor(method):
    truth, predicted = predictions(50)
    predicted[0, 2:] = 0
    predicted[1, 2:] = -0.2
    mended = predicted.copy()
    mended[0, 2:] = STD_FLOOR
    mended[1, 2:] = 0.2
    rescaling, expected = (best_rescaling(truth, p, method) for p in (predicted, mended))
    np.testing.assert_array_equal(rescaling, expected)
    assert (rescaling(predicted)[:, 2:] > 0).all()


def test_published_predictions_gain_what_the_dossier_says(shared):
    """Nguyen et al. 2022, CRNN, mixed, fold 0: an ideal scale takes mean KL from 0.95 to 0.68."""
    table = np.genfromtxt(
        shared / "golden/nguyen2022/crnn_fold_0.csv", delimiter=",", names=True, encoding="utf-8"
    )
    truth, predicted = (
        np.stack([table[f"{prefix}_{column}"] for column in Task.VA.columns], axis=1)
        for prefix in ("gt", "mixed")
    )
    assert mean_kl(truth, predicted) == pytest.approx(0.948, abs=5e-4)
    rescaled = best_rescaling(truth, predicted, "scale")(predicted)
    assert mean_kl(truth, rescaled) == pytest.approx(0.678, abs=5e-4)


def clips(n: int = 90, seed: int = 0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, 25)).astype(np.float32)
    Y = np.full((n, 4), 0.1) + 0.01 * rng.random((n, 4))
    Y[:, :2] = 0.5 + 0.1 * X[:, :2] + 0.2 * rng.standard_normal((n, 2))
    return X, Y


def estimator(model, seed=0, **parameters):
    calibrated = Calibrated(model=model, **parameters)
    return calibrated.estimator(task=Task.VA, seed=seed, device="cpu")


@pytest.mark.parametrize("method", ["scale", "affine"])
def test_unheard_clips_are_predicted_better_with_the_same_means(method):
    X, Y = clips(400)
    train, test = slice(200), slice(200, None)
    plain = Ridge().estimator(task=Task.VA, seed=0, device="cpu").fit(X[train], Y[train])
    calibrated = estimator(Ridge(), method=method).fit(X[train], Y[train])
    before, after = plain.predict(X[test]), calibrated.predict(X[test])
    np.testing.assert_array_equal(after[:, :2], before[:, :2])
    assert mean_kl(Y[test], after) < 0.7 * mean_kl(Y[test], before)


def test_a_constant_that_is_right_already_stays_about_as_it_is():
    X, Y = clips(400)
    before = ConstantMoments().estimator(task=Task.VA, seed=0, device="cpu").fit(X, Y).predict(X)
    after = estimator(ConstantMoments()).fit(X, Y).predict(X)
    np.testing.assert_allclose(after, before, rtol=0.01)


class Spy(BaseEstimator):
    """Tells each clip by its number, and which it was fitted to when it predicts."""

    log: list = []  # noqa: RUF012

    def fit(self, X, Y):
        self.clips_ = [int(np.ravel(x)[0]) for x in first(X)]
        np.testing.assert_array_equal(Y[:, 0], np.divide(self.clips_, 1_000))
        self.curve_ = [{"loss": 1.0}]
        self.trials_ = [{"score": 2.0}]
        return self

    def predict(self, X):
        asked = [int(np.ravel(x)[0]) for x in first(X)]
        Spy.log.append((self.clips_, asked))
        return np.full((len(asked), 4), 0.2)


def first(X):
    return X[0] if isinstance(X, tuple) else X


class Lazy:
    """Clips on disk: only one at a time, or few, may be asked for."""

    def __init__(self, n):
        self.shape = (n, 1, 3)
        self.ndim = 3
        self.dtype = np.dtype(np.float32)

    def __len__(self):
        return self.shape[0]

    def __getitem__(self, item):
        numbers = np.arange(len(self))[item]
        assert numbers.size <= 1, "it asked for several clips at once"
        return np.full((1, 3), numbers, np.float32)

    def __array__(self, *args, **kwargs):
        raise AssertionError("it was turned into an array")


N = 13
NUMBERS = np.repeat(np.arange(N)[:, np.newaxis], 2, axis=1)
LABELS = np.column_stack([np.arange(N) / 1_000, *[np.full(N, 0.3)] * 3])


@pytest.mark.parametrize(
    "X", [NUMBERS, (NUMBERS, NUMBERS * 2), Lazy(N), (Lazy(N), NUMBERS)], ids=type
)
@pytest.mark.parametrize(("folds", "fits"), [(2, 2), (5, 5), (50, N)])
def test_every_clip_is_predicted_once_by_an_estimator_that_never_saw_it(X, folds, fits):
    Spy.log.clear()
    fitted = CalibratedRegressor(Spy(), folds=folds, seed=1).fit(X, LABELS)
    assert len(Spy.log) == fits
    for seen, asked in Spy.log:
        assert sorted(seen + asked) == list(range(N))
    assert sorted(clip for _, asked in Spy.log for clip in asked) == list(range(N))
    assert fitted.estimator_.clips_ == list(range(N))
    assert fitted.curve_ == [{"loss": 1.0}]
    assert fitted.trials_ == [{"score": 2.0}]


GROUPS = np.array([f"g{i % 4}" for i in range(N)])
COPY_OF = np.array([*range(N - 2), 0, 5])
COPIES = {N - 2, N - 1}


class AskingSpy(Spy):
    """Asks for groups and copies too."""

    def fit(self, X, Y, groups, copy_of):
        super().fit(X, Y)
        rows = np.array(self.clips_)
        np.testing.assert_array_equal(groups, GROUPS[COPY_OF][rows])
        np.testing.assert_array_equal(rows[copy_of], COPY_OF[rows])
        return self


@pytest.mark.parametrize("spy", [Spy, AskingSpy])
@pytest.mark.parametrize("task", [Task.VA, Task.QUADRANT])
def test_a_group_is_never_divided_and_a_copy_is_where_its_clip_is(spy, task):
    Spy.log.clear()
    fitted = CalibratedRegressor(spy(), folds=3, seed=1, task=task)
    fitted.fit(NUMBERS, LABELS, groups=GROUPS[COPY_OF], copy_of=COPY_OF)
    assert len(Spy.log) == 3
    for seen, asked in Spy.log:
        assert not set(GROUPS[COPY_OF[seen]]) & set(GROUPS[asked])
        assert not set(asked) & COPIES  # what is learnt from are predictions of originals
        assert {c for c in COPIES if GROUPS[COPY_OF[c]] not in GROUPS[asked]} <= set(seen)
    assert sorted(clip for _, asked in Spy.log for clip in asked) == list(range(N - 2))
    assert fitted.estimator_.clips_ == list(range(N))


def test_clips_of_one_group_cannot_be_calibrated():
    with pytest.raises(MerbenchError, match="all of one group"):
        CalibratedRegressor(Spy()).fit(NUMBERS, LABELS, groups=np.full(N, "one"))


def test_what_lies_on_disk_looks_like_an_array_of_the_fold():
    class Shapes(Spy):
        def fit(self, X, Y):
            assert X.shape == (len(Y), 1, 3) == (len(X), *X[0].shape)
            assert X.ndim == 3
            assert X.dtype == np.float32
            return super().fit(X, Y)

    CalibratedRegressor(Shapes(), folds=3).fit(Lazy(N), LABELS)


def test_clones_pickles_and_obeys_its_seed():
    X, Y = clips()
    fitted = estimator(Ridge(), seed=1).fit(X, Y)
    predicted = fitted.predict(X)
    for same in (pickle.loads(pickle.dumps(fitted)), clone(fitted).fit(X, Y)):
        np.testing.assert_array_equal(same.predict(X), predicted)
    other = estimator(Ridge(), seed=2).fit(X, Y)
    assert not np.array_equal(other.predict(X)[:, 2:], predicted[:, 2:])


def test_unsound_labels_are_refused():
    X, Y = clips(10)
    with pytest.raises(MerbenchError, match="9 rows of labels for 10 training clips"):
        estimator(Ridge()).fit(X, Y[:9])
    with pytest.raises(MerbenchError, match="NaN"):
        estimator(Ridge()).fit(X, np.full_like(Y, np.nan))
    with pytest.raises(MerbenchError, match="at least 2 training clips"):
        estimator(Ridge()).fit(X[:1], Y[:1])


class Both(Model):
    """A model of images and vectors, for both tasks."""

    name = "both"
    inputs = (FeatureKind.IMAGE, FeatureKind.VECTOR)
    tasks = frozenset(Task)
    originals_only = (False, True)


def test_takes_what_its_model_takes():
    calibrated = Calibrated(model=Both())
    assert calibrated.input_kinds == (FeatureKind.IMAGE, FeatureKind.VECTOR)
    assert calibrated.originals_only == (False, True)
    assert calibrated.tasks == set(Task)
    assert calibrated.typical_cost is None
    assert Calibrated(model=Ridge()).typical_cost.seconds == 6 * Ridge.typical_cost.seconds
    assert Calibrated(model=Ridge()).title == "calibrated(ridge)"


def test_finds_its_model_by_name():
    built = discovery.load_plugins().build(
        "model", "calibrated", {"model": {"ridge": {"alpha": 2}}}
    )
    assert built == Calibrated(model=Ridge(alpha=2))
    with pytest.raises(ValidationError):
        Calibrated(model="ridge")
    with pytest.raises(ValidationError):
        Calibrated(model=Ridge(), folds=1)


def softmax(scores):
    powers = np.exp(scores)
    return powers / powers.sum(axis=1, keepdims=True)


def test_a_temperature_and_a_share_of_the_prior_are_found_again():
    rng = np.random.default_rng(0)
    scores = rng.standard_normal((20_000, 4))
    truth = 0.7 * softmax(scores) + 0.3 * np.array([0.4, 0.3, 0.2, 0.1])
    truth = np.eye(4)[[rng.choice(4, p=row) for row in truth]]
    tempered = best_tempering(truth, softmax(3 * scores), "scale")
    assert tempered.share == 0
    assert tempered.temperature > 3
    mixed = best_tempering(truth, softmax(3 * scores), "affine")
    assert mixed.temperature == pytest.approx(3, rel=0.25)
    assert mixed.share == pytest.approx(0.3, abs=0.1)


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 999), st.sampled_from([0.1, 1.0, 30.0]))
def test_tempering_is_the_better_the_freer(seed, scale):
    rng = np.random.default_rng(seed)
    truth = softmax(rng.standard_normal((25, 4)))
    predicted = softmax(scale * rng.standard_normal((25, 4)))

    def cost(rows):
        return categorical_kl(truth, rows).kl.mean()

    scaled, affine = (
        cost(best_tempering(truth, predicted, method)(predicted)) for method in ("scale", "affine")
    )
    # The grid passes a temperature of 1 at 2 %.
    assert affine <= scaled + 1e-12 <= cost(predicted) + 1e-3


def test_a_quadrant_called_impossible_becomes_possible():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((300, 12)).astype(np.float32)
    Y = np.eye(4)[2 * (X[:, 0] > 0) + (X[:, 1] + rng.standard_normal(300) > 0)]
    train, test = slice(150), slice(150, None)
    plain, calibrated = (
        model.estimator(task=Task.QUADRANT, seed=0, device="cpu")
        .fit(X[train], Y[train])
        .predict(X[test])
        for model in (DecisionTree(smoothing=0), Calibrated(model=DecisionTree(smoothing=0)))
    )
    assert (plain == 0).any()
    assert (calibrated > 0).all()
    before, after = (categorical_kl(Y[test], rows).kl.mean() for rows in (plain, calibrated))
    assert after < before / 3
