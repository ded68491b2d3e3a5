"""The contract of engines: where the steps of a run are done."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from merbench.components.base import Component


@dataclass(frozen=True)
class EngineOptions:
    """What a run asks of an engine.

    Attributes
    ----------
    store
        Folder of the store, where steps find what they need and leave their artifacts.
    plugin_paths
        Plugin files that workers load, so that steps can be sent to them.
    jobs
        How many steps are done at once; 0 for as many as there is room for.
    timeout
        Seconds a step may take before it fails; None for no bound.
    memory_limit
        Bytes one worker may hold; None for its share.
    """

    store: Path
    plugin_paths: Sequence[Path] = ()
    jobs: int = 0
    timeout: float | None = None
    memory_limit: int | None = None


class Workplace(Protocol):
    """What an engine that was started offers: steps in, how they ended out.

    One for which handing over a step is dear may have a whole number `batch` too: how many clips
    one step that it is handed may see to. Otherwise it is as many as gain by it.
    """

    @property
    def slots(self) -> int:
        """How many steps are done at once."""
        ...

    def submit(self, work: Any) -> concurrent.futures.Future[Any]:
        """Start a step; its future brings None, or the failure that `engines.worker.run` says."""
        ...

    def explain(self, error: BaseException) -> str:
        """Say in words why a future brought no answer."""
        ...


class Engine(Component):
    """Where the steps of a run are done: processes, machines.

    Workers call `merbench.engines.worker.run` on what `merbench.engines.worker.sent` made of a
    step, so that a step is done, takes its turn on a device and fails alike on every engine.
    """

    def start(self, options: EngineOptions) -> AbstractContextManager[Workplace]:
        """Return the engine at work; workers start on entry and end on exit.

        On exit with an error, as on Ctrl-C, what is being done is stopped at once.

        Parameters
        ----------
        options
            What the run asks for.
        """
        raise NotImplementedError
