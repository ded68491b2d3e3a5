"""The contract checks that every plugin must pass, ours and anyone's.

`merbench plugins check NAME` runs them; a plugin's own tests can call `check` the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from merbench import child_processes
from merbench.components import (
    Augmentation,
    Component,
    Dataset,
    Engine,
    FeatureExtractor,
    Model,
    Separator,
)
from merbench.errors import MerbenchError, PluginError
from merbench.plugins import readiness, told_device
from merbench.plugins.registry import Entry, Registry
from merbench.testing import augmentation, dataset, engine, every_kind, feature, model, separator
from merbench.testing.contract import Result, attempt
from merbench.testing.model import features, labels, votes
from merbench.testing.sounds import SAMPLE_RATE, music

__all__ = ["SAMPLE_RATE", "Result", "check", "features", "labels", "music", "votes"]


def check(
    entry: Entry, registry: Registry, parameters: Mapping[str, Any] | None = None
) -> list[Result]:
    """Run every check of an entry's kind.

    Parameters
    ----------
    entry
        The plugin, from a registry.
    registry
        Where models that are parameters of models are looked up.
    parameters
        Parameters that the plugin is built with, which go before the class's `check_parameters`.

    Returns
    -------
    list of Result
        One result for each check, in order. Checks that need what is not here (weights, data) are
        skipped with the reason.
    """
    cls = entry.cls
    given = {**every_kind.required(cls, registry), **cls.check_parameters, **(parameters or {})}
    results = [
        attempt("has a summary", lambda: every_kind.has_summary(entry)),
        attempt("documents its parameters", lambda: every_kind.documents_parameters(cls)),
    ]
    if told_device.fault(entry.kind, cls):
        return [
            *results,
            Result("is told its device", "failed", told_device.fault(entry.kind, cls)),
        ]
    try:
        component = registry.build(entry.kind, entry.name, given)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return [*results, Result("can be built", "failed", f"{where}: {first['msg']}")]
    except PluginError as error:
        return [*results, Result("can be built", "failed", str(error))]
    again = registry.build(entry.kind, entry.name, given)
    results += [
        attempt("refuses unknown parameters", lambda: every_kind.refuses(registry, entry, given)),
        attempt("has a stable identity", lambda: every_kind.stable(component, again)),
        attempt("pickles", lambda: every_kind.pickles(component)),
    ]
    try:
        readiness.ready(component)
    except readiness.NotAskedError as error:
        return [*results, Result("does its work", "failed", str(error))]
    except MerbenchError as error:
        return [*results, Result("does its work", "skipped", str(error))]
    ours = child_processes.children()
    try:
        for name, work in _checks(component):
            results.append(attempt(name, work))
    finally:  # what the plugin's work left running ends with it, as it does in a run
        child_processes.kill(set(child_processes.children()) - set(ours))
    return results


def _checks(component: Component) -> Iterator[tuple[str, Callable[[], object]]]:
    if isinstance(component, Separator):
        yield from separator.separator_checks(component)
    elif isinstance(component, FeatureExtractor):
        checks = feature.published_checks if component.needs_published else feature.feature_checks
        yield from checks(component)
    elif isinstance(component, Augmentation):
        yield from augmentation.augmentation_checks(component)
    elif isinstance(component, Model):
        for task in sorted(component.tasks):
            yield from model.model_checks(component, task)
    elif isinstance(component, Dataset):
        yield from dataset.dataset_checks(component)
    elif isinstance(component, Engine):
        yield from engine.engine_checks(component)
