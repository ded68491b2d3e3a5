"""The torch device that models train on: one that is there, before any work is done."""

from __future__ import annotations

from typing import Any

from merbench.errors import MerbenchError

AUTO, CPU = "auto", "cpu"
_PREFERRED = ("cuda", "mps", "xpu")


def present(name: str) -> str:
    """Return the device that a name means on this machine; `auto` is the best there is.

    Raises
    ------
    MerbenchError
        It is no device's name, or there is no such device here.
    """
    if name == CPU:
        return name  # without torch, which takes seconds to load
    import torch

    found = [kind for kind in _PREFERRED if _count(torch, kind)]
    if name == AUTO:
        return next(iter(found), CPU)
    here = f"here there is {' and '.join([CPU, *found])}; write one of these, or {AUTO}"
    try:
        device = torch.device(name)
    except RuntimeError:
        raise MerbenchError(f"device: {name!r} is no torch device ({here})") from None
    if (device.index or 0) >= _count(torch, device.type):
        raise MerbenchError(f"device: this machine has no {name} ({here})")
    return name


def _count(torch: Any, kind: str) -> int:
    """Return how many devices of a kind can be used."""
    if kind == "mps":
        return int(torch.backends.mps.is_available())
    module: Any = getattr(torch, kind, None)
    if not all(hasattr(module, name) for name in ("is_available", "device_count")):
        return 0
    return int(module.device_count()) if module.is_available() else 0
