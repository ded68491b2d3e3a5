"""merbench: a benchmark for music emotion recognition, built of plugins."""

from merbench.components import (
    CANONICAL_STEMS,
    MIXED,
    Augmentation,
    Clip,
    Component,
    Cost,
    Dataset,
    Engine,
    EngineOptions,
    Estimator,
    FeatureExtractor,
    FeatureKind,
    Finding,
    KnownWeights,
    Model,
    ModelParameter,
    Separator,
    Weights,
    WeightsFile,
    fit_estimator,
)
from merbench.errors import AudioError, MerbenchError
from merbench.plugins.hookspecs import hookimpl
from merbench.tasks import Task

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
    "Engine",
    "EngineOptions",
    "Estimator",
    "FeatureExtractor",
    "FeatureKind",
    "Finding",
    "KnownWeights",
    "MerbenchError",
    "Model",
    "ModelParameter",
    "Separator",
    "Task",
    "Weights",
    "WeightsFile",
    "fit_estimator",
    "hookimpl",
]
