"""merbench: a benchmark for music emotion recognition, built of plugins."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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
        Guess,
        KnownWeights,
        Model,
        ModelParameter,
        Protocol,
        Separator,
        Split,
        Weights,
        WeightsFile,
        fit_estimator,
    )
    from merbench.errors import AudioError, MerbenchError
    from merbench.plugins.hookspecs import ClassAt, classes_in, hookimpl
    from merbench.tasks import Task

__version__ = "0.2.0"

__all__ = [
    "CANONICAL_STEMS",
    "MIXED",
    "AudioError",
    "Augmentation",
    "ClassAt",
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
    "Guess",
    "KnownWeights",
    "MerbenchError",
    "Model",
    "ModelParameter",
    "Protocol",
    "Separator",
    "Split",
    "Task",
    "Weights",
    "WeightsFile",
    "classes_in",
    "fit_estimator",
    "hookimpl",
]

_ELSEWHERE = {
    "AudioError": "merbench.errors",
    "ClassAt": "merbench.plugins.hookspecs",
    "MerbenchError": "merbench.errors",
    "Task": "merbench.tasks",
    "classes_in": "merbench.plugins.hookspecs",
    "hookimpl": "merbench.plugins.hookspecs",
}
"""Modules of the names that do not come from `merbench.components`."""


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for: `merbench --help` needs none of them."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(_ELSEWHERE.get(name, "merbench.components"))
    value = globals()[name] = getattr(module, name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
