"""What a submission says of plugins that are installed here, held against the plugins themselves.

Whether labels may be republished decides whether scores can be recomputed, and whether a row is a
baseline decides whether it can be marked: a submission is believed in neither where the plugin is
at hand. Plugins that are not installed here are never fetched or imported for this.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from merbench.components import Component, Dataset, Model
from merbench.plugins.registry import Registry
from merbench.runs.labels import withheld
from merbench.runs.row_columns import BASELINE, SYSTEM, bare_name


def claim_differences(manifest: Mapping[str, Any], registry: Registry) -> Iterator[str]:
    """Yield what a manifest says otherwise than the plugins of this machine, a sentence each.

    Parameters
    ----------
    manifest
        A submission's.
    registry
        Plugins that are trusted: those installed.
    """
    for entry in manifest["datasets"]:
        # Nobody's own data may have the name of a dataset that is installed, so the name decides.
        names = (bare_name(entry["name"]), entry.get("plugin", ""))
        cls = next(filter(None, (_known(registry, "dataset", name) for name in names)), None)
        if cls is None or not issubclass(cls, Dataset):
            continue
        name = entry["name"]
        if cls.labels_public and withheld(entry):
            yield f"labels of {name} were left out, and its plugin says that they are public"
        elif bool(entry["labels_public"]) != cls.labels_public:
            yield (
                f"it says that labels of {name} may {'' if entry['labels_public'] else 'not '}be "
                "republished, and its plugin says otherwise"
            )
        if bool(entry["synthetic"]) != cls.synthetic:
            yield (
                f"it says that {name} is {'' if entry['synthetic'] else 'not '}synthetic, and its "
                "plugin says otherwise"
            )
    for cell in manifest["cells"]:
        cls = _known(registry, "model", cell["identity"]["model"]["name"])
        if cls is None or not issubclass(cls, Model):
            continue
        role = BASELINE if cls.baseline else SYSTEM
        if cell["role"] != role:
            yield f"cell {cell['id']}: its role is {cell['role']}, and its model is a {role}'s"


def _known(registry: Registry, kind: str, name: str) -> type[Component] | None:
    return next((e.cls for e in registry.of_kind(kind) if e.name == name), None)
