"""Several steps that are alike, done by one worker as if they were one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from merbench.components import Component
from merbench.steps.artifact_keys import artifact_key
from merbench.steps.step import Files, Step
from merbench.steps.store import Store


class SomeFailedError(Exception):
    """Some steps of a batch failed, the others are done.

    Parameters
    ----------
    failed
        What each of them raised, by its key.
    """

    def __init__(self, failed: Mapping[str, Exception]) -> None:
        super().__init__(f"{len(failed)} steps of a batch failed")
        self.failed = dict(failed)


@dataclass(frozen=True)
class StepBatch(Step):
    """Steps that are alike; each leaves its own artifact under its own key.

    Parameters
    ----------
    steps
        Two or more.
    """

    steps: tuple[Step, ...]

    @property
    def stage(self) -> str:  # type: ignore[override]
        """That of its steps."""
        return self.steps[0].stage

    @property
    def key(self) -> str:  # type: ignore[override]
        """That of no artifact: the steps leave theirs."""
        return artifact_key("batch", steps=[step.key for step in self.steps])

    @property
    def needs(self) -> tuple[str, ...]:  # type: ignore[override]
        return tuple(dict.fromkeys(need for step in self.steps for need in step.needs))

    @property
    def title(self) -> str:
        return f"{self.steps[0].title} and {len(self.steps) - 1} more"

    @property
    def component(self) -> Component | None:
        return self.steps[0].component

    @property
    def plugins(self) -> tuple[Component, ...]:
        return tuple(plugin for step in self.steps for plugin in step.plugins)

    @property
    def occupies(self) -> str:
        return self.steps[0].occupies

    @property
    def reads(self) -> Files:
        return {path: digest for step in self.steps for path, digest in step.reads.items()}

    def run(self, store: Store) -> None:
        """Do all of them.

        Raises
        ------
        SomeFailedError
            Some failed; the others left their artifacts.
        """
        failed = self.steps[0].run_all(self.steps, store)
        if failed:
            raise SomeFailedError(failed)
