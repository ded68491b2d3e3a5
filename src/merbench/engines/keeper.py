"""A worker process of this machine, and the keeper that hands it one step at a time."""

from __future__ import annotations

import contextlib
import math
import multiprocessing
import os
import signal
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

from merbench import child_processes, memory, threads
from merbench.devices import CPU
from merbench.downloads import forbidden
from merbench.engines import same_code, worker
from merbench.engines.schedule import Failure
from merbench.engines.worker import Sent
from merbench.network import refuse_connections
from merbench.plugins import discovery
from merbench.postponed import postpone_unused
from merbench.steps.store import Store

_OUT_OF_MEMORY = 97
"""Exit status by which a worker says that its own guard stopped it."""

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


class Terms(NamedTuple):
    """What every worker process of an engine is given.

    Attributes
    ----------
    folder
        Of the store.
    plugin_paths
        Plugin files that workers load, so that their classes can be sent over.
    memory_limit
        Bytes one worker may hold before it is stopped.
    threads
        Threads that numerical libraries may use in one worker.
    timeout
        Seconds a step may take before its process is killed; None for no bound.
    environment
        Further variables that a worker is given.
    patience
        Seconds that a worker waits for an artifact which the store's disk does not show yet.
    code
        What `same_code.here` said where the plan was made; None where that is this machine.
    """

    folder: Path
    plugin_paths: Sequence[Path]
    memory_limit: int
    threads: int = 1
    timeout: float | None = None
    environment: Mapping[str, str] | None = None
    patience: float = 0.0
    code: Mapping[str, str] | None = None


class WorkerAnswer(NamedTuple):
    """What a worker says when it has done a task."""

    failure: Failure | None
    spent: bool = False
    """Whether processes were left behind, which may hold anything of the worker's."""
    begun: bool = False
    """Whether this says no more than that its turn on a device has come."""


class WorkerLostError(Exception):
    """A worker process ended while it had a task; carries its exit status."""

    def __init__(self, status: int | None) -> None:
        super().__init__(f"status {status}")
        self.status = status


class Keeper:
    """Keeps one worker process and hands it one step at a time, whatever steps do to it.

    So whatever ends the process, and with whatever status, is known to be its step's doing. The
    process does steps of the same plugins, or of more; it is replaced where a step comes that a
    plugin which it has run has no part in: what that did to the process, to numpy say, ends there.
    What a step leaves running ends with it.
    """

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._worker: WorkerProcess | None = None
        self._stopped = False

    @property
    def alive(self) -> bool:
        """Whether it has a process that runs."""
        return self._worker is not None and self._worker.alive

    def do(self, sent: Sent) -> Failure | None:
        """Have the worker do a step, and return what went wrong; raises nothing."""
        try:
            return self._do(sent)
        except (TimeoutError, WorkerLostError) as error:
            return Failure(_explained(error, self._terms), "")

    def stop(self) -> None:
        """End the process, and all that it started, at once; from any thread, and for good."""
        self._stopped = True
        if self._worker is not None:
            self._worker.kill()

    def close(self) -> None:
        """Let the process end by itself, or kill it where it does not."""
        if self._worker is not None:
            self._worker.close()
            self._worker = None

    def _do(self, sent: Sent) -> Failure | None:
        if self._worker is not None and not (
            self._worker.alive and self._worker.ran <= sent.sources
        ):
            self._end()
        if self._worker is None:
            self._worker = WorkerProcess(self._terms)
            if self._stopped:
                self._worker.kill()
            failure = self._worker.receive(None).failure
            if failure is not None:
                self._end()
                return failure
        self._worker.ran |= sent.sources
        self._worker.send(sent)
        # It says when its turn on a device has come, which others may have for as long as they
        # like; for the processor it has come.
        timeout = self._terms.timeout
        answer = self._worker.receive(None if sent.occupies != CPU else timeout)
        if answer.begun:
            answer = self._worker.receive(timeout)
        if answer.spent:
            self._end()
        return answer.failure

    def _end(self) -> None:
        assert self._worker is not None
        self._worker.kill()
        self._worker = None


def _explained(error: Exception, terms: Terms) -> str:
    if not isinstance(error, WorkerLostError):
        return f"took longer than the timeout of {terms.timeout:g} s; raise --timeout"
    if error.status == _OUT_OF_MEMORY:
        limit = terms.memory_limit / 2**30
        return f"needed more than {limit:.1f} GiB of memory; lower --jobs or raise --memory"
    if error.status is not None and error.status < 0:
        name = signal.Signals(-error.status).name
        hint = ", perhaps for want of memory" if name == "SIGKILL" else ""
        return f"its worker process was killed by {name}{hint}; run again"
    return f"its worker process exited with status {error.status}; run again"


class WorkerProcess:
    """A worker process and the pipe to it."""

    _POLL_SECONDS = 0.5
    _LEAVE_SECONDS = 5.0
    _changing = threading.Lock()
    """Held while a process is started or reaped, which `multiprocessing` does for all at once."""

    def __init__(self, terms: Terms) -> None:
        self.ran: frozenset[str] = frozenset()
        """The packages and files of plugins whose code it has run."""
        self._mark = uuid.uuid4().hex
        # A fresh interpreter: forking after torch or OpenMP started threads may hang.
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, terms))
        variables = {**(terms.environment or {}), **threads.environment(terms.threads)}
        given, marked = child_processes.inherited(variables), child_processes.marking(self._mark)
        with self._changing, _deaf_to_ctrl_c(), given, marked:
            self._process.start()
        theirs.close()

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        with self._changing:
            return self._process.is_alive()

    def send(self, sent: Sent) -> None:
        """Hand over a step."""
        with contextlib.suppress(OSError):  # a worker that is gone shows when it should answer
            self._pipe.send(sent)

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


@contextlib.contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """Have what is started within the block not hear Ctrl-C, which reaches the whole group.

    Whoever keeps a worker stops it. The tracker that Python starts along with the first process
    would unblock the signal, so it is started before.
    """
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(pipe: Connection, terms: Terms) -> None:
    """Be a worker: do steps from a pipe until it closes."""
    sys.stdin = open(os.devnull)  # noqa: PTH123, SIM115
    if forbidden():
        refuse_connections()
    parent = multiprocessing.parent_process()
    assert parent is not None
    threading.Thread(
        target=memory.guard, args=(terms.memory_limit, _OUT_OF_MEMORY, parent.pid), daemon=True
    ).start()
    child_processes.adopt()
    store = Store(terms.folder, terms.patience)
    with contextlib.suppress(EOFError, OSError):  # the parent is gone
        pipe.send(WorkerAnswer(worker.guarded(_started(terms))))
        while True:
            task = pipe.recv()
            failure = worker.run(task, store, lambda: pipe.send(WorkerAnswer(None, begun=True)))
            pipe.send(WorkerAnswer(failure, spent=bool(child_processes.children())))


def _started(terms: Terms) -> Callable[[], None]:
    def start() -> None:
        if terms.code is not None:
            same_code.demand_same_code(terms.code)
        postpone_unused()
        discovery.load_plugins(terms.plugin_paths, ours=False)

    return start
