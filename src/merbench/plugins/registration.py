"""What a plugin's hooks yield, put into the registry, and what keeps a class from being there."""

from __future__ import annotations

import difflib
import functools
import itertools
import re
import traceback
from collections.abc import Iterable
from typing import Any

import pluggy
from pydantic.errors import PydanticUndefinedAnnotation

from merbench.components import Component, FeatureKind, Model, Separator
from merbench.errors import PluginError, kind_of, reason
from merbench.naming import nearest
from merbench.plugins import containment, told_device, whereabouts
from merbench.plugins.hookspecs import ClassAt
from merbench.plugins.registry import KINDS, WORK, Entry, Origin, Problem, Registry
from merbench.tasks import Task

_HOOKS = {kind: f"merbench_{kind}s" for kind in KINDS}
_REQUIRED: dict[str, dict[str, type]] = {
    "dataset": {"task": Task},
    "feature": {"kind": FeatureKind},
    "model": {"inputs": FeatureKind, "tasks": Task},
}
_MOST_CLASSES = 10_000
"""A hook that yields so many never ends."""
NAME = re.compile(r"[a-z0-9][a-z0-9.]*(-[a-z0-9.]+)*")


def register_module(
    manager: pluggy.PluginManager, registry: Registry, module: Any, origin: Origin
) -> None:
    """Register a module's hooks and collect what they yield, one hook's failure at a time."""
    try:
        manager.register(module)
    except Exception as error:
        registry.problems.append(problem(origin, "it cannot be registered", error))
        return
    for caller in manager.get_hookcallers(module) or ():
        if not caller.has_spec():
            fault = f"there is no hook {caller.name!r}{nearest(caller.name, _HOOKS.values())}"
            registry.problems.append(Problem(origin, fault))
    for hook in _HOOKS.values():
        unmarked = vars(module).get(hook)
        if callable(unmarked) and manager.parse_hookimpl_opts(module, hook) is None:
            at = unmarked.__code__.co_firstlineno if hasattr(unmarked, "__code__") else 1
            fault = f"its {hook} in line {at} is never called: write @hookimpl above it"
            registry.problems.append(Problem(origin, fault))
    for kind, hook in _HOOKS.items():
        for implementation in getattr(manager.hook, hook).get_hookimpls():
            if implementation.plugin is not module:
                continue
            if implementation.hookwrapper or implementation.wrapper:
                fault = f"its {hook} wraps others' hooks; let it return classes of its own"
                registry.problems.append(Problem(origin, fault))
                continue
            try:
                given: object = implementation.function()
                if not isinstance(given, Iterable) or isinstance(given, type):
                    what = given.__name__ if isinstance(given, type) else kind_of(given)
                    fault = f"its {hook} returns {what}; let it return a list of classes"
                    registry.problems.append(Problem(origin, fault))
                    continue
                classes = list(itertools.islice(given, _MOST_CLASSES))
            except (Exception, SystemExit) as error:
                registry.problems.append(problem(origin, f"its {hook} failed", error))
                continue
            if len(classes) == _MOST_CLASSES:
                fault = f"its {hook} yields {_MOST_CLASSES:,} classes or more"
                registry.problems.append(Problem(origin, fault))
                continue
            for cls in classes:
                if isinstance(cls, ClassAt) and origin.ours:
                    add_named(registry, kind, cls, origin)
                    continue
                try:
                    found = cls.load() if isinstance(cls, ClassAt) else cls
                    fault = _fault(kind, found, ours=origin.ours)
                except Exception as error:
                    what = f"what {hook} yields cannot be looked at"
                    registry.problems.append(problem(origin, what, error))
                    continue
                if fault:
                    registry.problems.append(Problem(origin, fault))
                else:
                    add_entry(registry, Entry(kind, found, origin))


def add_named(registry: Registry, kind: str, named: ClassAt, origin: Origin) -> None:
    """Add a class that is imported when something asks for it."""
    load = functools.partial(_loaded, kind, named, origin)
    add_entry(registry, Entry(kind, load, origin, named.name))


def _loaded(kind: str, named: ClassAt, origin: Origin) -> type[Component]:
    """Import a class that was named, and hold it to its name."""
    try:
        with containment.contained():
            cls = named.load()
        fault = _fault(kind, cls, ours=origin.ours)
    except (Exception, SystemExit) as error:
        raise PluginError(
            f"the {kind} {named.name!r} of {origin} cannot be imported ({reason(error)}); install "
            "merbench again"
        ) from error
    if not fault and cls.name != named.name:
        fault = f"{named.module} calls {named.name!r} by the name {cls.name!r}"
    if fault:
        raise PluginError(f"plugin {origin}: {fault}")
    found: type[Component] = cls
    return found


def add_entry(registry: Registry, entry: Entry) -> None:
    """Add an entry, or raise `PluginError` where another of its kind has its name."""
    other = registry.entries.setdefault((entry.kind, entry.name), entry)
    if other is not entry and other.source is not entry.source:
        raise PluginError(
            f"two {entry.kind}s are called {entry.name!r}: one from {other.origin}, one from "
            f"{entry.origin}; rename or remove one of them"
        )


def _fault(kind: str, cls: Any, *, ours: bool) -> str:
    """Say what keeps a class from being a component of a kind, or nothing.

    Tests have built all of ours, and to build a hundred classes takes a tenth of a second.
    """
    base = KINDS[kind]
    if not (isinstance(cls, type) and issubclass(cls, base)):
        what = f"the class {cls.__name__}" if isinstance(cls, type) else repr(cls)
        return f"{_HOOKS[kind]} yields {what}, which is no subclass of merbench.{base.__name__}"
    if not isinstance(cls.name, str) or not NAME.fullmatch(cls.name):
        return (
            f"the {kind} class {cls.__name__} has the name {cls.name!r}; set the class attribute "
            "`name` to lower-case words joined by hyphens"
        )
    for attribute, wanted in _REQUIRED.get(kind, {}).items():
        value = getattr(cls, attribute, None)
        values = value if isinstance(value, (tuple, set, frozenset)) else (value,)
        if value is None:
            return f"the {kind} {cls.name!r} does not set the class attribute `{attribute}`"
        if not isinstance(value, property) and not all(isinstance(v, wanted) for v in values):
            return (
                f"the {kind} {cls.name!r} sets `{attribute}` to {value!r}, which is no "
                f"merbench.{wanted.__name__}"
            )
    work = WORK[kind]
    if not ours and getattr(cls, work) is getattr(base, work):
        own = [name for name in vars(cls) if not name.startswith("_")]
        for misspelt in difflib.get_close_matches(work, own, n=1, cutoff=0.8):
            return f"the {kind} {cls.name!r} has a method `{misspelt}` and no `{work}`; rename it"
    if issubclass(cls, Separator) and not _are_names(cls.stems):
        return (
            f"the {kind} {cls.name!r} sets `stems` to {cls.stems!r}; write a tuple of names, as in "
            '("drums", "other")'
        )
    untold = told_device.fault(kind, cls)
    if untold:
        return untold
    try:
        if not ours:
            cls.model_rebuild()
    except PydanticUndefinedAnnotation as error:
        return (
            f"the {kind} {cls.name!r} has a parameter of the type {error.name!r}, which is not "
            "defined in its module; import it there, and not for type checking only"
        )
    version: Any = cls.version
    if not isinstance(version, str):
        return f"the {kind} {cls.name!r} has the version {version!r}; write it as text"
    required = [name for name, field_info in cls.model_fields.items() if field_info.is_required()]
    if issubclass(cls, Model) and cls.baseline and required:
        return f"the baseline {cls.name!r} is added by itself, so give {required[0]!r} a default"
    return ""


def _are_names(stems: object) -> bool:
    """Tell whether stems are names, each once; of a property nobody knows before it is built."""
    if isinstance(stems, property):
        return True
    names = stems if isinstance(stems, (tuple, list)) else ()
    return 0 < len(names) == len(set(names)) and all(isinstance(n, str) and n for n in names)


def problem(origin: Origin, what: str, error: BaseException) -> Problem:
    at = whereabouts.place(error, re.split(r"[.:]", origin.path)[0])
    return Problem(origin, f"{what} ({reason(error)}){at}", traceback.format_exc())
