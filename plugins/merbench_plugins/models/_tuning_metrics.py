"""What candidates may be chosen by, as the evaluation has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from merbench import Task

Metric: TypeAlias = Literal[
    "kl", "log-loss", "accuracy", "balanced-accuracy", "macro-f1", "rmse", "mse", "ccc", "r2"
]

_LEAST: tuple[Metric, ...] = ("kl", "log-loss", "rmse", "mse")
_OF_CLASSES: tuple[Metric, ...] = ("log-loss", "accuracy", "balanced-accuracy", "macro-f1")
_OF_VALENCE_AND_AROUSAL: tuple[Metric, ...] = ("rmse", "mse", "ccc", "r2")


def less_is_better(metric: Metric) -> bool:
    """Tell whether the best candidate has least of a metric, and not most."""
    return metric in _LEAST


def tasks_of(metric: Metric) -> frozenset[Task]:
    """Return the tasks whose predictions have a metric."""
    if metric in _OF_CLASSES:
        return frozenset({Task.QUADRANT, Task.CLASSES})
    return frozenset({Task.VA} if metric in _OF_VALENCE_AND_AROUSAL else Task)


def value_of(metric: Metric, evaluated: Mapping[str, float]) -> float:
    """Return a metric from those of `merbench.evaluation.evaluate`; NaN where it is undefined."""
    if metric in ("ccc", "r2"):
        return (evaluated[f"{metric}_valence_mean"] + evaluated[f"{metric}_arousal_mean"]) / 2
    return evaluated["kl_mean" if metric == "kl" else metric.replace("-", "_")]
