"""merbench: a benchmark for music emotion recognition, built of plugins."""

from merbench.components import (
    CANONICAL_STEMS,
    MIXED,
    Augmentation,
    Clip,
    Component,
    Cost,
    Dataset,
    Estimator,
    FeatureExtractor,
    FeatureKind,
    Finding,
    Model,
    ModelParameter,
    Separator,
    Task,
)
from merbench.errors import AudioError, MerbenchError
from merbench.hookspecs import hookimpl

__version__ = "0.1.0"

__all__ = [
    "CANONICAL_STEMS",
    "MIXED",
    "AudioError",
    "Augmentation",
    "Clip",
    "Component",
    "Cost",
    "Dataset",
    "Estimator",
    "FeatureExtractor",
    "FeatureKind",
    "Finding",
    "MerbenchError",
    "Model",
    "ModelParameter",
    "Separator",
    "Task",
    "hookimpl",
]
