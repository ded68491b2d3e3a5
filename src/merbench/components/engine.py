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

    It may have two things more. `one_machine`, False where each of several machines has a device
    of the same name, so that steps on devices need no turns among all of them. `status()`, a line
    for the progress of a run.
    """

    @property
    def slots(self) -> int:
        """How many steps it takes; it is asked anew before each that it is given."""
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

    @property
    def described(self) -> dict[str, Any]:
        """Name and parameters, as a run's manifest has them: a store's folder is nobody's."""
        parameters = {key: value for key, value in self.settings.items() if key != "store"}
        return {"name": self.name, "parameters": parameters}

    @property
    def shared_store(self) -> Path | None:
        """Folder of the store that its workers see; None for the user's own."""
        return None

    @property
    def waits(self) -> float:
        """Seconds that an artifact which another machine wrote is waited for."""
        return 0.0

    @property
    def devices_elsewhere(self) -> bool:
        """Whether its workers have devices that the machine which plans need not have."""
        return False

    def start(self, options: EngineOptions) -> AbstractContextManager[Workplace]:
        """Return the engine at work; workers start on entry and end on exit.

        On exit with an error, as on Ctrl-C, what is being done is stopped at once.

        Parameters
        ----------
        options
            What the run asks for.
        """
        raise NotImplementedError(f"{type(self).__name__} has no method `start`; write it")
