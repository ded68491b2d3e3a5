"""Whether the method that does a component's work takes the device that it is told."""

from __future__ import annotations

import inspect

from merbench.components import Component

_METHODS: dict[str, tuple[str, str]] = {
    "separator": ("separate", "self, waveform, sample_rate, *, device"),
    "feature": ("extract", "self, waveform, sample_rate, *, device"),
    "model": ("estimator", "self, *, task, seed, device"),
}
"""The method of each kind that is told, and how its parameters are written."""


def fault(kind: str, cls: type[Component]) -> str:
    """Say which line to write where a class's method takes no device; nothing where all is well."""
    if kind not in _METHODS:
        return ""
    method, parameters = _METHODS[kind]
    taken = inspect.signature(getattr(cls, method)).parameters.values()
    if any(p.name == "device" or p.kind is p.VAR_KEYWORD for p in taken):
        return ""
    return (
        f"`{method}` of the {kind} {cls.name!r} takes no `device`, which it is told; write "
        f"`def {method}({parameters}):`, and use it or not"
    )
