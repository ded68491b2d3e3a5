"""Watching how much memory a process and its children hold, and stopping them in time."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from merbench import child_processes

if TYPE_CHECKING:
    import psutil

_POLL_SECONDS = 0.05
_SHARE = 20
"""Least seconds between two looks, in those that a look takes: children take long to look at."""


@dataclass
class Peak:
    """Most memory the process and its children held while watched, in bytes."""

    peak: int = 0


@contextmanager
def watch() -> Iterator[Peak]:
    """Record the peak resident memory, which the system only keeps per lifetime."""
    import psutil

    process, record, done = psutil.Process(), Peak(), threading.Event()

    def sample() -> None:
        while True:
            held, pause = _look(process)
            record.peak = max(record.peak, held)
            if done.wait(pause):
                return

    watcher = threading.Thread(target=sample, daemon=True)
    watcher.start()
    try:
        yield record
    finally:
        done.set()
        watcher.join()
        record.peak = max(record.peak, _look(process)[0])


def guard(limit: int, status: int, parent: int | None) -> None:
    """Exit once this process and its children hold too much, or its parent is gone.

    Parameters
    ----------
    limit
        Bytes that the process and its children may hold.
    status
        Exit status where they hold more.
    parent
        Number of the parent's process.
    """
    import psutil

    process = psutil.Process()
    while os.getppid() == parent:
        held, pause = _look(process)
        if held > limit:
            child_processes.kill(child_processes.children())
            os._exit(status)
        time.sleep(pause)
    child_processes.kill(child_processes.children())
    os._exit(1)


def _look(process: psutil.Process) -> tuple[int, float]:
    """Return the bytes that this process and its children hold, and when to look again."""
    started = time.monotonic()
    held = process.memory_info().rss + sum(
        map(child_processes.unique_memory, child_processes.children())
    )
    return held, max(_POLL_SECONDS, _SHARE * (time.monotonic() - started))


def share(jobs: int) -> int:
    """Return the bytes that each of `jobs` workers may hold, so that the machine keeps some."""
    import psutil

    return int(psutil.virtual_memory().total * 0.9 / jobs)
