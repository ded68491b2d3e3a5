"""Dask clusters, made as a cluster file asks for them."""

from __future__ import annotations

import contextlib
import logging
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from merbench.engines.dask_parameters import Address, DaskParameters, Jobs, Worker, seconds
from merbench.errors import MerbenchError

_SETTINGS = {
    # Dask's default lets a task that takes its worker down take three more.
    "distributed.scheduler.allowed-failures": 1,
    # A worker that Dask's nanny starts is daemonic and may have no processes of its own.
    "distributed.worker.daemon": False,
    # Steps are counted out by merbench; what is dealt to one worker is for that worker.
    "distributed.scheduler.work-stealing": False,
}
_LOUD = (
    *(f"distributed.{part}" for part in ("client", "worker", "scheduler", "core", "comm")),
    *(f"tornado.{part}" for part in ("application", "general")),
)
"""Loggers to which Dask gives a level of their own."""
_LEAVE_SECONDS = 10.0
_LEAVE_EARLIER = 5 * 60
"""Seconds before its walltime that a worker hands its work on."""


def settings() -> Any:
    """Return a block in which Dask is set as merbench needs it."""
    import dask

    return dask.config.set(_SETTINGS)


@contextmanager
def made(engine: DaskParameters, jobs: int, *, gpu: bool = False) -> Iterator[Any]:
    """Have the cluster of an engine in the block.

    Parameters
    ----------
    engine
        What is asked for.
    jobs
        Workers of a local cluster.
    gpu
        Whether it is the cluster of steps that use a device.

    Raises
    ------
    MerbenchError
        The queue's commands are not there.
    """
    if engine.cluster == "local":
        cluster = _local(jobs)
    else:
        cluster = _queue(str(engine.cluster))(**job_settings(engine, gpu=gpu))
        wanted = engine.jobs or Jobs()
        # Asked to keep a number, Dask replaces none that is lost; adapting, it does.
        cluster.adapt(minimum_jobs=wanted.minimum, maximum_jobs=wanted.maximum)
    with cluster:
        yield cluster


def _local(jobs: int) -> Any:
    from distributed import LocalCluster

    # Workers are threads of this process: what a step does happens in a process of ours anyway.
    return LocalCluster(
        n_workers=jobs,
        threads_per_worker=1,
        processes=False,
        memory_limit=0,
        dashboard_address="127.0.0.1:0",
        silence_logs=logging.CRITICAL,
    )


def _queue(name: str) -> Any:
    return getattr(jobqueue(), {"slurm": "SLURMCluster", "pbs": "PBSCluster"}[name])


def jobqueue() -> Any:
    """Return the package `dask_jobqueue`, whose import would make Ctrl-C mean `sys.exit()`."""
    before = signal.getsignal(signal.SIGINT)
    import dask_jobqueue

    if before is not None:
        signal.signal(signal.SIGINT, before)
    return dask_jobqueue


def job_settings(engine: DaskParameters, *, gpu: bool = False) -> dict[str, Any]:
    """Return what dask-jobqueue is told of one job.

    Parameters
    ----------
    engine
        What is asked for.
    gpu
        Whether it is a job for steps that use a device.
    """
    worker = engine.worker or Worker()
    life = seconds(worker.walltime) - _LEAVE_EARLIER
    extra = ["--lifetime", f"{life}s", "--lifetime-stagger", f"{min(240, life // 4)}s"]
    directives = list(worker.directives)
    if gpu:
        assert engine.gpu is not None
        directives += engine.gpu.directives
        extra += ["--resources", _stated(engine.gpu.resources)]
    given = {
        "cores": worker.cores,
        "processes": 1,
        "memory": worker.memory,
        "walltime": worker.walltime,
        "queue": worker.queue,
        "account": worker.account,
        "interface": worker.interface,
        "job_name": "merbench-gpu" if gpu else "merbench",
        "job_extra_directives": directives,
        "job_script_prologue": list(worker.prologue),
        "worker_extra_args": extra,
        "nanny": False,
        "scheduler_options": {"dashboard_address": ":0"},
    }
    return {name: value for name, value in given.items() if value is not None}


def _stated(resources: Mapping[str, float]) -> str:
    return ",".join(f"{name}={amount:g}" for name, amount in resources.items())


@contextmanager
def client(engine: DaskParameters, cluster: Any) -> Iterator[Any]:
    """Have a client in the block, of a cluster that was made or of a scheduler that runs.

    Raises
    ------
    MerbenchError
        No scheduler answers.
    """
    from distributed import Client

    # What Dask has to say of workers and schedulers that end, merbench says itself.
    for name in ("distributed", *_LOUD):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    where = engine.cluster.address if isinstance(engine.cluster, Address) else cluster
    try:
        connected = Client(where, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise MerbenchError(
            f"no Dask scheduler answers at {where} ({error}); start one with `dask scheduler`, or "
            "name the address of one that runs"
        ) from None
    try:
        yield connected
    finally:
        # A scheduler that is gone cannot be told that its client leaves, and is not waited for.
        leaving = threading.Thread(target=_leave, args=(connected,), daemon=True)
        leaving.start()
        leaving.join(_LEAVE_SECONDS)


def _leave(connected: Any) -> None:
    with contextlib.suppress(OSError, TimeoutError):
        connected.close()
