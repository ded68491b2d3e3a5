"""The check of engines: a sound one passes, and what loses a step or its reason is caught."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any, ClassVar

import pytest

from merbench import Engine, EngineOptions
from merbench.engines import worker
from merbench.engines.schedule import Failure
from merbench.steps.store import Store
from merbench.testing import engine
from merbench.testing.contract import Result, attempt

Submit = Callable[[Store, Any], object]


def work(store: Store, step: Any) -> object:
    return worker.run(worker.sent(step), store)


class Here(Engine):
    """Does steps in this process."""

    name = "here"
    slots: ClassVar[int] = 1
    submit: ClassVar[Submit] = staticmethod(work)

    @contextlib.contextmanager
    def start(self, options: EngineOptions) -> Iterator[Any]:
        cls, store = type(self), Store(options.store)

        class Place:
            slots = cls.slots

            def submit(self, step: Any) -> Future[Any]:
                done: Future[Any] = Future()
                done.set_result(cls.submit(store, step))
                return done

        yield Place()


def result(cls: type[Engine]) -> Result:
    ((name, check),) = engine.engine_checks(cls())
    return attempt(name, check)


def test_a_sound_engine_passes() -> None:
    assert result(Here) == Result("does steps, and says how each ended", "passed")


class Lost(Here):
    """Says that all is well, whatever happened."""

    submit = staticmethod(lambda store, step: (work(store, step), None)[1])


class Vague(Here):
    """Loses the reason."""

    submit = staticmethod(lambda store, step: work(store, step) and Failure("it failed", ""))


class Idle(Here):
    """Does only what fails."""

    submit = staticmethod(lambda store, step: work(store, step) if step.fails else None)


class Sticky(Here):
    """Fails for good once something has failed."""

    seen: ClassVar[list[object]] = []

    @staticmethod
    def submit(store: Store, step: Any) -> object:
        Sticky.seen.append(work(store, step))
        return Sticky.seen[0]


class Full(Here):
    """Has no room."""

    slots = 0


@pytest.mark.parametrize(
    ("cls", "says"),
    [
        (Lost, """fails with "the check's step fails" ended with None"""),
        (Vague, "ended with 'it failed'"),
        (Idle, "a step left nothing in the store"),
        (Sticky, "a step after one that failed ended with Failure("),
        (Full, "it has 0 slots"),
    ],
)
def test_a_broken_engine_fails_its_check(cls: type[Engine], says: str) -> None:
    found = result(cls)
    assert found.status == "failed"
    assert says in found.detail
