"""The base of the steps that a run is made of."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

from merbench.components import Component
from merbench.devices import CPU
from merbench.digests import forget, reading
from merbench.errors import ChangedError
from merbench.steps.store import Store

Files = Mapping[Path, str]
"""The SHA-256 of files, by path."""


class Step:
    """Base of the tasks: what the engine runs and the plan lists."""

    stage: ClassVar[str]
    key: str
    needs: tuple[str, ...]

    @property
    def title(self) -> str:
        """What is being done, for messages."""
        raise NotImplementedError

    @property
    def component(self) -> Component | None:
        """The plugin that does the work, whose past timings make the estimate."""
        return None

    @property
    def plugins(self) -> tuple[Component, ...]:
        """Every plugin that takes part in the result."""
        return (self.component,) if self.component else ()

    @property
    def occupies(self) -> str:
        """The device that it must have for itself while it is done; the processor is shared."""
        return CPU

    @property
    def reads(self) -> Files:
        """The files that the work decodes."""
        return {}

    @property
    def alike(self) -> Hashable | None:
        """What the steps have in common that one worker may be handed together; None for none."""
        return None

    @property
    def gains(self) -> int:
        """How many steps that are alike take less time together; 1 where they gain nothing."""
        return 1

    def units(self, clip_seconds: float) -> float:
        """Return how many of the units that a `Cost` is of the work comes to.

        Parameters
        ----------
        clip_seconds
            Length of the clip that is worked on.
        """
        return 1.0

    def sizes(self, clip_seconds: float) -> float:
        """Return how many units' megabytes it leaves, which need not grow as the work does."""
        return self.units(clip_seconds)

    def run(self, store: Store) -> None:
        """Do the work and leave the artifact `key`."""
        raise NotImplementedError

    @classmethod
    def run_all(cls, steps: Sequence[Step], store: Store) -> dict[str, Exception]:
        """Do steps that are alike, and return what went wrong with those that failed, by key."""
        failed: dict[str, Exception] = {}
        for step in steps:
            try:
                step.run(store)
            except Exception as error:
                failed[step.key] = error
        return failed

    @contextmanager
    def as_planned(self, store: Store) -> Iterator[None]:
        """Hold what is done in the block to the key: of these files, by these plugins.

        Raises
        ------
        ChangedError
            A file or a plugin is no longer what the key was made of.
        """
        self.hold_plugins_to_plan()
        with reading(self.reads) as found:
            yield
        changed = [path for path, digest in found.items() if digest != self.reads[path]]
        if changed:
            forget(store.folder, changed)
            raise ChangedError(f"{changed[0]} changed after the plan was made; run again")
        self.hold_plugins_to_plan()

    def hold_plugins_to_plan(self) -> None:
        """Raise `ChangedError` where a plugin is no longer what the key was made of."""
        if not self._planned():
            names = " or ".join(dict.fromkeys(plugin.title for plugin in self.plugins))
            raise ChangedError(
                f"the source of {names}, or a file that it names, changed after the plan was made; "
                "run again"
            )

    def _planned(self) -> bool:
        """Tell whether the plugins, as this process has them, are those of the key."""
        return True


def by_the_same(step: Step) -> Hashable:
    """Return what steps have in common that the same plugins do on the same device.

    A plan has each plugin once, which tells them apart more quickly than what they are made of.
    """
    return (type(step), step.occupies, *map(id, step.plugins))
