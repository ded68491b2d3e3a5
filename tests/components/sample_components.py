"""Components with parameters of every kind, for the tests of several modules."""

from __future__ import annotations

import enum
from pathlib import Path

from pydantic import BaseModel, Field

from merbench import FeatureKind, Model, ModelParameter, Task


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Layer(BaseModel):
    width: int = 1
    colour: Colour = Colour.RED


class Sample(Model):
    """A model with a parameter of every sort."""

    name = "sample"
    inputs = FeatureKind.VECTOR
    tasks = frozenset({Task.VA})

    rate: float = 1.0
    widths: tuple[int, ...] = (1, 2)
    layer: Layer = Layer()
    shares: dict[str, float] = Field(default_factory=dict)
    tags: frozenset[str] = frozenset()
    weights: Path | None = None


class Wrapper(Model):
    """A model around a model."""

    name = "wrapper"
    inputs = FeatureKind.VECTOR
    tasks = frozenset({Task.VA})

    model: ModelParameter
    scale: float = 1.0


class Ensemble(Model):
    """A model around several."""

    name = "ensemble"
    inputs = FeatureKind.VECTOR
    tasks = frozenset({Task.VA})

    members: tuple[ModelParameter, ...]
