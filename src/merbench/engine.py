"""Where tasks run: worker processes of this machine.

A task that raises, hangs, exhausts memory or kills its process fails alone. An engine hands out
`concurrent.futures` futures, which is all `execute` asks of it; an existing distributed engine
fits behind the same two methods.
"""

from __future__ import annotations

import concurrent.futures
import heapq
import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from merbench import memory, plugins, threads
from merbench.errors import MerbenchError
from merbench.pipeline import Work
from merbench.store import Store

_OUT_OF_MEMORY = 97
"""Exit status by which a worker says that its own guard stopped it."""


class Outcome(NamedTuple):
    """How a task ended: done where `error` is empty."""

    work: Work
    error: str
    seconds: float
    trace: str = ""


class Failure(NamedTuple):
    """An exception, as it crosses from a worker: exceptions themselves may not be picklable."""

    error: str
    trace: str


class Engine(Protocol):
    """What `execute` needs of the place where tasks run."""

    @property
    def slots(self) -> int:
        """How many tasks run at once."""
        ...

    def submit(self, work: Work) -> concurrent.futures.Future[Failure | None]:
        """Start a task."""
        ...

    def explain(self, error: BaseException) -> str:
        """Say in words why a future failed."""
        ...


# --- scheduling ---------------------------------------------------------------------------------


def execute(
    tasks: Mapping[str, Work],
    engine: Engine,
    report: Callable[[Outcome], None],
) -> dict[str, Outcome]:
    """Run tasks in the order their needs allow; what needs a failed task fails with its reason.

    Parameters
    ----------
    tasks
        By key. A need that is not among them is already in the store. Earlier ones go first.
    engine
        Where they run.
    report
        Called with each outcome as it comes.
    """
    outcomes: dict[str, Outcome] = {}
    waiting = {key: {n for n in work.needs if n in tasks} for key, work in tasks.items()}
    dependents: dict[str, list[str]] = {}
    for key, needs in waiting.items():
        for need in needs:
            dependents.setdefault(need, []).append(key)
    rank = {key: position for position, key in enumerate(tasks)}
    ready = [(rank[key], key) for key, needs in waiting.items() if not needs]
    heapq.heapify(ready)
    running: dict[concurrent.futures.Future[Failure | None], tuple[str, float]] = {}

    def settle(key: str, outcome: Outcome) -> None:
        pending = [(key, outcome)]
        while pending:
            done, result = pending.pop()
            if done in outcomes:
                continue
            outcomes[done] = result
            report(result)
            for dependent in dependents.get(done, []):
                if result.error:
                    inherited = Outcome(tasks[dependent], result.error, 0.0, result.trace)
                    pending.append((dependent, inherited))
                else:
                    waiting[dependent].discard(done)
                    if not waiting[dependent]:
                        heapq.heappush(ready, (rank[dependent], dependent))

    while ready or running:
        # Few are handed over at a time, so that what becomes ready earlier in rank goes first.
        while ready and len(running) < engine.slots + 1:
            _, key = heapq.heappop(ready)
            if key not in outcomes:
                running[engine.submit(tasks[key])] = (key, time.monotonic())
        done, _ = concurrent.futures.wait(
            running, timeout=1.0, return_when=concurrent.futures.FIRST_COMPLETED
        )
        for future in done:
            key, started = running.pop(future)
            seconds = time.monotonic() - started
            try:
                failure = future.result()
            except Exception as error:
                failure = Failure(engine.explain(error), "")
            settle(key, Outcome(tasks[key], *_message(tasks[key], failure, seconds)))
    return outcomes


def _message(work: Work, failure: Failure | None, seconds: float) -> tuple[str, float, str]:
    if failure is None:
        return "", seconds, ""
    return f"{work.title}: {failure.error}", seconds, failure.trace


# --- local processes ----------------------------------------------------------------------------


@dataclass
class LocalEngine:
    """Worker processes of this machine.

    Parameters
    ----------
    store
        Where tasks leave their artifacts.
    plugin_paths
        Plugin files that workers load, so that their classes can be sent over.
    jobs
        Number of processes.
    timeout
        Seconds a task may take before its process is killed; None for no bound.
    memory_limit
        Bytes one worker may hold before it is stopped; None for its share of the machine's.
    """

    store: Store
    plugin_paths: Sequence[Path] = ()
    jobs: int = 1
    timeout: float | None = None
    memory_limit: int | None = None

    @property
    def slots(self) -> int:
        """How many tasks run at once."""
        return self.jobs

    @property
    def threads(self) -> int:
        """Threads of each worker, so that all of them together fill the cores and no more."""
        return max(1, threads.cores() // self.jobs)

    def __enter__(self) -> LocalEngine:
        from pebble import ProcessPool

        # Workers inherit the bounds when they start, which one that replaces a lost one does late.
        self._before = {name: os.environ.get(name) for name in threads.VARIABLES}
        os.environ.update(threads.environment(self.threads))
        limit = self.memory_limit or memory.share(self.jobs)
        # A fresh interpreter each: forking after torch or OpenMP started threads may hang.
        self._pool = ProcessPool(
            max_workers=self.jobs,
            initializer=_start_worker,
            initargs=(self.store.folder, list(self.plugin_paths), limit),
            context=multiprocessing.get_context("spawn"),
        )
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self._pool.close()
        else:
            self._pool.stop()
        self._pool.join()
        for name, value in self._before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

    def submit(self, work: Work) -> concurrent.futures.Future[Failure | None]:
        """Start a task in a worker."""
        future: concurrent.futures.Future[Failure | None] = self._pool.schedule(
            _run, args=[work], timeout=self.timeout
        )
        return future

    def explain(self, error: BaseException) -> str:
        """Say in words why a worker was lost."""
        from pebble import ProcessExpired

        if isinstance(error, concurrent.futures.TimeoutError):
            return f"took longer than the timeout of {self.timeout:g} s; raise --timeout"
        if isinstance(error, ProcessExpired):
            if error.exitcode == _OUT_OF_MEMORY:
                limit = (self.memory_limit or memory.share(self.jobs)) / 2**30
                return f"needed more than {limit:.1f} GiB of memory; lower --jobs or raise --memory"
            if error.exitcode is not None and error.exitcode < 0:
                name = signal.Signals(-error.exitcode).name
                hint = ", perhaps for want of memory" if name == "SIGKILL" else ""
                return f"its worker process was killed by {name}{hint}; run again"
            return f"its worker process exited with status {error.exitcode}; run again"
        return f"{type(error).__name__}: {error}"


_worker_store: Store


def _start_worker(folder: Path, plugin_paths: Sequence[Path], memory_limit: int) -> None:
    """Set up a worker: signals, plugins, and the guard over its memory."""
    global _worker_store
    # The parent stops its workers itself; Ctrl-C reaches the whole group.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.stdin = open(os.devnull)  # noqa: PTH123, SIM115
    _worker_store = Store(folder)
    plugins.load(plugin_paths)
    threading.Thread(target=memory.guard, args=(memory_limit, _OUT_OF_MEMORY), daemon=True).start()


def _run(work: Work) -> Failure | None:
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            work.run(_worker_store)
    except MerbenchError as error:
        return Failure(str(error), traceback.format_exc())
    except MemoryError:
        return Failure("ran out of memory; lower --jobs", traceback.format_exc())
    except Exception as error:
        return Failure(f"{type(error).__name__}: {error}", traceback.format_exc())
    return None
