"""The contract checks: sound plugins pass all of them, and each catches the plugin that breaks it.

The classes stand at the top of the module because a component must pickle.
"""

from __future__ import annotations

import itertools
import os
import random
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from pydantic import BaseModel, ConfigDict, Field
from sklearn.base import BaseEstimator

from merbench import (
    Augmentation,
    Clip,
    Component,
    Cost,
    Dataset,
    FeatureExtractor,
    FeatureKind,
    Finding,
    MerbenchError,
    Model,
    ModelParameter,
    Separator,
    Task,
    testing,
)
from merbench.plugins.registry import Entry, Origin, Registry
from merbench.testing import every_kind

COUNTER = itertools.count()


def kind_of(cls: type[Component]) -> str:
    bases = {
        Separator: "separator",
        FeatureExtractor: "feature",
        Augmentation: "augmentation",
        Model: "model",
        Dataset: "dataset",
    }
    return next(kind for base, kind in bases.items() if issubclass(cls, base))


def results(cls: type[Component], **parameters: Any) -> dict[str, testing.Result]:
    """Every check's result for a class, by the check's name."""
    registry = Registry()
    for known in (cls, Linear):
        entry = Entry(kind_of(known), known, Origin("", "", "here"))
        registry.entries.setdefault((entry.kind, entry.name), entry)
    entry = Entry(kind_of(cls), cls, Origin("", "", "here"))
    return {r.check: r for r in testing.check(entry, registry, parameters)}


def failed(cls: type[Component], **parameters: Any) -> dict[str, str]:
    """Details of the failed checks."""
    found = results(cls, **parameters)
    return {name: r.detail for name, r in found.items() if r.status == "failed"}


# --- models ---------------------------------------------------------------------------------------


class Ridge(BaseEstimator):
    """Ridge regression as scikit-learn's contract has it."""

    def __init__(self, seed: int = 0, quadrant: bool = False) -> None:
        self.seed = seed
        self.quadrant = quadrant

    def fit(self, X: Any, Y: Any) -> Ridge:
        X, Y = table(X), np.asarray(Y, dtype=np.float64)
        if len(X) != len(Y) or not np.isfinite(X).all() or not np.isfinite(Y).all():
            raise ValueError("bad input")
        design = np.c_[np.ones(len(X)), X]
        self.weights_ = np.linalg.solve(design.T @ design + np.eye(design.shape[1]), design.T @ Y)
        return self

    def predict(self, X: Any) -> Any:
        X = table(X)
        scores = np.c_[np.ones(len(X)), X] @ self.weights_
        if not self.quadrant:
            return scores
        shares = np.exp(scores)
        return shares / shares.sum(axis=1, keepdims=True)


def table(x: Any) -> Any:
    """Turn any kind of features into a few numbers a clip."""
    if isinstance(x, tuple):
        return np.concatenate([table(part) for part in x], axis=1)
    if isinstance(x, np.ndarray):
        return np.asarray(x, dtype=np.float64).reshape(len(x), -1)
    return np.array([[np.mean(row), np.std(row)] for row in x], dtype=np.float64)


class Linear(Model):
    """Ridge regression."""

    name = "linear"
    inputs = FeatureKind.VECTOR
    tasks = frozenset({Task.VA})
    regressor: ClassVar[type[Ridge]] = Ridge

    strength: float = Field(1.0, gt=0, description="How much it shrinks.")

    def estimator(self, *, task: Task, seed: int, device: str) -> Any:
        return self.regressor(seed=seed, quadrant=task is not Task.VA)


class Anything(Linear):
    """Ridge regression of every kind of feature, for every task."""

    name = "anything"
    inputs = (FeatureKind.IMAGE, FeatureKind.SEQUENCE, FeatureKind.WAVEFORM, FeatureKind.VECTOR)
    tasks = frozenset(Task)


class Deaf(Linear):
    """Ridge regression of nothing."""

    name = "deaf"
    inputs = ()


class Around(Linear):
    """A model around a model."""

    name = "around"
    model: ModelParameter = Field(description="What is wrapped.")

    def estimator(self, *, task: Task, seed: int, device: str) -> Any:
        return self.model.estimator(task=task, seed=seed, device=device)


class Prepared(Linear):
    """A model that could do with prepared rows, and learns the same without."""

    name = "prepared"

    def prepare(self, X: Any) -> Any:
        return np.argsort(X, axis=1)


class PreparedRidge(Ridge):
    def fit(self, X: Any, Y: Any) -> Ridge:
        return super().fit(X[0] if isinstance(X, tuple) else X, Y)

    def predict(self, X: Any) -> Any:
        return super().predict(X[0] if isinstance(X, tuple) else X)


Prepared.regressor = PreparedRidge


@pytest.mark.parametrize("cls", [Linear, Anything, Deaf, Around, Prepared])
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
    assert results(Linear)["learns the same from prepared rows (va)"].status == "skipped"
    assert results(Prepared)["learns the same from prepared rows (va)"].status == "passed"


class PredictsNaN(Ridge):
    def predict(self, X: Any) -> Any:
        return super().predict(X) * np.nan


class PredictsTwoColumns(Ridge):
    def predict(self, X: Any) -> Any:
        return super().predict(X)[:, :2]


class PredictsTooFew(Ridge):
    def predict(self, X: Any) -> Any:
        return super().predict(X)[1:]


class UsesNumpysChance(Ridge):
    def fit(self, X: Any, Y: Any) -> Ridge:
        np.random.rand()  # noqa: NPY002
        return super().fit(X, Y)


class SeedsNumpysChance(Ridge):
    def predict(self, X: Any) -> Any:
        np.random.seed(self.seed + 12_345)  # noqa: NPY002
        return super().predict(X)


class UsesPythonsChance(Ridge):
    def fit(self, X: Any, Y: Any) -> Ridge:
        random.random()
        return super().fit(X, Y)


class UsesTorchsChance(Ridge):
    def fit(self, X: Any, Y: Any) -> Ridge:
        import torch

        torch.rand(1)
        return super().fit(X, Y)


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


class ForgetsWhenPickled(Ridge):
    def __getstate__(self) -> dict[str, Any]:
        return super().__getstate__() | {"weights_": np.zeros_like(self.weights_)}


class Raises(Ridge):
    def fit(self, X: Any, Y: Any) -> Ridge:
        raise KeyError("alpha")


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
    (AcceptsNaNFeatures, "refuses NaN features", "a NaN feature was accepted"),
    (AcceptsNaNLabels, "refuses bad labels", "a NaN label was accepted"),
    (AcceptsFewerLabels, "refuses bad labels", "labels of another length was accepted"),
    (DoesNotClone, "clones", "RuntimeError"),
    (ClonesWithoutItsSeed, "clones", "a clone fitted on the same clips predicts something else"),
    (DoesNotPickle, "pickles when fitted", "pickle"),
    (ForgetsWhenPickled, "pickles when fitted", "its pickle predicts something else"),
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


def test_torchs_chance_is_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    monkeypatch.setattr(Linear, "regressor", UsesTorchsChance)
    assert "random state of torch" in failed(Linear)["predicts finite rows (va)"]


@pytest.mark.parametrize(
    ("regressor", "call", "generator"),
    [
        (UsesNumpysChance, "np.random.rand()", "numpy"),
        (SeedsNumpysChance, "np.random.seed(self.seed + 12_345)", "numpy"),
        (UsesPythonsChance, "random.random()", "random"),
    ],
)
def test_the_line_that_touched_global_chance_is_named(
    regressor: type[Ridge], call: str, generator: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Linear, "regressor", regressor)
    detail = failed(Linear)["predicts finite rows (va)"]
    lines = Path(__file__).read_text().splitlines()
    (number,) = [n for n, line in enumerate(lines, 1) if line.strip().startswith(call)]
    assert f"global random state of {generator} at {__file__}:{number} (`{call}" in detail


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


class Support(Model):
    """scikit-learn's own, which draws a number that it needs for nothing."""

    name = "support"
    inputs = FeatureKind.VECTOR
    tasks = frozenset({Task.VA})

    def estimator(self, *, task: Task, seed: int, device: str) -> Any:
        from sklearn.multioutput import MultiOutputRegressor
        from sklearn.svm import SVR

        return MultiOutputRegressor(SVR())


class HoldsAForest(Ridge):
    """Has a library learn, and hands it the seed or not."""

    def fit(self, X: Any, Y: Any) -> Ridge:
        from sklearn.ensemble import RandomForestRegressor

        self.forest_ = RandomForestRegressor(5).fit(X, Y)
        return self

    def predict(self, X: Any) -> Any:
        return self.forest_.predict(X)


class HoldsSupport(HoldsAForest):
    def fit(self, X: Any, Y: Any) -> Ridge:
        self.forest_ = Support().estimator(task=Task.VA, seed=1, device="cpu").fit(X, Y)
        return self


def test_a_librarys_draw_that_decides_nothing_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    assert failed(Support) == {}
    monkeypatch.setattr(Linear, "regressor", HoldsSupport)
    assert failed(Linear) == {}


def test_a_librarys_draw_that_decides_a_result_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Linear, "regressor", HoldsAForest)
    detail = failed(Linear)["is deterministic under a seed (va)"]
    assert "follow the global random state of numpy" in detail
    assert "hand the seed on" in detail


class Network(Model):
    """skorch's own, whose data loader draws a seed that decides nothing."""

    name = "network"
    inputs = FeatureKind.VECTOR
    tasks = frozenset({Task.VA})

    def estimator(self, *, task: Task, seed: int, device: str) -> Any:
        return SeededNet(seed)


class SeededNet(BaseEstimator):
    def __init__(self, seed: int) -> None:
        self.seed = seed

    def fit(self, X: Any, Y: Any) -> SeededNet:
        import torch
        from skorch import NeuralNetRegressor

        if not np.isfinite(X).all() or not np.isfinite(Y).all():
            raise ValueError("bad input")
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            self.net_ = NeuralNetRegressor(
                torch.nn.Linear,
                module__in_features=X.shape[1],
                module__out_features=Y.shape[1],
                optimizer=torch.optim.Adam,
                lr=0.02,
                max_epochs=60,
                train_split=None,
                verbose=0,
            ).fit(X.astype(np.float32), Y.astype(np.float32))
        return self

    def predict(self, X: Any) -> Any:
        return self.net_.predict(X.astype(np.float32))


def test_skorchs_draw_in_predict_is_no_fault() -> None:
    pytest.importorskip("skorch")
    found = {name: text for name, text in failed(Network).items() if "random" in text}
    assert found == {}


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


def test_votes_are_shares_that_lean_to_the_labels() -> None:
    votes = testing.votes(Task.QUADRANT, 200)
    np.testing.assert_allclose(votes.sum(axis=1), 1)
    assert ((votes > 0) & (votes < 1)).any(axis=1).mean() > 0.5
    assert (votes.argmax(axis=1) == testing.labels(Task.QUADRANT, 200).argmax(axis=1)).mean() > 0.7


class PreparesTooFew(Prepared):
    """Prepares too few rows."""

    name = "prepares-too-few"

    def prepare(self, X: Any) -> Any:
        return X[1:]


class PreparesSomethingElse(Prepared):
    """Learns from prepared rows what it does not learn without."""

    name = "prepares-something-else"

    def prepare(self, X: Any) -> Any:
        return X + 1


class LearnsFromPrepared(PreparedRidge):
    def fit(self, X: Any, Y: Any) -> Ridge:
        return Ridge.fit(self, X[1] if isinstance(X, tuple) else X, Y)


PreparesSomethingElse.regressor = LearnsFromPrepared


@pytest.mark.parametrize(
    ("cls", "detail"),
    [(PreparesTooFew, "29 rows for 30 clips"), (PreparesSomethingElse, "learns something else")],
)
def test_wrong_preparation_is_seen(cls: type[Model], detail: str) -> None:
    assert detail in failed(cls)["learns the same from prepared rows (va)"]


# --- what holds for every kind --------------------------------------------------------------------


class Undocumented(Linear):
    name = "undocumented"
    speed: float = 1.0


Undocumented.__doc__ = None


class Lax(Linear):
    """Accepts anything."""

    name = "lax"
    model_config = ConfigDict(extra="allow")


class Part(BaseModel):
    width: int = 1


class LaxInside(Linear):
    """Accepts anything one level down."""

    name = "lax-inside"
    part: Part | None = Field(None, description="A part.")


class Unstable(Linear):
    """Has another identity whenever it is built."""

    name = "unstable"
    tag: str = Field(default_factory=lambda: uuid.uuid4().hex, description="A tag.")


class Unpicklable(Linear):
    """Holds what cannot be pickled."""

    name = "unpicklable"
    model_config = ConfigDict(arbitrary_types_allowed=True)

    def __getstate__(self) -> dict[Any, Any]:
        raise TypeError("cannot pickle this")


class Forgetful(Linear):
    """Loses its parameters when it is pickled."""

    name = "forgetful"

    def __reduce__(self) -> Any:
        return Forgetful, ()


class Demanding(Linear):
    """Needs what is not here."""

    name = "demanding"

    def ready(self) -> None:
        raise MerbenchError("demanding needs weights; get them")


class Crashing(Linear):
    """Crashes where it should say what it needs."""

    name = "crashing"

    def ready(self) -> None:
        raise KeyError("weights")


@pytest.mark.parametrize(
    ("cls", "parameters", "check", "detail"),
    [
        (Undocumented, {}, "has a summary", "no docstring"),
        (Undocumented, {}, "documents its parameters", "no description for speed"),
        (Lax, {}, "refuses unknown parameters", "do not set extra='allow'"),
        (LaxInside, {}, "refuses unknown parameters", "part accepts keys that Part does not have"),
        (Unstable, {}, "has a stable identity", "two identities"),
        (Unpicklable, {}, "pickles", "cannot pickle this"),
        (Forgetful, {"strength": 2.0}, "pickles", "another identity"),
        (Linear, {"strength": -1}, "can be built", "strength: Input should be greater than 0"),
        (Linear, {"stregnth": 1}, "can be built", "stregnth: Extra inputs"),
        (Around, {"model": "lienar"}, "can be built", "did you mean 'linear'"),
        (Crashing, {}, "does its work", "ready: KeyError: 'weights'"),
    ],
)
def test_a_broken_component_fails_its_check(
    cls: type[Component], parameters: dict[str, Any], check: str, detail: str
) -> None:
    assert detail in failed(cls, **parameters).get(check, "passed")


def test_what_cannot_work_here_is_skipped_with_the_reason() -> None:
    last = list(results(Demanding).values())[-1]
    assert last == testing.Result("does its work", "skipped", "demanding needs weights; get them")
    assert failed(Demanding) == {}


def test_a_wrapper_is_checked_with_the_quickest_model() -> None:
    class Quick(Linear):
        """A quick model."""

        name = "quick"
        typical_cost = Cost(seconds=0.1)

    registry = Registry()
    for known in (Linear, Around, Quick):
        registry.entries["model", known.name] = Entry("model", known, Origin("", "", "here"))
    given = every_kind.required(Around, registry)
    assert given == {"model": "quick"}
    del registry.entries["model", "quick"], registry.entries["model", "linear"]
    with pytest.raises(MerbenchError, match="no model of vectors is registered"):
        testing.check(registry.get("model", "around"), registry)


class Slow(Linear):
    """Takes minutes with its defaults."""

    name = "slow"
    check_parameters: ClassVar[Mapping[str, Any]] = {"minutes": 0}
    minutes: int = Field(9, description="How long it takes.")

    def estimator(self, *, task: Task, seed: int, device: str) -> Any:
        if self.minutes:
            raise TimeoutError
        return Ridge(seed)


def test_check_parameters_stand_in_for_the_defaults_and_given_ones_for_them() -> None:
    assert failed(Slow) == {}
    assert "predicts finite rows (va)" in failed(Slow, minutes=9)


# --- separators -----------------------------------------------------------------------------------


class Halves(Separator):
    """Gives half of the clip to either stem."""

    name = "halves"
    stems = ("bass", "other")

    def separate(self, waveform: Any, sample_rate: int, *, device: str) -> dict[str, Any]:
        return dict.fromkeys(self.stems, waveform / 2)


class True_(Separator):  # noqa: N801
    """Hands out the true stems."""

    name = "true"
    needs_true_stems = True

    def separate(self, waveform: Any, sample_rate: int, *, device: str) -> dict[str, Any]:
        return dict(zip(self.stems, waveform, strict=True))


@pytest.mark.parametrize("cls", [Halves, True_])
def test_a_sound_separator_passes(cls: type[Separator]) -> None:
    found = results(cls)
    assert {name: r for name, r in found.items() if r.status != "passed"} == {}
    assert "separates mono" in found


def separates(work: Callable[[Any], dict[str, Any]]) -> type[Separator]:
    class Broken(Halves):
        """A broken separator."""

        def separate(self, waveform: Any, sample_rate: int, *, device: str) -> dict[str, Any]:
            return work(waveform)

    return Broken


def halves(waveform: Any) -> dict[str, Any]:
    return {"bass": waveform / 2, "other": waveform / 2}


def in_place(waveform: Any) -> dict[str, Any]:
    waveform /= 2
    return {"bass": waveform, "other": waveform}


def noisy(waveform: Any) -> dict[str, Any]:
    noise = np.random.default_rng().normal(0, 1e-3, waveform.shape)
    return {"bass": waveform + noise, "other": waveform}


def normalised(waveform: Any) -> dict[str, Any]:
    return halves(waveform / np.abs(waveform).max())


def stereo_only(waveform: Any) -> dict[str, Any]:
    left, right = waveform
    return halves(np.stack([left, right]))


def even_only(waveform: Any) -> dict[str, Any]:
    return halves(waveform.reshape(len(waveform), -1, 2).reshape(len(waveform), -1))


def by_global_chance(waveform: Any) -> dict[str, Any]:
    return halves(waveform * (1 + 0 * np.random.rand()))  # noqa: NPY002


FIRST = "yields its stems, in shape and finite"


@pytest.mark.parametrize(
    ("work", "check", "detail"),
    [
        (lambda w: {"bass": w}, FIRST, "returned ['bass'] where it declares ['bass', 'other']"),
        (lambda w: {**halves(w), "drums": w}, FIRST, "returned ['bass', 'drums', 'other']"),
        (lambda w: {"bass": w, "other": w[:, :-1]}, FIRST, "stem other has shape"),
        (lambda w: {"bass": w, "other": w.mean(axis=0)}, FIRST, "stem other has shape"),
        (lambda w: halves(w * np.inf), FIRST, "not finite"),
        (in_place, FIRST, "changed the waveform"),
        (by_global_chance, FIRST, "global random state of numpy"),
        (noisy, "is deterministic", "two runs on one clip differ"),
        (normalised, "separates silence", "not finite"),
        (lambda w: halves(w + 1), "separates silence", "a silent clip gave a stem of peak 0.5"),
        (stereo_only, "separates mono", "ValueError"),
        (even_only, "separates short clips and odd lengths", "ValueError"),
    ],
)
def test_a_broken_separator_fails_its_check(
    work: Callable[[Any], dict[str, Any]], check: str, detail: str
) -> None:
    with np.errstate(invalid="ignore"):
        found = failed(separates(work))
    assert detail in found.get(check, "passed")


# --- feature extractors ---------------------------------------------------------------------------


class Levels(FeatureExtractor):
    """Mean and deviation."""

    name = "levels"
    kind = FeatureKind.VECTOR

    def extract(self, waveform: Any, sample_rate: int, *, device: str) -> Any:
        return np.array([waveform.mean(), waveform.std()])


class Frames(FeatureExtractor):
    """The deviation of every 1,000 samples."""

    name = "frames"
    kind = FeatureKind.SEQUENCE

    def extract(self, waveform: Any, sample_rate: int, *, device: str) -> Any:
        whole = waveform.shape[1] // 1_000 * 1_000
        if not whole:
            raise MerbenchError("too short for a frame")
        return waveform[0, :whole].reshape(-1, 1_000).std(axis=1, keepdims=True)


class Samples(FeatureExtractor):
    """The first channel as it is."""

    name = "samples"
    kind = FeatureKind.WAVEFORM

    def extract(self, waveform: Any, sample_rate: int, *, device: str) -> Any:
        return waveform[0]


@pytest.mark.parametrize("cls", [Levels, Frames, Samples])
def test_a_sound_extractor_passes(cls: type[FeatureExtractor]) -> None:
    assert {name: r for name, r in results(cls).items() if r.status != "passed"} == {}


def extracts(work: Callable[[Any], Any]) -> type[FeatureExtractor]:
    class Broken(Levels):
        """A broken extractor."""

        def extract(self, waveform: Any, sample_rate: int, *, device: str) -> Any:
            return work(waveform)

    return Broken


def scaled_in_place(waveform: Any) -> Any:
    waveform *= 2
    return waveform[0, :2]


def by_chance(waveform: Any) -> Any:
    return np.array([waveform.std(), next(COUNTER)])


def of_short_clips(waveform: Any) -> Any:
    return np.fft.rfft(waveform[0])[[1, 1_000]].real


SHAPES = "gives finite arrays of its kind's shape"


@pytest.mark.parametrize(
    ("work", "check", "detail"),
    [
        (lambda w: w, SHAPES, "which is no vector"),
        (lambda w: np.zeros(0), SHAPES, "which is no vector"),
        (lambda w: w[0], SHAPES, "clips of different length gave"),
        (lambda w: np.array([w.std(), np.nan]), SHAPES, "1 values that are NaN or infinite"),
        (scaled_in_place, SHAPES, "changed the waveform"),
        (lambda w: [w.std() + 0 * random.random()], SHAPES, "global random state of random"),
        (lambda w: w.std(axis=1)[:1] / w.std(), "extracts from silence", "NaN or infinite"),
        (lambda w: np.ones(3), "hears a difference", "two different clips gave the same feature"),
        (by_chance, "is deterministic", "two runs differ"),
        (of_short_clips, "meets a clip too short with a feature or a clear error", "IndexError"),
    ],
)
def test_a_broken_extractor_fails_its_check(
    work: Callable[[Any], Any], check: str, detail: str
) -> None:
    with np.errstate(invalid="ignore"):
        assert detail in failed(extracts(work)).get(check, "passed")


# --- augmentations --------------------------------------------------------------------------------


class Noise(Augmentation):
    """Adds noise."""

    name = "noise"

    def augment(self, waveform: Any, sample_rate: int, rng: np.random.Generator) -> Any:
        return waveform + rng.normal(0, 0.01, waveform.shape)


def augments(work: Callable[[Any, Any], Any]) -> type[Augmentation]:
    class Broken(Noise):
        """A broken augmentation."""

        def augment(self, waveform: Any, sample_rate: int, rng: np.random.Generator) -> Any:
            return work(waveform, rng)

    return Broken


def overwritten(waveform: Any, rng: Any) -> Any:
    waveform += 1
    return waveform


def test_a_sound_augmentation_passes() -> None:
    assert {name: r for name, r in results(Noise).items() if r.status != "passed"} == {}


@pytest.mark.parametrize(
    ("work", "check", "detail"),
    [
        (lambda w, r: w[:1], "keeps channels and stays finite", "shape (1, 22050)"),
        (lambda w, r: w[:, :0], "keeps channels and stays finite", "shape (2, 0)"),
        (lambda w, r: w * np.inf, "keeps channels and stays finite", "not finite"),
        (overwritten, "keeps channels and stays finite", "changed the waveform"),
        (lambda w, r: w * random.random(), "keeps channels and stays finite", "state of random"),
        (lambda w, r: w * next(COUNTER), "is deterministic under a seed", "gave two results"),
        (lambda w, r: np.stack([w[0], w[-1]]), "augments mono", "shape (2, 22050)"),
        (lambda w, r: w / np.abs(w).max(), "augments silence", "not finite"),
        (lambda w, r: w[:, 2_000:], "augments short clips and odd lengths", "shape (2, 0)"),
        (lambda w, r: w.copy(), "changes the clip", "changed nothing"),
        (lambda w, r: np.clip(w, -1, 1) * r.random(), "does not clip", "do not clip"),
    ],
)
def test_a_broken_augmentation_fails_its_check(
    work: Callable[[Any, Any], Any], check: str, detail: str
) -> None:
    with np.errstate(invalid="ignore"):
        assert detail in failed(augments(work)).get(check, "passed")


# --- datasets -------------------------------------------------------------------------------------


def tone(pitch: float) -> Any:
    return np.sin(np.arange(400) * pitch / 400)[np.newaxis].astype(np.float32)


class Made(Dataset):
    """Tones."""

    name = "made"
    task = Task.VA
    needs_root = False
    has_true_stems = True

    def clips(self, root: Path) -> list[Clip]:
        (root / "tone").touch()
        label = (0.5, 0.5, 0.1, 0.1)
        return [Clip(f"c{i}", f"g{i}", label, root / "tone") for i in range(4)]

    def decode(self, clip: Clip) -> tuple[Any, int]:
        return tone(int(clip.id[1:])), 8_000

    def true_stems(self, clip: Clip) -> tuple[dict[str, Any], int]:
        return {stem: self.decode(clip)[0] / 2 for stem in ("bass", "other")}, 8_000


class Folder(Dataset):
    """Files of a folder."""

    name = "folder"
    task = Task.VA

    def clips(self, root: Path) -> list[Clip]:
        if not any(root.iterdir()):
            raise MerbenchError(f"{root} is empty; unpack the dataset there")
        return []


@pytest.mark.parametrize("cls", [Made, Folder])
def test_a_sound_dataset_passes(cls: type[Dataset]) -> None:
    found = results(cls)
    assert {name: r.detail for name, r in found.items() if r.status == "failed"} == {}
    checked = "yields sound clips" if cls is Made else "says what is missing from an empty folder"
    assert found[checked].status == "passed"


class AcceptsNothing(Folder):
    """Finds no clips in an empty folder and thinks that fine."""

    def clips(self, root: Path) -> list[Clip]:
        return []


class Trips(Folder):
    """Stumbles over an empty folder."""

    def clips(self, root: Path) -> list[Clip]:
        return [open(root / "labels.csv")]  # type: ignore[list-item]  # noqa: PTH123


class Complacent(Folder):
    """Never finds anything wrong."""

    def check(self, root: Path) -> list[Finding]:
        return []


class OneGroup(Made):
    """All of one artist."""

    def clips(self, root: Path) -> list[Clip]:
        return [Clip(c.id, "same", c.label, c.audio) for c in super().clips(root)]


class Shifting(Made):
    """Other clips each time."""

    def clips(self, root: Path) -> list[Clip]:
        clips = super().clips(root)
        return [Clip(f"c{next(COUNTER)}", c.group, c.label, c.audio) for c in clips]


class SameIds(Made):
    """One id for two clips."""

    def clips(self, root: Path) -> list[Clip]:
        return super().clips(root) * 2


class OutOfRange(Made):
    """Labels on 1 to 9."""

    def clips(self, root: Path) -> list[Clip]:
        return [Clip(c.id, c.group, (5.0, 5.0, 1.0, 1.0), c.audio) for c in super().clips(root)]


class DecodesByChance(Made):
    """Another waveform each time."""

    def decode(self, clip: Clip) -> tuple[Any, int]:
        return tone(next(COUNTER)), 8_000


class WrongStems(Made):
    """Stems that do not sum to the clip."""

    def true_stems(self, clip: Clip) -> tuple[dict[str, Any], int]:
        return {"bass": tone(3), "other": tone(4)}, 8_000


SOUND = "yields sound clips"


@pytest.mark.parametrize(
    ("cls", "check", "detail"),
    [
        (AcceptsNothing, "says what is missing from an empty folder", "was accepted"),
        (AcceptsNothing, "checks an empty folder", "finds nothing wrong"),
        (Trips, "says what is missing from an empty folder", "FileNotFoundError"),
        (Complacent, "checks an empty folder", "finds nothing wrong"),
        (OneGroup, SOUND, "all clips are of one group"),
        (Shifting, SOUND, "two readings give different clips"),
        (SameIds, SOUND, "clip c0: its id stands twice"),
        (OutOfRange, SOUND, "valence_mean is 5, outside [0, 1]"),
        (DecodesByChance, SOUND, "clip c0 decodes differently twice"),
        (WrongStems, SOUND, "stems of clip c0 do not sum to it"),
    ],
)
def test_a_broken_dataset_fails_its_check(cls: type[Dataset], check: str, detail: str) -> None:
    assert detail in failed(cls).get(check, "passed")


# --- what the checks are made of ------------------------------------------------------------------


def test_checks_leave_no_file_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    results(Made)
    results(Folder)
    assert os.listdir(tmp_path) == []  # noqa: PTH208


def test_music_is_what_a_separator_may_get() -> None:
    music = testing.music(1.5)
    assert (music.shape, music.dtype) == ((2, round(1.5 * testing.SAMPLE_RATE)), np.float32)
    assert not np.array_equal(music[0], music[1])
    assert testing.music(1.0, channels=1).shape == (1, testing.SAMPLE_RATE)
    np.testing.assert_array_equal(testing.music(0.5, seed=3), testing.music(0.5, seed=3))
    assert np.abs(music).max() < 4


def test_labels_are_what_a_dataset_may_give() -> None:
    va, quadrant = testing.labels(Task.VA, 50), testing.labels(Task.QUADRANT, 50)
    assert va.shape == quadrant.shape == (50, 4)
    assert ((va > 0) & (va < 1)).all()
    np.testing.assert_array_equal(quadrant.sum(axis=1), 1)


@pytest.mark.parametrize("kind", FeatureKind)
def test_features_tell_something_of_the_labels(kind: FeatureKind) -> None:
    y = testing.labels(Task.VA, 30)
    x = testing.features(kind, y)
    assert len(x) == 30
    loudness = [np.mean(x[i]) if kind is FeatureKind.VECTOR else np.std(x[i]) for i in range(30)]
    assert abs(np.corrcoef(loudness, y[:, 0])[0, 1]) > 0.5
