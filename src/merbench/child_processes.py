"""The processes that a worker starts, and those that they start: found, counted, and ended."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psutil

_MARK = "MERBENCH_WORKER"
_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


@contextmanager
def inherited(variables: Mapping[str, str]) -> Iterator[None]:
    """Give what this process starts within the block some variables of its environment."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def marking(mark: str) -> AbstractContextManager[None]:
    """Give what this process starts within the block a mark, which all that it starts inherits."""
    return inherited({_MARK: mark})


def adopt() -> None:
    """Become the parent of children's children that lose theirs, where the system is Linux."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def children() -> list[psutil.Process]:
    """Return the living processes that this one started, and those that they started."""
    import psutil

    return _living(psutil.Process()) if _has_any() else []


def unique_memory(process: psutil.Process) -> int:
    """Count the bytes that a process shares with no other: a fork shares most of its memory."""
    import psutil

    try:
        return int(process.memory_full_info().uss)
    except psutil.Error:
        return 0  # it has just ended


def of(process: int | None, mark: str) -> set[psutil.Process]:
    """Return all processes that a process started, and those that these started in turn.

    Parameters
    ----------
    process
        Number of the process; None once it has ended.
    mark
        The mark that the process was given by `marking`.
    """
    import psutil

    found: set[psutil.Process] = set()
    if process is not None:
        with contextlib.suppress(psutil.Error):
            found |= set(psutil.Process(process).children(recursive=True))
    for other in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if other.pid != process and other.environ().get(_MARK) == mark:
                found.add(other)
    return found


def kill(processes: Iterable[psutil.Process]) -> None:
    """Kill processes that may have ended already."""
    import psutil

    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.kill()


def _has_any() -> bool:
    """Tell by one system call, where there is one, whether this process has children."""
    if not hasattr(os, "waitid"):
        return True
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def _living(process: psutil.Process) -> list[psutil.Process]:
    import psutil

    living = []
    for child in process.children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if child.status() != psutil.STATUS_ZOMBIE:
                living.append(child)
    return living
