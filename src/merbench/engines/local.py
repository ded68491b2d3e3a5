"""Where steps run by default: worker processes of this machine."""

from __future__ import annotations

import concurrent.futures
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from merbench import memory, threads
from merbench.engines import worker
from merbench.engines.keeper import Keeper, Terms
from merbench.engines.schedule import Failure
from merbench.engines.worker import Sent
from merbench.steps.step import Step
from merbench.steps.store import Store


@dataclass
class LocalEngine:
    """Worker processes of this machine, each kept by a thread that hands it one task at a time.

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

    one_machine: ClassVar[bool] = True

    @property
    def slots(self) -> int:
        """How many tasks run at once."""
        return self.jobs

    @property
    def threads(self) -> int:
        """Threads of each worker, so that all of them together fill the cores and no more."""
        return max(1, threads.cores() // self.jobs)

    def __enter__(self) -> LocalEngine:
        limit = self.memory_limit or memory.share(self.jobs)
        self._terms = Terms(
            self.store.folder, list(self.plugin_paths), limit, self.threads, self.timeout
        )
        self.keepers: list[Keeper] = []
        self._threads = concurrent.futures.ThreadPoolExecutor(self.jobs)
        self._of_thread = threading.local()
        self._stopping = False
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._stopping = kind is not None
        if self._stopping:
            for keeper in list(self.keepers):
                keeper.stop()
        self._threads.shutdown(cancel_futures=self._stopping)
        for keeper in self.keepers:
            keeper.close()

    def submit(self, work: Step) -> concurrent.futures.Future[Failure | None]:
        """Start a task in a worker."""
        return self._threads.submit(self._do, work)

    def explain(self, error: BaseException) -> str:
        """Say in words why a task brought no answer."""
        return worker.unsendable(error)

    def _do(self, work: Step) -> Failure | None:
        """Have this thread's worker run a task."""
        sent: Sent = worker.sent(work)
        keeper: Keeper | None = getattr(self._of_thread, "keeper", None)
        if keeper is None:
            keeper = self._of_thread.keeper = Keeper(self._terms)
            self.keepers.append(keeper)
            if self._stopping:
                keeper.stop()
        return keeper.do(sent)
