"""A complaint of pydantic turned into one sentence with file and line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from merbench.benchmark.document import Document, DocumentPath
from merbench.components import Model
from merbench.errors import SpecError
from merbench.naming import nearest
from merbench.plugins.registry import Registry

# --- errors --------------------------------------------------------------------------------------


def explained(
    error: ValidationError,
    document: Document,
    prefix: DocumentPath,
    model: type[BaseModel],
    registry: Registry | None,
) -> SpecError:
    """Turn pydantic's first complaint into one sentence with file and line."""
    first = min(error.errors(), key=lambda e: e["type"] != "extra_forbidden")
    path = _located(document, prefix, first["loc"])
    last = str(first["loc"][-1]) if first["loc"] else ""
    named = ".".join(map(str, path)) or "the file"
    match first["type"]:
        case "extra_forbidden":
            owner = _model_at(model, first["loc"][:-1], registry)
            owner_name = ".".join(map(str, path[:-1] if path[-1] == last else path))
            of = f" of {owner_name}" if owner_name else ""
            names = [info.alias or key for key, info in owner.model_fields.items()]
            message = f"unknown key {last!r}{of}{nearest(last, names)}"
        case "missing":
            message = f"{'.'.join(map(str, (*path, last)))} is missing; add it"
        case "too_short":
            message = f"{named} is an empty list; name at least one"
        case "model_type":
            known = ", ".join(_model_at(model, first["loc"], registry).model_fields)
            message = f"{named}: expected a mapping of {known}, not {first['input']!r}"
        case "plugin":
            message = first["msg"]
        case "value_error":
            reason = first["msg"].removeprefix("Value error, ")
            message = f"{named}: {reason}" if path else reason
        case _:
            given = repr(first["input"])
            shown = given if len(given) < 80 else f"{given[:80]}…"
            message = f"{named}: {first['msg'][0].lower()}{first['msg'][1:]}, not {shown}"
    return document.error(path, message)


def _located(
    document: Document, prefix: DocumentPath, location: Sequence[str | int]
) -> DocumentPath:
    """Return where in the document a complaint points to.

    pydantic's location has more steps than the document (a union's branches) and fewer (the
    position in a grid).
    """
    value: Any = document.data
    for step in prefix:
        value = value[step] if _holds(value, step) else {}
    path = prefix
    for step in location:
        if isinstance(value, list) and isinstance(step, str):
            for position, entry in enumerate(value):
                if isinstance(entry, dict) and step in entry:
                    value, path = entry, (*path, position)
        if _holds(value, step):
            value, path = value[step], (*path, step)
        elif isinstance(value, str) and value == step:  # a bare name: its parameters are none
            value, path = {}, (*path, step)
    return path


def _holds(value: Any, step: Any) -> bool:
    if isinstance(value, dict):
        return step in value
    return isinstance(value, list) and isinstance(step, int) and step < len(value)


def _model_at(
    model: type[BaseModel], location: Sequence[Any], registry: Registry | None
) -> type[BaseModel]:
    """Find the pydantic model whose key is wrong."""
    for step in location:
        if model is Model and registry is not None:
            model = registry.get("model", step).cls
            continue
        field_info = model.model_fields.get(step) if isinstance(step, str) else None
        if field_info is None:
            continue
        candidates = [field_info.annotation, *get_args(field_info.annotation)]
        for candidate in candidates:
            if isinstance(candidate, type) and issubclass(candidate, BaseModel):
                model = candidate
    return model
