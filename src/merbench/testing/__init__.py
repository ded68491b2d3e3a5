"""The contract checks that every plugin must pass, ours and anyone's.

`merbench plugins check NAME` runs them; a plugin's own tests take the fixture `merbench_check`
(`merbench.pytest_plugin`), or call `check_plugin`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from merbench import child_processes
from merbench.benchmark import protocols
from merbench.components import (
    Augmentation,
    Component,
    Dataset,
    Engine,
    FeatureExtractor,
    Model,
    Protocol,
    Separator,
)
from merbench.errors import MerbenchError, PluginError
from merbench.plugins import discovery, readiness, told_device
from merbench.plugins.registry import KINDS, Entry, Origin, Registry
from merbench.testing import (
    augmentation,
    dataset,
    engine,
    every_kind,
    feature,
    lessons,
    model,
    protocol,
    separator,
)
from merbench.testing.chance import files_of_author
from merbench.testing.contract import Result, attempt
from merbench.testing.model import features, labels, votes
from merbench.testing.sounds import SAMPLE_RATE, music

__all__ = [
    "SAMPLE_RATE",
    "Result",
    "check",
    "check_plugin",
    "failures",
    "features",
    "labels",
    "music",
    "votes",
]


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
        skipped with the reason; those that fail say what was done, where, why it matters, and the
        line to write.
    """
    results, estimators = _results(entry, registry, parameters)
    return [lessons.taught(result, entry.cls, estimators) for result in results]


def check_plugin(
    plugin: type[Component] | str, parameters: Mapping[str, Any] | None = None
) -> list[Result]:
    """Run every check of a plugin that is a class, or is installed.

    Parameters
    ----------
    plugin
        A component class, or the name of one that is registered: `crnn`, `model/crnn`.
    parameters
        Parameters that it is built with, which go before the class's `check_parameters`.

    Raises
    ------
    PluginError
        There is no plugin of that name, or the class is of no kind.
    """
    registry = protocols.with_protocols(discovery.load_plugins())
    if isinstance(plugin, str):
        return check(registry.find(plugin), registry, parameters)
    kinds = [kind for kind, base in KINDS.items() if issubclass(plugin, base)]
    if not kinds:
        raise PluginError(
            f"{plugin.__name__} is no plugin: it derives from none of "
            f"{', '.join(base.__name__ for base in KINDS.values())}"
        )
    entry = Entry(kinds[0], plugin, Origin("", "", plugin.__module__))
    registry.entries[entry.kind, entry.name] = entry
    return check(entry, registry, parameters)


def _results(
    entry: Entry, registry: Registry, parameters: Mapping[str, Any] | None
) -> tuple[list[Result], Sequence[type[Any]]]:
    """Return how the checks ended and, of a model, the author's classes of its estimators."""
    cls = entry.cls
    given = {**every_kind.required(cls, registry), **cls.check_parameters, **(parameters or {})}
    results = [
        attempt("has a summary", lambda: every_kind.has_summary(entry)),
        attempt("documents its parameters", lambda: every_kind.documents_parameters(cls)),
    ]
    if told_device.fault(entry.kind, cls):
        fault = told_device.fault(entry.kind, cls)
        return [*results, Result("is told its device", "failed", fault)], ()
    try:
        component = registry.build(entry.kind, entry.name, given)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return [*results, Result("can be built", "failed", f"{where}: {first['msg']}")], ()
    except PluginError as error:
        return [*results, Result("can be built", "failed", str(error))], ()
    again = registry.build(entry.kind, entry.name, given)
    results += [
        attempt("refuses unknown parameters", lambda: every_kind.refuses(registry, entry, given)),
        attempt("has a stable identity", lambda: every_kind.stable(component, again)),
        attempt("pickles", lambda: every_kind.pickles(component)),
    ]
    try:
        readiness.ready(component)
    except readiness.NotAskedError as error:
        return [*results, Result("does its work", "failed", str(error))], ()
    except MerbenchError as error:
        return [*results, Result("does its work", "skipped", str(error))], ()
    ours, own = child_processes.children(), files_of_author(component)
    try:
        for name, work in _checks(component):
            results.append(attempt(name, work, own))
    finally:  # what the plugin's work left running ends with it, as it does in a run
        child_processes.kill(set(child_processes.children()) - set(ours))
    failed = any(result.status == "failed" for result in results)
    if failed and isinstance(component, Model):
        return results, model.estimator_classes(component, own)
    return results, ()


def failures(results: Iterable[Result]) -> list[str]:
    """Write failed checks down: what was done, where, why it matters, the line to write.

    What several checks found in the same place is one text.
    """
    alike: dict[tuple[str, str], list[Result]] = {}
    for result in results:
        if result.status == "failed":
            alike.setdefault((result.detail, result.place), []).append(result)
    texts = []
    for (what, where), found in alike.items():
        parts = {"what": what, "where": where, "why": found[0].why, "write": found[0].write}
        lines = [f"  {part:<6} {text}" for part, text in parts.items() if text]
        others = f" and {len(found) - 1} more" if found[1:] else ""
        texts.append("\n".join([f"failed: {found[0].check}{others}", *lines]))
    return texts


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
    elif isinstance(component, Protocol):
        yield from protocol.protocol_checks(component)
    elif isinstance(component, Engine):
        yield from engine.engine_checks(component)
