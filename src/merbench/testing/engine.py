"""Checks of engines."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from merbench.components import Engine, EngineOptions
from merbench.errors import MerbenchError
from merbench.steps.step import Step
from merbench.steps.store import Store
from merbench.testing.contract import demand

_REASON = "the check's step fails"


@dataclass(frozen=True)
class ProbeStep(Step):
    """A step that leaves an empty artifact, or fails."""

    stage: ClassVar[str] = "check"
    key: str
    fails: bool = False
    needs: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        return "the check's step"

    def run(self, store: Store) -> None:
        if self.fails:
            raise MerbenchError(_REASON)
        store.put(self.key, {}, {})


def engine_checks(engine: Engine) -> Iterator[tuple[str, Callable[[], object]]]:
    def works() -> None:
        with tempfile.TemporaryDirectory() as folder:
            store = Store(Path(folder))
            store.prepare()
            done, failing = ProbeStep("a" * 64), ProbeStep("b" * 64, fails=True)
            with engine.start(EngineOptions(store.folder, jobs=1, timeout=120)) as place:
                demand(place.slots >= 1, f"it has {place.slots} slots")
                ends = [place.submit(step).result() for step in (failing, done)]
            reason = getattr(ends[0], "error", None)
            demand(reason == _REASON, f"a step that fails with {_REASON!r} ended with {reason!r}")
            demand(ends[1] is None, f"a step after one that failed ended with {ends[1]!r}")
            demand(store.has(done.key), "a step left nothing in the store")

    yield "does steps, and says how each ended", works
