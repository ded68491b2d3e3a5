"""Where steps run by default: worker processes of this machine."""

from __future__ import annotations

import concurrent.futures
import contextlib
import math
import multiprocessing
import os
import signal
import sys
import threading
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

from merbench import child_processes, memory, threads
from merbench.components.base import plugin_sources
from merbench.devices import CPU
from merbench.engines import worker as workers
from merbench.engines.schedule import Failure
from merbench.plugins import discovery
from merbench.steps.step import Step
from merbench.steps.store import Store

_OUT_OF_MEMORY = 97
"""Exit status by which a worker says that its own guard stopped it."""


class WorkerAnswer(NamedTuple):
    """What a worker says when it has done a task."""

    failure: Failure | None
    spent: bool = False
    """Whether processes were left behind, which may hold anything of the worker's."""
    begun: bool = False
    """Whether this says no more than that its turn on a device has come."""


# --- local processes ----------------------------------------------------------------------------

# Why not a library's pool: pebble's ProcessPool (5.2) was given what tests/engines does to workers.
# It names the task that ended its process (SIGKILL, SIGTERM, exit 5), stops one that hangs, ends on
# Ctrl-C, and goes on, as this does. But a task that ends its process with status 0 is waited for
# until its timeout, for ever without one; a task that a worker cannot read breaks the whole pool;
# what a task leaves running is not ended, not even with the pool; no worker's memory is bounded.
# loky's ProcessPoolExecutor (3.7) was given the same. One task that ends its process, or that a
# worker cannot read, breaks the executor: its neighbours fail with it, and nothing can be submitted
# any more. A task that hangs has no timeout; what one leaves running outlives it and the executor;
# one that took 1 GB was let go on. One executor a worker would keep neighbours apart, and then only
# starting a process and its pipe is not ours.


class WorkerLostError(Exception):
    """A worker process ended while it had a task; carries its exit status."""

    def __init__(self, status: int | None) -> None:
        super().__init__(f"status {status}")
        self.status = status


@dataclass
class LocalEngine:
    """Worker processes of this machine, each kept by a thread that hands it one task at a time.

    So whatever ends a process, and with whatever status, is known to be its task's doing. A process
    does tasks of the same plugins, or of more; it is replaced where a task comes that a plugin
    which it has run has no part in: what that did to the process, to numpy say, ends there. What a
    task leaves running ends with it.

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
        # Workers inherit the bounds when they start, which one that replaces a lost one does late.
        self._before = {name: os.environ.get(name) for name in threads.VARIABLES}
        os.environ.update(threads.environment(self.threads))
        self._limit = self.memory_limit or memory.share(self.jobs)
        self._workers: list[_Worker] = []
        self._stopping = False
        # Ctrl-C reaches the whole group, but the parent stops its workers itself: blocked in the
        # keepers, the signal is blocked in the processes they start. The tracker that Python
        # starts along with the first of them would unblock it.
        resource_tracker.ensure_running()
        self._keepers = concurrent.futures.ThreadPoolExecutor(
            self.jobs,
            initializer=signal.pthread_sigmask,
            initargs=(signal.SIG_BLOCK, {signal.SIGINT}),
        )
        self._kept = threading.local()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._stopping = kind is not None
        if self._stopping:
            for worker in list(self._workers):
                worker.kill()
        self._keepers.shutdown(cancel_futures=self._stopping)
        for worker in self._workers:
            worker.close()
        for name, value in self._before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

    def submit(self, work: Step) -> concurrent.futures.Future[Failure | None]:
        """Start a task in a worker."""
        return self._keepers.submit(self._do, work)

    def explain(self, error: BaseException) -> str:
        """Say in words why a task brought no answer."""
        if isinstance(error, TimeoutError):
            return f"took longer than the timeout of {self.timeout:g} s; raise --timeout"
        if not isinstance(error, WorkerLostError):
            return (
                f"cannot be sent to a worker process ({error}); "
                "define the plugin's classes at the top of its module"
            )
        if error.status == _OUT_OF_MEMORY:
            limit = self._limit / 2**30
            return f"needed more than {limit:.1f} GiB of memory; lower --jobs or raise --memory"
        if error.status is not None and error.status < 0:
            name = signal.Signals(-error.status).name
            hint = ", perhaps for want of memory" if name == "SIGKILL" else ""
            return f"its worker process was killed by {name}{hint}; run again"
        return f"its worker process exited with status {error.status}; run again"

    def _do(self, work: Step) -> Failure | None:
        """Have this thread's worker run a task."""
        sources = plugin_sources(*work.plugins)
        worker: _Worker | None = getattr(self._kept, "worker", None)
        if worker is not None and not (worker.alive and worker.ran <= sources):
            self._end(worker)
            worker = None
        if worker is None:
            worker = self._kept.worker = self._start()
            failure = worker.receive(None).failure
            if failure is not None:
                self._end(worker)
                return failure
        worker.ran |= sources
        worker.send(work)
        # It says when its turn on a device has come, which others may have for as long as they
        # like; for the processor it has come.
        answer = worker.receive(None if work.occupies != CPU else self.timeout)
        if answer.begun:
            answer = worker.receive(self.timeout)
        if answer.spent:
            self._end(worker)
        return answer.failure

    def _end(self, worker: _Worker) -> None:
        worker.kill()
        self._kept.worker = None
        self._workers.remove(worker)

    def _start(self) -> _Worker:
        worker = _Worker(self.store.folder, list(self.plugin_paths), self._limit)
        self._workers.append(worker)
        if self._stopping:
            worker.kill()
        return worker


class _Worker:
    """A worker process and the pipe to it."""

    _POLL_SECONDS = 0.5
    _LEAVE_SECONDS = 5.0
    _changing = threading.Lock()
    """Held while a process is started or reaped, which `multiprocessing` does for all at once."""

    def __init__(self, *arguments: object) -> None:
        self.ran: frozenset[str] = frozenset()
        """The packages and files of plugins whose code it has run."""
        self._mark = uuid.uuid4().hex
        # A fresh interpreter: forking after torch or OpenMP started threads may hang.
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, *arguments))
        with self._changing, child_processes.marking(self._mark):
            self._process.start()
        theirs.close()

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        with self._changing:
            return self._process.is_alive()

    def send(self, work: Step) -> None:
        """Hand over a task."""
        task = workers.sent(work)
        with contextlib.suppress(OSError):  # a worker that is gone shows when it should answer
            self._pipe.send(task)

    def receive(self, timeout: float | None) -> WorkerAnswer:
        """Wait for the answer.

        Raises
        ------
        WorkerLostError
            The process ended instead.
        TimeoutError
            None came in time; the process is killed.
        """
        deadline = time.monotonic() + (math.inf if timeout is None else timeout)
        # A process that is gone may have children that keep its end of the pipe open.
        while self.alive and not self._pipe.poll(
            max(0.0, min(self._POLL_SECONDS, deadline - time.monotonic()))
        ):
            if time.monotonic() >= deadline:
                self.kill()
                raise TimeoutError
        try:
            if self._pipe.poll():
                answer: WorkerAnswer = self._pipe.recv()
                return answer
        except (EOFError, OSError):
            pass
        with self._changing:
            self._process.join()
        child_processes.kill(child_processes.of(None, self._mark))
        raise WorkerLostError(self._process.exitcode)

    def kill(self) -> None:
        """End the process and all that it started; the store never sees half of an artifact."""
        started = child_processes.of(self._process.pid, self._mark)
        with self._changing:
            self._process.kill()
            self._process.join()
        child_processes.kill(started | child_processes.of(None, self._mark))

    def close(self) -> None:
        """Let the process end by itself, or kill it where it does not."""
        self._pipe.close()
        with self._changing:
            self._process.join(self._LEAVE_SECONDS)
        if self._process.exitcode != 0:
            self.kill()


def _serve(pipe: Connection, folder: Path, plugin_paths: Sequence[Path], limit: int) -> None:
    """Be a worker: run tasks from a pipe until it closes."""
    sys.stdin = open(os.devnull)  # noqa: PTH123, SIM115
    parent = multiprocessing.parent_process()
    assert parent is not None
    threading.Thread(
        target=memory.guard, args=(limit, _OUT_OF_MEMORY, parent.pid), daemon=True
    ).start()
    child_processes.adopt()
    store = Store(folder)
    with contextlib.suppress(EOFError, OSError):  # the parent is gone
        pipe.send(WorkerAnswer(workers.guarded(lambda: discovery.load(plugin_paths))))
        while True:
            task = pipe.recv()
            failure = workers.run(task, store, lambda: pipe.send(WorkerAnswer(None, begun=True)))
            pipe.send(WorkerAnswer(failure, spent=bool(child_processes.children())))
