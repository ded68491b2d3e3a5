"""What a Dask worker does with the steps it is sent."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from distributed import WorkerPlugin, get_worker

from merbench import memory
from merbench.engines.keeper import Keeper, Terms
from merbench.engines.schedule import Failure
from merbench.engines.worker import Sent
from merbench.steps.store import Store
from merbench.threads import cores


class Keepers(WorkerPlugin):
    """Has each thread of a Dask worker keep one process that does the steps.

    Dask would do them in its own process, which a step may end, fill or change.

    Parameters
    ----------
    name
        Of the run, under which a worker finds this again.
    folder
        Of the store.
    plugin_paths
        Plugin files that the processes load.
    memory_limit
        Bytes each process may hold; None for its share.
    timeout
        Seconds a step may take.
    at_once
        Processes that share the worker's memory; None for as many as it has threads.
    threads
        Threads of each process; None for its share of the machine's cores.
    environment
        Variables that the processes are given.
    patience
        Seconds that a file which another machine wrote is waited for.
    code
        What the processes must have installed.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        plugin_paths: Sequence[Path],
        memory_limit: int | None,
        timeout: float | None,
        at_once: int | None,
        threads: int | None,
        environment: Mapping[str, str],
        patience: float,
        code: Mapping[str, str],
    ) -> None:
        self.name = name
        self._folder, self._plugin_paths = folder, plugin_paths
        self._memory_limit, self._timeout = memory_limit, timeout
        self._at_once, self._threads = at_once, threads
        self._environment, self._patience, self._code = environment, patience, code

    def setup(self, worker: Any) -> None:
        """Be ready for steps; processes start with the first."""
        count = self._at_once or worker.state.nthreads
        held = getattr(worker.memory_manager, "memory_limit", None)
        share = int(0.9 * held / count) if held else memory.share(count)
        self._terms = Terms(
            self._folder,
            self._plugin_paths,
            self._memory_limit or share,
            self._threads or max(1, cores() // count),
            self._timeout,
            self._environment,
            self._patience,
            self._code,
        )
        self._of_thread = threading.local()
        self._kept: list[Keeper] = []
        self._stopped = False

    def teardown(self, worker: Any) -> None:
        """End the processes, and what they do."""
        self._stopped = True
        for keeper in list(self._kept):
            keeper.stop()

    def do(self, batch: Sequence[Sent]) -> list[tuple[Failure | None, float]]:
        """Do steps one after another; return how each ended and the seconds it took."""
        keeper: Keeper | None = getattr(self._of_thread, "keeper", None)
        if keeper is None:
            keeper = self._of_thread.keeper = Keeper(self._terms)
            self._kept.append(keeper)
        store, ends = Store(self._folder, self._patience), []
        for sent in batch:
            began = time.monotonic()
            if self._stopped:
                keeper.stop()
            # Where a worker was lost Dask has its steps done again, those too that it finished.
            failure = None if store.has(sent.key) else keeper.do(sent)
            ends.append((failure, time.monotonic() - began))
        return ends


def do(name: str, batch: Sequence[Sent]) -> list[tuple[Failure | None, float]]:
    """Do steps on the Dask worker that this runs on; raises nothing of theirs."""
    keepers = get_worker().plugins[name]
    assert isinstance(keepers, Keepers)
    return keepers.do(batch)
