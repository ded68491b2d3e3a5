"""The parameters of the engine `dask`, as an engine file writes them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from merbench.components import Engine

QUEUES = ("slurm", "pbs")
_LEAST_WALLTIME = 10 * 60


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Address(_Part):
    """Where a scheduler that already runs listens."""

    address: str = Field(pattern=r"^[a-z]+://.+", description="Such as tcp://10.0.0.5:8786.")


class Jobs(_Part):
    """How many jobs of the queue are asked for, as there is work."""

    minimum: int = Field(0, ge=0, description="Jobs that are kept even without work.")
    maximum: int = Field(10, ge=1, description="Jobs that run at once at most.")

    @model_validator(mode="after")
    def _in_order(self) -> Jobs:
        if self.minimum > self.maximum:
            raise ValueError(f"minimum {self.minimum} is above maximum {self.maximum}")
        return self


def _walltime(value: Any) -> Any:
    if isinstance(value, bool | int | float):
        raise ValueError(
            f'YAML reads this as the number {value}; write the time in quotes, as in "04:00:00"'
        )
    if not isinstance(value, str) or not re.fullmatch(r"\d+:[0-5]\d:[0-5]\d", value):
        raise ValueError(f'{value!r} is no time of the form "HH:MM:SS"')
    if seconds(value) < _LEAST_WALLTIME:
        raise ValueError(f'{value!r} is too short; a job needs "00:10:00" or more')
    return value


def seconds(walltime: str) -> int:
    """Return the seconds of a time `HH:MM:SS`."""
    hours, minutes, rest = map(int, walltime.split(":"))
    return (hours * 60 + minutes) * 60 + rest


class Worker(_Part):
    """What one job of the queue is given."""

    cores: int = Field(1, ge=1, description="Cores, each of which does one step at a time.")
    memory: str = Field(
        "4GB",
        pattern=r"^\d+(\.\d+)? ?[KMGT]i?B$",
        description="Memory of all cores together, such as 16GB.",
    )
    walltime: Annotated[str, BeforeValidator(_walltime)] = Field(
        "01:00:00", description="Longest time of a job, in quotes."
    )
    queue: str | None = Field(None, description="Partition or queue; the site's default.")
    account: str | None = Field(None, description="Account that is charged; the site's default.")
    directives: tuple[str, ...] = Field((), description="Further lines of the job's header.")
    prologue: tuple[str, ...] = Field(
        (), description="Commands before the worker starts, such as `module load python`."
    )
    interface: str | None = Field(None, description="Network interface, such as ib0.")


class Gpu(_Part):
    """Jobs of their own for steps that use a device."""

    resources: dict[str, Annotated[float, Field(gt=0)]] = Field(
        {"gpu": 1}, description="What one step takes of a worker; a job has as much."
    )
    directives: tuple[str, ...] = Field((), description="Lines that ask the queue for a device.")


class DaskParameters(Engine):
    """What is asked of a Dask cluster."""

    name: ClassVar[str] = "dask"
    requires: ClassVar[tuple[str, ...]] = ("distributed",)

    cluster: Literal["local", "slurm", "pbs"] | Address = Field(
        "local", description="local, slurm, pbs, or the address of a scheduler that runs."
    )
    jobs: Jobs | None = Field(None, description="How many jobs of a queue, at least and at most.")
    worker: Worker | None = Field(None, description="What one job of a queue is given.")
    gpu: Gpu | None = Field(None, description="For steps that use a device.")
    store: Path | None = Field(
        None, description="Folder of the store, which has the same path on every machine."
    )
    batch: int = Field(50, ge=1, description="Quick steps that travel together at most.")
    patience: float = Field(
        60.0, ge=0, description="Seconds that a file which others wrote is waited for."
    )

    @model_validator(mode="after")
    def _used(self) -> DaskParameters:
        """Refuse what would do nothing."""
        queued = self.cluster in QUEUES
        if self.cluster == "local" and "patience" in self.model_fields_set:
            raise ValueError("patience is for clusters of several machines; leave it out")
        for name in ("jobs", "worker"):
            if getattr(self, name) is not None and not queued:
                raise ValueError(f"{name} is for the clusters {' and '.join(QUEUES)} alone")
        if self.gpu is not None and self.cluster == "local":
            raise ValueError(
                "gpu is not for the cluster local, where steps take turns by themselves"
            )
        if self.gpu is not None and self.gpu.directives and not queued:
            raise ValueError("directives of gpu are for a queue's jobs; leave them out")
        if queued and self.store is None:
            raise ValueError(
                "store is missing: name a folder that has the same path on every machine"
            )
        return self

    @property
    def shared_store(self) -> Path | None:
        """The folder of the store that every machine sees."""
        return self.store

    @property
    def waits(self) -> float:
        """Seconds that an artifact is waited for; none where one machine does all."""
        return 0.0 if self.cluster == "local" else self.patience

    @property
    def devices_elsewhere(self) -> bool:
        """Whether there are workers for steps that use a device."""
        return self.gpu is not None

    def ready(self) -> None:
        """Raise `MerbenchError` where Dask, or what talks to the queue, is not installed."""
        super().ready()
        if self.cluster in QUEUES:
            _Queued().ready()


class _Queued(Engine):
    """What a queue's cluster needs besides."""

    name: ClassVar[str] = "dask"
    requires: ClassVar[tuple[str, ...]] = ("dask-jobqueue",)
