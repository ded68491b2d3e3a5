"""Benchmark files, and plugins that they name, for the tests of several modules."""

from __future__ import annotations

from pathlib import Path

import pytest

from merbench.benchmark.document import read_document
from merbench.benchmark.resolving import Benchmark, resolve
from merbench.benchmark.schema import parse
from merbench.errors import SpecError
from merbench.plugins.registry import Registry

PLUGINS = '''
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from merbench import Dataset, FeatureExtractor, FeatureKind, Model, ModelParameter, Separator, Task
from merbench import KnownWeights, Weights, hookimpl


class Layer(BaseModel):
    model_config = ConfigDict(extra="forbid")
    width: int = 1


class SlopeWeights(Weights):
    known = (KnownWeights("best", "the best slope", "CC0", "https://example.org", at="pip:x"),)


class Slope(Model):
    """A model."""
    name = "slope"
    inputs = FeatureKind.VECTOR
    tasks = frozenset({Task.VA})
    alpha: float = 1.0
    widths: tuple[int, ...] = (1, 2)
    layer: Layer = Layer()
    mode: Literal["a", "b"] = "a"
    weights: Path | None = None
    known: Literal["ours"] | Path = "ours"
    learned: SlopeWeights = SlopeWeights("best")
    files: tuple[Path, ...] = ()


class Scaled(Model):
    """A model around a model."""
    name = "scaled"
    inputs = FeatureKind.VECTOR
    tasks = frozenset({Task.VA})
    model: ModelParameter
    scale: float = Field(1.0, gt=0)


class Mean(Model):
    """A model around several."""
    name = "mean"
    inputs = FeatureKind.VECTOR
    tasks = frozenset({Task.VA})
    models: tuple[ModelParameter, ...]


class Two(Model):
    """A model of two inputs."""
    name = "two"
    inputs = (FeatureKind.VECTOR, FeatureKind.IMAGE)
    tasks = frozenset({Task.VA})


class Floor(Model):
    """A baseline."""
    name = "floor"
    inputs = ()
    tasks = frozenset({Task.VA})
    baseline = True


class Songs(Dataset):
    """A dataset in a folder."""
    name = "songs"
    task = Task.VA
    n: int = Field(3, ge=1)


class Made(Dataset):
    """A dataset that needs no folder."""
    name = "made"
    task = Task.VA
    needs_root = False
    n: int = Field(3, ge=1)


class Vector(FeatureExtractor):
    """A vector."""
    name = "numbers"
    kind = FeatureKind.VECTOR
    size: int = 3


class Image(FeatureExtractor):
    """An image."""
    name = "picture"
    kind = FeatureKind.IMAGE


class Halves(Separator):
    """A separator."""
    name = "halves"
    stems = ("bass", "other")


@hookimpl
def merbench_models():
    return [Slope, Scaled, Mean, Two, Floor]


@hookimpl
def merbench_datasets():
    return [Songs, Made]


@hookimpl
def merbench_features():
    return [Vector, Image]


@hookimpl
def merbench_separators():
    return [Halves]
'''


BASE = """name: x
datasets: [made]
separators: [halves]
features: [numbers]
models: [slope]
"""


class Loader:
    """Writes benchmark files and loads them."""

    def __init__(self, folder: Path, registry: Registry) -> None:
        self.path = folder / "spec.yaml"
        self.registry = registry

    def __call__(self, text: str, *assignments: str) -> Benchmark:
        self.path.write_text(text, encoding="utf-8")
        document = read_document(self.path, assignments)
        return resolve(document, parse(document), self.registry)

    def error(self, text: str, *assignments: str) -> str:
        with pytest.raises(SpecError) as caught:
            self(text, *assignments)
        message = str(caught.value)
        assert "\n" not in message
        return message.replace(str(self.path), self.path.name)


def models(text: str) -> str:
    """A benchmark file whose models are the given YAML, from line 6 on."""
    lines = "\n".join(f"  {line}" for line in text.strip("\n").splitlines())
    return BASE.replace("models: [slope]", f"models:\n{lines}")
