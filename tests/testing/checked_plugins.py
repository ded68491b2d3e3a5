"""Sound plugins, and what the checks say of a plugin.

The classes stand in a module because a component must pickle.
"""

from __future__ import annotations

import itertools
import random
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import Field
from sklearn.base import BaseEstimator

from merbench import (
    Augmentation,
    Clip,
    Component,
    Dataset,
    FeatureExtractor,
    FeatureKind,
    MerbenchError,
    Model,
    ModelParameter,
    Protocol,
    Separator,
    Task,
    testing,
)
from merbench.plugins.registry import Entry, Origin, Registry

COUNTER = itertools.count()


def kind_of(cls: type[Component]) -> str:
    bases = {
        Separator: "separator",
        FeatureExtractor: "feature",
        Augmentation: "augmentation",
        Model: "model",
        Dataset: "dataset",
        Protocol: "protocol",
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


class Around(Linear):
    """A model around a model."""

    name = "around"
    model: ModelParameter = Field(description="What is wrapped.")

    def estimator(self, *, task: Task, seed: int, device: str) -> Any:
        return self.model.estimator(task=task, seed=seed, device=device)


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


class UsesTorchsChance(Ridge):
    def fit(self, X: Any, Y: Any) -> Ridge:
        import torch

        torch.rand(1)
        return super().fit(X, Y)


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
