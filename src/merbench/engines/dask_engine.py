"""The engine `dask`."""

from __future__ import annotations

from contextlib import AbstractContextManager

from merbench.components import EngineOptions
from merbench.components.engine import Workplace
from merbench.engines.dask_parameters import DaskParameters


class Dask(DaskParameters):
    """Workers of a Dask cluster: this machine's, a queue's jobs, or those of a running scheduler.

    Dask carries steps to its workers; each step is done in a process of its own there, with the
    bounds, and the reasons where it fails, that it has on one machine.

    Sources: Rocklin 2015, Dask: parallel computation with blocked algorithms and task scheduling.
    """

    def start(self, options: EngineOptions) -> AbstractContextManager[Workplace]:
        """Return the engine at work."""
        from merbench.engines.dask_place import DaskPlace

        return DaskPlace(self, options)
