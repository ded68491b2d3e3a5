"""The torch device that work is done on: one that is there, and one step at a time on it."""

from __future__ import annotations

import fcntl
import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
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

    found = [each for each in _PREFERRED if _count(torch, each)]
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


def kind(device: str) -> str:
    """Return what a device is, whichever of them it is: cuda of cuda:1."""
    return device.partition(":")[0]


def in_keys(device: str) -> dict[str, str]:
    """Return what the device adds to a key: its kind, and nothing where it is the processor."""
    return {} if kind(device) == CPU else {"device": kind(device)}


@contextmanager
def turn(folder: Path, device: str) -> Iterator[None]:
    """Have a device for oneself in the block, among all that work with one store.

    Waits as long as another process has it. However that process ends, its turn ends with it.

    Parameters
    ----------
    folder
        Folder of the store, in which a file for each device lies.
    device
        Name of the device; on the processor there are no turns to wait for.

    Raises
    ------
    MerbenchError
        The file system of the store knows no locks.
    """
    if kind(device) == CPU:
        yield
        return
    path = folder / f"turn-{platform.node()}-{_unit(device)}.lock"
    try:
        file = path.open("a")
        fcntl.flock(file, fcntl.LOCK_EX)
    except OSError as error:
        raise MerbenchError(
            f"{path} cannot be locked ({error.strerror}), so nothing can take turns on {device}; "
            "set MERBENCH_HOME to a folder on a disk of this machine"
        ) from error
    with file:
        try:
            yield
            _give_back(device)
        finally:
            # Closing alone would not do: a process left behind may hold the file open too.
            fcntl.flock(file, fcntl.LOCK_UN)


def _unit(device: str) -> str:
    """Name the very device, whatever of the machine's cards this process may see."""
    _, _, number = device.partition(":")
    number = number or "0"
    cards = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")
    if kind(device) == "cuda" and number.isdigit() and int(number) < len(cards):
        number = cards[int(number)].strip() or number
    return f"{kind(device)}-{number}"


def _give_back(device: str) -> None:
    """Free the memory that torch keeps for later work, so that others' work finds it."""
    torch = sys.modules.get("torch")
    if torch is not None and _count(torch, kind(device)):
        getattr(torch, kind(device)).empty_cache()


def _count(torch: Any, of_kind: str) -> int:
    """Return how many devices of a kind can be used."""
    if of_kind == "mps":
        return int(torch.backends.mps.is_available())
    module: Any = getattr(torch, of_kind, None)
    if not all(hasattr(module, name) for name in ("is_available", "device_count")):
        return 0
    return int(module.device_count()) if module.is_available() else 0
