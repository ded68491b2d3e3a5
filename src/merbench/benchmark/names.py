"""How components and their parameters are named in tables, filters and exclusions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from merbench.components import Component
from merbench.components.base import once

AXES = ("dataset", "augmentation", "separator", "features", "model")
"""The axes of a grid of cells, in the order that tables show them: a cell is a choice on each."""

_AXES_BY_NAME = {name: axis for axis in AXES for name in (axis, f"{axis.removesuffix('s')}s")} | {
    "feature": "features"
}

NONE = "none"
"""What stands for an axis that a cell has nothing of: no augmentation, or, for a model that never
looks at the music, no separator and no features."""


def axis_of(name: str) -> str | None:
    """Return the axis that a name means, in the singular or the plural; None for none."""
    return _AXES_BY_NAME.get(name.strip().lower())


def joint_title(components: Sequence[Component]) -> str:
    """Return the name that tables show of a cell's components on one axis: none, one or several."""
    return " + ".join([once(component, "title") for component in components]) or NONE


def full_title(components: Sequence[Component]) -> str:
    """Return that name with the parameters that differ from their defaults."""
    return joint_title(components) + settings_text([once(c, "settings") for c in components])


def is_named(name: str, title: str, full: str) -> bool:
    """Tell whether a user's name is that of a choice, whose names in tables are given.

    `knn` names every choice of this title, whatever its parameters are; `knn (k=3)` those with
    k = 3 and any others; `knn ()` the one with its defaults.

    Parameters
    ----------
    name
        What a user wrote.
    title, full
        The choice's name without and with the parameters that differ from their defaults.
    """
    if name in (title, full) or title.startswith(f"{name} ("):
        return True
    if not name.startswith(f"{title} (") or not name.endswith(")"):
        return False
    wanted, given = (text[len(title) + 2 : -1].split(", ") for text in (name, full))
    return set(wanted) <= set(given)


Parameter = tuple[str, ...]
"""The names that lead to a parameter; of a wrapped model, or one of several components, several."""


def settings_text(settings: Any) -> str:
    """Write settings as a name shows them: ` (k=3)`; nothing where all are defaults.

    Parameters
    ----------
    settings
        Those of a component by their names, or a list of such.
    """
    parts = settings if isinstance(settings, list) else [settings]
    return parameters_text([pair for part in parts for pair in leaves(part).items()])


def leaves(settings: Mapping[str, Any], at: Parameter = ()) -> dict[Parameter, Any]:
    """Return the parameters of settings, however deep they lie."""
    found: dict[Parameter, Any] = {}
    for key, value in settings.items():
        found |= leaves(value, (*at, key)) if isinstance(value, dict) else {(*at, key): value}
    return found


def parameters_text(parameters: Sequence[tuple[Parameter, Any]]) -> str:
    """Write parameters as they stand behind a name, in brackets; nothing where there are none."""
    return f" ({parameters_listed(parameters)})" if parameters else ""


def parameters_listed(parameters: Sequence[tuple[Parameter, Any]]) -> str:
    """Write parameters; one whose last name stands twice with all of its names."""
    lasts = Counter(parameter[-1] for parameter, _ in parameters)
    return ", ".join(
        f"{p[-1] if lasts[p[-1]] == 1 else '.'.join(p)}={value}" for p, value in parameters
    )
