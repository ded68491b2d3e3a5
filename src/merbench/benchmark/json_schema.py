"""A JSON schema of the benchmark file, by which editors complete and check it.

It knows the plugins of one registry with their parameters, and is written by `merbench schema`.
"""

from __future__ import annotations

from typing import Any

from merbench.benchmark.names import AXES, NONE
from merbench.benchmark.schema import Spec
from merbench.components import Component, Model
from merbench.plugins.registry import Registry

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_ROOT = {"type": "string", "description": "Folder the data lies in, relative to this file."}
_TASK = {
    "enum": ["va", "quadrant"],
    "description": "What labels are read as, where it is not what they are.",
}


def json_schema(registry: Registry) -> dict[str, Any]:
    """Return the schema of a benchmark file, a JSON schema of draft 2020-12.

    Parameters
    ----------
    registry
        The plugins that a file may name, protocols among them.
    """
    schema = Spec.model_json_schema(mode="validation")
    definitions = schema.pop("$defs", {})
    for kind in ("dataset", "augmentation", "separator", "feature", "model", "protocol"):
        definitions[kind] = _choice(kind, registry, definitions)
    properties = schema["properties"]
    none = {"const": NONE, "description": "The clips alone."}
    augmentation = {"anyOf": [none, *_one_or_several("augmentation")]}
    for key, items in {
        "datasets": _ref("dataset"),
        "augmentations": augmentation,
        "separators": _ref("separator"),
        "features": {"anyOf": _one_or_several("feature")},
        "models": _ref("model"),
    }.items():
        properties[key] |= {"items": items}
    properties["protocol"] = _ref("protocol") | {
        key: properties["protocol"][key] for key in ("default", "description")
    }
    across = definitions["Compare"]["properties"]["across"]
    across["enum"] = [*across["enum"], *(f"{axis}s" for axis in across["enum"] if axis in AXES)]
    return {
        "$schema": DIALECT,
        "title": "A benchmark file of merbench",
        **{key: schema[key] for key in ("type", "properties", "required", "additionalProperties")},
        "$defs": definitions,
    }


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{name}"}


def _one_or_several(kind: str) -> list[dict[str, Any]]:
    return [_ref(kind), {"type": "array", "items": _ref(kind), "minItems": 1}]


def _choice(kind: str, registry: Registry, definitions: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a name, or of one name with its parameters."""
    entries = registry.of_kind(kind)
    with_parameters = {
        entry.name: _parameters(kind, entry.cls, definitions) | {"description": entry.summary}
        for entry in entries
    }
    names = [
        {"const": entry.name, "description": entry.summary}
        for entry in entries
        if not any(info.is_required() for info in entry.cls.model_fields.values())
    ]
    return {
        "anyOf": [
            {"type": "string", "anyOf": names},
            {
                "type": "object",
                "properties": with_parameters,
                "minProperties": 1,
                "maxProperties": 1,
                "additionalProperties": False,
            },
        ]
    }


def _parameters(kind: str, cls: type[Component], definitions: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a component's parameters; what they refer to goes to `definitions`."""
    prefix = f"{kind}.{cls.name}."
    own = cls.model_json_schema(ref_template=f"#/$defs/{prefix}{{model}}")
    definitions |= {f"{prefix}{name}": inner for name, inner in own.pop("$defs", {}).items()}
    properties = {}
    for name, info in cls.model_fields.items():
        written = info.alias or name
        one = _ref("model") if info.annotation is Model else own["properties"][written]
        grid = {"type": "array", "items": one, "minItems": 1}
        properties[written] = {
            # A protocol is one: lists of its parameters make no grid.
            **(one if kind == "protocol" else {"anyOf": [one, grid]}),
            "description": info.description or "",
        }
    if kind == "dataset":
        task = {"anyOf": [_TASK, {"type": "array", "items": _TASK}]}
        properties = {"root": _ROOT, "task": task, **properties}
    return {
        "type": ["object", "null"],
        "properties": properties,
        "required": own.get("required", []),
        "additionalProperties": False,
    }
