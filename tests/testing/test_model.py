"""The checks of models: a sound one passes, and each check catches what breaks it."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest
from checked_plugins import (
    Around,
    Linear,
    Ridge,
    SeedsNumpysChance,
    UsesNumpysChance,
    UsesPythonsChance,
    failed,
    results,
    table,
)

from merbench import FeatureKind, MerbenchError, Model, Task, testing


class Anything(Linear):
    """Ridge regression of every kind of feature, for every task."""

    name = "anything"
    inputs = (FeatureKind.IMAGE, FeatureKind.SEQUENCE, FeatureKind.WAVEFORM, FeatureKind.VECTOR)
    tasks = frozenset(Task)


class Deaf(Linear):
    """Ridge regression of nothing."""

    name = "deaf"
    inputs = ()


class Beside(Linear):
    """Ridge regression that takes originals alone of its second input, which it sees."""

    name = "beside"
    inputs = (FeatureKind.VECTOR, FeatureKind.SEQUENCE)
    originals_only = (False, True)


class SeesOriginals(Ridge):
    def fit(self, X: Any, Y: Any, copy_of: Any = None) -> Ridge:
        assert len(set(copy_of)) < len(copy_of)
        for row, original in enumerate(copy_of):
            assert np.array_equal(X[1][row], X[1][original])
            assert (row == original) == np.array_equal(X[0][row], X[0][original])
            assert X[1].rates[row] > 0
        return super().fit(X, Y)


Beside.regressor = SeesOriginals


@pytest.mark.parametrize("cls", [Linear, Anything, Deaf, Around, Beside])
def test_a_sound_model_passes(cls: type[Model]) -> None:
    assert failed(cls) == {}


def test_every_task_is_checked() -> None:
    found = results(Anything)
    assert found["predicts finite rows (va)"].status == "passed"
    assert found["predicts finite rows (quadrant)"].status == "passed"


def test_what_does_not_apply_is_skipped_with_the_reason() -> None:
    found = results(Deaf)
    assert found["predicts each clip by itself (va)"] == testing.Result(
        "predicts each clip by itself (va)", "skipped", "it never looks at the music"
    )


@pytest.mark.parametrize("entries", [(True,), (True, True), (False, True, False)])
def test_an_input_must_be_left_to_copies(entries: tuple[bool, ...]) -> None:
    class Wrong(Beside):
        """Other entries than inputs, or no input for copies."""

        originals_only = entries

    assert "give one for each" in failed(Wrong)["leaves an input to augmented copies (va)"]


class PredictsNaN(Ridge):
    def predict(self, X: Any) -> Any:
        return super().predict(X) * np.nan


class PredictsTwoColumns(Ridge):
    def predict(self, X: Any) -> Any:
        return super().predict(X)[:, :2]


class PredictsTooFew(Ridge):
    def predict(self, X: Any) -> Any:
        return super().predict(X)[1:]


class HasItsOwnChance(Ridge):
    def fit(self, X: Any, Y: Any) -> Ridge:
        super().fit(X, Y)
        self.weights_ = self.weights_ + np.random.default_rng().normal(size=self.weights_.shape)
        return self


class ChangesLabels(Ridge):
    def fit(self, X: Any, Y: Any) -> Ridge:
        Y -= Y.mean()
        return super().fit(X, Y)


class LooksAtTheOthers(Ridge):
    def predict(self, X: Any) -> Any:
        return super().predict(X) - super().predict(X).mean(axis=0)


class AcceptsNaNFeatures(Ridge):
    def fit(self, X: Any, Y: Any) -> Ridge:
        return super().fit(np.nan_to_num(X), Y)


class AcceptsNaNLabels(Ridge):
    def fit(self, X: Any, Y: Any) -> Ridge:
        return super().fit(X, np.nan_to_num(Y))


class AcceptsFewerLabels(Ridge):
    def fit(self, X: Any, Y: Any) -> Ridge:
        return super().fit(X[: len(Y)], Y)


class DoesNotClone(Ridge):
    def __init__(self, seed: int = 0, quadrant: bool = False) -> None:
        super().__init__(seed + 1, quadrant)


class ClonesWithoutItsSeed(HasItsOwnChance):
    """Deterministic, but a clone draws from elsewhere."""

    def __init__(self, quadrant: bool = False, **rest: Any) -> None:
        self.quadrant = quadrant
        self.generator = np.random.default_rng(rest.get("seed", 99))

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        return {"quadrant": self.quadrant}

    def fit(self, X: Any, Y: Any) -> Ridge:
        Ridge.fit(self, X, Y)
        self.weights_ = self.weights_ + self.generator.normal(size=self.weights_.shape)
        return self


class DoesNotPickle(Ridge):
    def fit(self, X: Any, Y: Any) -> Ridge:
        self.link_ = lambda scores: scores
        return super().fit(X, Y)


class AsksForGroups(Ridge):
    def fit(self, X: Any, Y: Any, groups: Any, copy_of: Any) -> Ridge:
        super().fit(X, Y)  # which refuses what is unsound
        assert groups.shape == copy_of.shape == (len(X),)
        assert groups.dtype.kind == "U"
        assert (groups[copy_of] == groups).all()
        assert (copy_of[copy_of] == copy_of).all()
        assert len(np.unique(copy_of)) < len(X)
        np.testing.assert_array_equal(np.asarray(Y)[copy_of], Y)
        return self


class NeedsTwoGroups(Ridge):
    def fit(self, X: Any, Y: Any, groups: Any) -> Ridge:
        if len(set(groups)) < 2:
            raise MerbenchError("give two groups")
        return super().fit(X, Y)


class SortsGroups(Ridge):
    def fit(self, X: Any, Y: Any, groups: Any) -> Ridge:
        groups[::-1].sort()
        return super().fit(X, Y)


class KnowsNoSingleGroup(Ridge):
    def fit(self, X: Any, Y: Any, groups: Any) -> Ridge:
        Ridge.fit(self, X, Y)
        if len(set(groups)) < 2:
            self.weights_ = np.full_like(self.weights_, np.nan)
        return self


class Raises(Ridge):
    def fit(self, X: Any, Y: Any) -> Ridge:
        raise KeyError("alpha")


BROKEN_MODELS: list[tuple[type[Ridge], str, str]] = [
    (PredictsNaN, "predicts finite rows", "not finite"),
    (PredictsTwoColumns, "predicts finite rows", "shape (6, 2) for 6 clips and 4 columns"),
    (PredictsTooFew, "predicts finite rows", "shape (5, 4) for 6 clips and 4 columns"),
    (UsesNumpysChance, "predicts finite rows", "global random state of numpy"),
    (SeedsNumpysChance, "predicts finite rows", "global random state of numpy"),
    (UsesPythonsChance, "predicts finite rows", "global random state of random"),
    (HasItsOwnChance, "is deterministic under a seed", "one seed gave two predictions"),
    (ChangesLabels, "predicts finite rows", "changed the labels"),
    (LooksAtTheOthers, "predicts each clip by itself", "depends on the other test clips"),
    (AcceptsNaNFeatures, "refuses NaN features", "it accepted a NaN feature"),
    (AcceptsNaNLabels, "refuses bad labels", "it accepted a NaN label"),
    (AcceptsFewerLabels, "refuses bad labels", "it accepted labels of another length"),
    (DoesNotClone, "clones", "cannot clone the estimator"),
    (ClonesWithoutItsSeed, "clones", "a clone fitted on the same clips predicts something else"),
    (SortsGroups, "predicts finite rows", "it changed the groups"),
    (
        KnowsNoSingleGroup,
        "meets clips of a single group with predictions or a clear error",
        "where all training clips are of one group its predictions are not finite",
    ),
    (Raises, "predicts finite rows", "KeyError: 'alpha'"),
]


@pytest.mark.parametrize(
    ("regressor", "check", "detail"), BROKEN_MODELS, ids=[c.__name__ for c, *_ in BROKEN_MODELS]
)
def test_a_broken_estimator_fails_its_check(
    regressor: type[Ridge], check: str, detail: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Linear, "regressor", regressor)
    found = failed(Linear)
    assert detail in found.get(f"{check} (va)", "passed"), found


def test_nothing_needs_what_was_fitted_to_pickle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Linear, "regressor", DoesNotPickle)
    assert failed(Linear) == {}


class NegativeDeviations(Ridge):
    def predict(self, X: Any) -> Any:
        predicted = super().predict(X)
        predicted[:, 2:] = -0.15
        return predicted


class HundredTimes(Ridge):
    def predict(self, X: Any) -> Any:
        return super().predict(X) * 100


class HundredthPart(Ridge):
    def predict(self, X: Any) -> Any:
        return super().predict(X) / 100


class NarrowDeviations(Ridge):
    def predict(self, X: Any) -> Any:
        return super().predict(X) * [1, 1, 0.01, 0.01]


class LearnsTheOpposite(Ridge):
    def predict(self, X: Any) -> Any:
        return super().predict(X) + np.array([0.6, -0.6, 0, 0])


class OverwritesInFit(Ridge):
    def fit(self, X: Any, Y: Any) -> Ridge:
        X -= X.mean(axis=0)
        return super().fit(X, Y)


class OverwritesInPredict(Ridge):
    def predict(self, X: Any) -> Any:
        X *= 1.5
        return super().predict(X)


class Complex(Ridge):
    def predict(self, X: Any) -> Any:
        return super().predict(X) + 0j


class Masked(Ridge):
    def predict(self, X: Any) -> Any:
        return np.ma.masked_less(super().predict(X), 0.4)


EASY = "is no worse than a constant on easy data"


@pytest.mark.parametrize(
    ("regressor", "check", "detail"),
    [
        (NegativeDeviations, "predicts deviations above 0", "a valence_std of -0.15"),
        (HundredTimes, EASY, "times too large; give labels back on [0, 1]"),
        (HundredthPart, EASY, "times too small; give labels back on [0, 1]"),
        (NarrowDeviations, EASY, "its valence_std is about 1"),
        (LearnsTheOpposite, EASY, "times that of a constant"),
        (OverwritesInFit, "predicts finite rows", "changed the features it was given in `fit`"),
        (OverwritesInPredict, "predicts finite rows", "it was given in `predict`"),
        (Complex, "predicts finite rows", "its predictions"),
        (Masked, "predicts finite rows", "its predictions are a masked array"),
    ],
)
def test_what_ruins_a_benchmark_without_an_error_is_seen(
    regressor: type[Ridge], check: str, detail: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Linear, "regressor", regressor)
    assert detail in failed(Linear).get(f"{check} (va)", "passed")


def test_features_overwritten_on_disk_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    class Overwrites(Ridge):
        def fit(self, X: Any, Y: Any) -> Ridge:
            X[0][0][...] = 0
            return super().fit(X, Y)

    monkeypatch.setattr(Anything, "regressor", Overwrites)
    found = failed(Anything)
    assert "changed the features" in found["predicts finite rows (va)"]


def test_rows_that_are_no_probabilities_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    class Scores(Linear):
        """Says scores where it should say probabilities."""

        name = "scores"
        tasks = frozenset({Task.QUADRANT})

        def estimator(self, *, task: Task, seed: int, device: str) -> Any:
            return Ridge(seed)

    assert failed(Scores)["predicts finite rows (quadrant)"] == "its rows are no probabilities"


class Quadrants(Ridge):
    """Ridge regression onto the quadrants, made a distribution."""

    def predict(self, X: Any) -> Any:
        shares = np.clip(table(X) @ self.weights_[1:] + self.weights_[0], 1e-6, None)
        return shares / shares.sum(axis=1, keepdims=True)


class OneHotOnly(Quadrants):
    def fit(self, X: Any, Y: Any) -> Ridge:
        if not np.isin(Y, (0, 1)).all():
            raise KeyError("which class?")
        return super().fit(X, Y)


class ForgetsTheOrder(Quadrants):
    """Moves the columns up where a class is absent."""

    def fit(self, X: Any, Y: Any) -> Ridge:
        present = np.sort(np.flatnonzero(Y.sum(axis=0)))
        moved = np.zeros_like(Y)
        moved[:, : len(present)] = Y[:, present]
        return super().fit(X, moved)


class Contrary(Quadrants):
    def fit(self, X: Any, Y: Any) -> Ridge:
        single = (Y[0] == Y).all()
        return super().fit(X, 1 - Y if single else Y)


@pytest.mark.parametrize(
    ("regressor", "check", "detail"),
    [
        (OneHotOnly, "takes shares of votes", "KeyError"),
        (ForgetsTheOrder, "knows that a class is absent", "keep the columns in the order"),
        (Contrary, "meets a single class with it or a clear error", "predicts another"),
    ],
)
def test_a_classifier_that_forgets_a_quadrant_is_seen(
    regressor: type[Ridge], check: str, detail: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Classifier(Linear):
        """Tells quadrants."""

        name = "classifier"
        tasks = frozenset({Task.QUADRANT})
        regressor: ClassVar[type[Ridge]] = Quadrants

    assert set(failed(Classifier)) <= {"pickles"}
    monkeypatch.setattr(Classifier, "regressor", regressor)
    assert detail in failed(Classifier)[f"{check} (quadrant)"]


@pytest.mark.parametrize(
    ("regressor", "status"),
    [(AsksForGroups, "passed"), (NeedsTwoGroups, "passed"), (Ridge, "skipped")],
)
def test_an_estimator_that_asks_is_told_of_groups_and_copies(
    regressor: type[Ridge], status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Linear, "regressor", regressor)
    found = results(Linear)
    assert "failed" not in {r.status for r in found.values()}, found
    single = found["meets clips of a single group with predictions or a clear error (va)"]
    assert single.status == status
