"""The engine `dask` at work: steps out to Dask's workers, how they ended back."""

from __future__ import annotations

import concurrent.futures
import contextlib
import os
import threading
import time
import uuid
from collections.abc import Sequence
from typing import Any, NamedTuple

from merbench.components import EngineOptions
from merbench.devices import CPU
from merbench.engines import dask_clusters, same_code, worker
from merbench.engines.batches import StepBatches
from merbench.engines.dask_parameters import QUEUES, Address, DaskParameters, Jobs, Worker
from merbench.engines.dask_worker import Keepers, do
from merbench.engines.schedule import Failure
from merbench.engines.worker import Sent
from merbench.errors import MerbenchError
from merbench.steps.step import Step
from merbench.threads import cores

_GATHER_SECONDS = 0.01
"""How long a step waits for others that become ready with it."""
_LOOK_SECONDS = 2.0
"""How often the scheduler is asked how many workers it has."""
_GONE = "the Dask scheduler is gone; run the same command to go on"
_HELD_AT_MOST = 10_000
"""Steps that wait here while other workers than theirs have room."""


class Waiting(NamedTuple):
    """A step that was handed over, and the future that says how it ended."""

    sent: Sent
    kind: str
    future: concurrent.futures.Future[Failure | None]


class LostError(Exception):
    """Dask gave no answer, and says why."""


class DaskPlace:
    """Hands steps to a Dask cluster in batches, and takes back how each ended.

    Parameters
    ----------
    engine
        What the cluster file asks for.
    options
        What the run asks for.
    """

    one_machine = False
    """Each machine has its own devices, which Dask's resources and turns there deal out."""

    def __init__(self, engine: DaskParameters, options: EngineOptions) -> None:
        self.engine, self.options = engine, options
        self.name = f"merbench-{uuid.uuid4().hex}"
        self._groups: list[_Group] = []

    def __enter__(self) -> DaskPlace:
        with contextlib.ExitStack() as stack:
            stack.enter_context(dask_clusters.settings())
            self._groups = [_Group(self, stack, gpu=False)]
            if self.engine.gpu is not None:
                same = isinstance(self.engine.cluster, Address)
                client = self._groups[0].client if same else None
                self._groups.append(_Group(self, stack, gpu=True, client=client))
            self._closing = stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        for group in self._groups:
            group.leave(stopped=kind is not None)
        self._closing.__exit__(None, None, None)

    @property
    def slots(self) -> int:
        """How many steps it takes: those that it has, and more while a batch has room."""
        room = any(group.has_room for group in self._groups)
        held = sum(group.held for group in self._groups)
        return held + 1 if room and held < _HELD_AT_MOST else held - 1

    def submit(self, work: Step) -> concurrent.futures.Future[Failure | None]:
        """Hand a step over; it travels with others that come at the same time."""
        future: concurrent.futures.Future[Failure | None] = concurrent.futures.Future()
        try:
            sent = worker.sent(work)
        except Exception as error:  # whatever pickling a plugin's class raises
            future.set_exception(error)
            return future
        component = work.component
        kind = f"{work.stage} {component.title if component else ''}"
        group = self._groups[-1 if work.occupies != CPU else 0]
        group.add(Waiting(sent, kind, future))
        return future

    def explain(self, error: BaseException) -> str:
        """Say in words why a step brought no answer."""
        return str(error) if isinstance(error, LostError) else worker.unsendable(error)

    def status(self) -> str:
        """Say in a line how many workers there are, what they do, and where Dask shows it."""
        workers = sum(group.workers for group in self._groups)
        flying = sum(group.flying for group in self._groups)
        link = self._groups[0].dashboard
        noun = "worker" if workers == 1 else "workers"
        return f"{workers} {noun}, {flying} steps in flight" + (f", {link}" if link else "")


class _Group:
    """The workers that do one sort of steps: those on the processor, or those on a device."""

    def __init__(
        self, place: DaskPlace, stack: contextlib.ExitStack, *, gpu: bool, client: Any = None
    ) -> None:
        engine = place.engine
        self._name, self._owns_plugin = place.name, client is None
        if client is None:
            client = stack.enter_context(
                dask_clusters.client(engine, self._cluster(place, stack, gpu))
            )
            self._register(client, place, gpu)
        self.client = client
        self.dashboard: str = client.dashboard_link
        resources = {"resources": dict(engine.gpu.resources)} if gpu and engine.gpu else {}
        self._executor = client.get_executor(pure=False, retries=0, **resources)
        self._batches = StepBatches[Waiting](engine.batch)
        self._alone: list[Waiting] = []
        """Steps whose batch was lost: tried one by one, so that one fails alone."""
        self._flying: dict[concurrent.futures.Future[Any], Sequence[Waiting]] = {}
        self._hoped = _hoped_for(engine, gpu=gpu)
        self.workers, self._threads, self._looked = 0, 1, 0.0
        self._stopped = False
        self._lock, self._wake = threading.RLock(), threading.Event()
        self._dealer = threading.Thread(target=self._deal_until_stopped, daemon=True)
        self._dealer.start()

    @staticmethod
    def _cluster(place: DaskPlace, stack: contextlib.ExitStack, gpu: bool) -> Any:
        if isinstance(place.engine.cluster, Address):
            return None
        jobs = place.options.jobs or cores()
        return stack.enter_context(dask_clusters.made(place.engine, jobs, gpu=gpu))

    @staticmethod
    def _register(client: Any, place: DaskPlace, gpu: bool) -> None:
        engine, options = place.engine, place.options
        at_once, threads = None, None
        if engine.cluster == "local":
            at_once = options.jobs or cores()
        elif engine.cluster in QUEUES:
            of_job = (engine.worker or Worker()).cores
            at_once, threads = (1, of_job) if gpu else (of_job, 1)
        keepers = Keepers(
            place.name,
            options.store,
            tuple(options.plugin_paths),
            options.memory_limit,
            options.timeout,
            at_once,
            threads,
            {name: value for name, value in os.environ.items() if name.startswith("MERBENCH_")},
            engine.waits,
            same_code.here(),
        )
        try:
            client.register_plugin(keepers, name=place.name)
        except Exception as error:  # whatever a worker's import raises
            raise MerbenchError(
                f"the workers cannot use merbench ({type(error).__name__}: {error}); start them in "
                "the environment that merbench is installed in here"
            ) from error

    @property
    def flying(self) -> int:
        """How many steps are with the workers."""
        with self._lock:
            return sum(map(len, self._flying.values()))

    @property
    def held(self) -> int:
        """How many steps it was given that have not ended."""
        with self._lock:
            return self.flying + self._batches.waiting + len(self._alone)

    @property
    def has_room(self) -> bool:
        """Whether a step that it is given now would soon be with a worker."""
        with self._lock:
            return self._batches.fill() < self._places()

    def _places(self) -> int:
        """How many batches could be sent: one a thread, and some that wait for the next."""
        threads = max(self._threads, self._hoped)
        return threads + max(1, threads // 4) - len(self._flying)

    def add(self, step: Waiting) -> None:
        """Take a step."""
        with self._lock:
            self._batches.add(step.kind, step)
        self._wake.set()

    def leave(self, *, stopped: bool) -> None:
        """End the work here; where it was stopped, at once."""
        with self._lock:
            self._stopped = True
            flying = list(self._flying)
        self._wake.set()
        if stopped:
            for future in flying:
                future.cancel()
        if self._owns_plugin and self.client.status == "running":
            # Ends the workers' processes, on whatever machine. A scheduler that is lost meanwhile
            # takes them along, for they end with Dask's workers.
            with contextlib.suppress(Exception):
                self.client.unregister_worker_plugin(self._name)
        self._dealer.join()

    # --- batches out and back ---------------------------------------------------------------------

    def _deal_until_stopped(self) -> None:
        while True:
            self._wake.wait(_LOOK_SECONDS)
            self._wake.clear()
            if self._stopped:
                return
            if self.client.status != "running":
                self._lose_all(_GONE)
                continue
            self._look()
            time.sleep(_GATHER_SECONDS)
            with self._lock:
                alone, self._alone = self._alone, []
                for batch in [*([step] for step in alone), *self._batches.deal(self._places())]:
                    self._send(batch)

    def _look(self) -> None:
        """See how many workers there are."""
        if time.monotonic() - self._looked < _LOOK_SECONDS and self.workers:
            return
        self._looked = time.monotonic()
        with contextlib.suppress(Exception):  # it is busy, or about to be found gone
            found = self.client.scheduler_info(n_workers=-1)["workers"].values()
            self.workers = len(found)
            self._threads = max(1, sum(each["nthreads"] for each in found))

    def _send(self, batch: Sequence[Waiting]) -> None:
        try:
            future = self._executor.submit(do, self._name, [step.sent for step in batch])
        except Exception:  # whatever Dask raises where its scheduler has just gone
            for step in batch:
                _lose(step, _GONE)
            return
        self._flying[future] = batch
        future.add_done_callback(self._returned)

    def _returned(self, future: concurrent.futures.Future[Any]) -> None:
        with self._lock:
            batch = self._flying.pop(future, ())
        try:
            ends = future.result()
        except (Exception, concurrent.futures.CancelledError) as error:
            if len(batch) > 1 and not self._stopped and self.client.status == "running":
                with self._lock:
                    self._alone += batch
            else:
                for step in batch:
                    _lose(step, _in_words(error))
        else:
            for step, (failure, seconds) in zip(batch, ends, strict=True):
                self._batches.learn(step.kind, seconds)
                _settle(step, failure)
        self._wake.set()

    def _lose_all(self, reason: str) -> None:
        with self._lock:
            lost = [step for batch in self._flying.values() for step in batch]
            lost += self._batches.take() + self._alone
            self._flying, self._alone = {}, []
        for step in lost:
            _lose(step, reason)


def _hoped_for(engine: DaskParameters, *, gpu: bool) -> int:
    """Return how many steps a queue's jobs could do at once, were they all there."""
    if engine.cluster not in QUEUES:
        return 1
    jobs = (engine.jobs or Jobs()).maximum
    return jobs if gpu else jobs * (engine.worker or Worker()).cores


def _in_words(error: BaseException) -> str:
    from distributed import KilledWorker

    if isinstance(error, KilledWorker):
        return "the Dask workers that did it were lost, two in a row; run again"
    if isinstance(error, concurrent.futures.CancelledError):
        return "Dask cancelled it, for its scheduler was stopped; run the same command to go on"
    return f"Dask could not do it ({type(error).__name__}: {error}); run again"


def _settle(step: Waiting, failure: Failure | None) -> None:
    if not step.future.done():
        step.future.set_result(failure)


def _lose(step: Waiting, reason: str) -> None:
    if not step.future.done():
        step.future.set_exception(LostError(reason))
