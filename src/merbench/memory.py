"""Watching how much memory a process holds, and stopping it before it holds too much."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_POLL_SECONDS = 0.05


@dataclass
class Peak:
    """Most memory the process held while watched, in bytes."""

    peak: int = 0


@contextmanager
def watch() -> Iterator[Peak]:
    """Record the process's peak resident memory, which the system only keeps per lifetime."""
    import psutil

    process, record, done = psutil.Process(), Peak(), threading.Event()

    def sample() -> None:
        while True:
            record.peak = max(record.peak, process.memory_info().rss)
            if done.wait(_POLL_SECONDS):
                return

    watcher = threading.Thread(target=sample, daemon=True)
    watcher.start()
    try:
        yield record
    finally:
        done.set()
        watcher.join()
        record.peak = max(record.peak, process.memory_info().rss)


def guard(limit: int, status: int, parent: int | None) -> None:
    """Exit with `status` once this process holds more than `limit` bytes or its parent is gone."""
    import psutil

    process = psutil.Process()
    while os.getppid() == parent:
        if process.memory_info().rss > limit:
            os._exit(status)
        time.sleep(_POLL_SECONDS)
    os._exit(1)


def share(jobs: int) -> int:
    """Bytes one of `jobs` workers may hold, so that together they leave the machine some."""
    import psutil

    return int(psutil.virtual_memory().total * 0.9 / jobs)
