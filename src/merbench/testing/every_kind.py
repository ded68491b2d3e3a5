"""Checks of every plugin: its documentation, parameters and identity."""

from __future__ import annotations

import json
import math
import pickle
from collections.abc import Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from merbench.components import Component, FeatureKind, Model
from merbench.errors import MerbenchError
from merbench.plugins.registry import Entry, Registry
from merbench.testing.contract import BrokenError, demand


def required(cls: type[Component], registry: Registry) -> dict[str, Any]:
    """Fill in required parameters that are models, so that wrappers can be checked at all."""
    return {
        name: _plain_model(registry)
        for name, info in cls.model_fields.items()
        if info.is_required() and info.annotation is Model
    }


def _plain_model(registry: Registry) -> str:
    """Name the quickest model that can be wrapped, of those for the most tasks."""
    rank = {
        entry.name: (
            -len(getattr(entry.cls, "tasks", ())),
            entry.cls.typical_cost.seconds if entry.cls.typical_cost else math.inf,
        )
        for entry in registry.of_kind("model")
        if getattr(entry.cls, "inputs", None) is FeatureKind.VECTOR
        and not any(info.is_required() for info in entry.cls.model_fields.values())
    }
    if not rank:
        raise MerbenchError("no model of vectors is registered that a wrapper can be checked with")
    return min(rank, key=lambda name: rank[name])


def has_summary(entry: Entry) -> None:
    demand(bool(entry.summary), "the class has no docstring; its first line is shown to users")


def documents_parameters(cls: type[Component]) -> None:
    json.dumps(cls.model_json_schema())
    bare = [name for name, info in cls.model_fields.items() if not info.description]
    demand(not bare, f"no description for {', '.join(bare)}; give each a Field(description=…)")


def refuses(registry: Registry, entry: Entry, given: Mapping[str, Any]) -> None:
    for name, info in entry.cls.model_fields.items():
        for part in (info.annotation, *get_args(info.annotation)):
            lax = isinstance(part, type) and issubclass(part, BaseModel)
            demand(
                not lax or part.model_config.get("extra") == "forbid",
                f"parameter {name} accepts keys that {getattr(part, '__name__', part)} does not "
                "have; set extra='forbid' in its model_config",
            )
    try:
        registry.build(entry.kind, entry.name, {**given, "no_such_parameter": 1})
    except ValidationError:
        return
    raise BrokenError("a parameter it does not have was accepted; do not set extra='allow'")


def stable(component: Component, again: Component) -> None:
    first = json.dumps(component.fingerprint(), sort_keys=True, allow_nan=False)
    second = json.dumps(again.fingerprint(), sort_keys=True, allow_nan=False)
    demand(first == second, "built twice with the same parameters it has two identities")


def pickles(component: Component) -> None:
    copy = pickle.loads(pickle.dumps(component))
    demand(copy.identity() == component.identity(), "its pickle has another identity")
