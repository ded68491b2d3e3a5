"""A step in a worker: done, or a failure with its reason, whatever it raises."""

from __future__ import annotations

import contextlib
import pickle
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest

from merbench import devices
from merbench.engines import worker
from merbench.errors import MerbenchError
from merbench.network import OfflineError
from merbench.plugins import importing
from merbench.steps.batch import StepBatch
from merbench.steps.step import Step
from merbench.steps.store import Store


@dataclass(frozen=True)
class Leaves(Step):
    """Leaves an empty artifact."""

    stage: ClassVar[str] = "fit"
    key: str = "a" * 64
    needs: tuple[str, ...] = ()
    device: str = devices.CPU

    @property
    def occupies(self) -> str:
        return self.device

    def run(self, store: Store) -> None:
        store.put(self.key, {}, {})


@dataclass(frozen=True)
class Fails(Leaves):
    """Fails."""

    def run(self, store: Store) -> None:
        raise MerbenchError("there is no room; make some")


@dataclass(frozen=True)
class Unreadable(Leaves):
    """Cannot be taken out of its pickle."""

    def __reduce__(self) -> Any:
        return _refuse, ()


def _refuse() -> None:
    raise ModuleNotFoundError("No module named 'theirs'")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path / "store")
    made.prepare()
    return made


def test_a_step_goes_to_a_worker_as_its_key_its_device_and_its_pickle() -> None:
    step = Leaves(device="cuda:1")
    sent = worker.sent(step)
    assert (sent.key, sent.occupies, sent.sources) == (step.key, "cuda:1", frozenset())
    assert pickle.loads(sent.pickled) == step


def test_a_step_that_was_done_left_its_artifact_and_no_failure(store: Store) -> None:
    step = Leaves()
    assert worker.run(worker.sent(step), store) is None
    assert store.has(step.key)


def test_a_step_that_fails_says_why_and_where(store: Store) -> None:
    failure = worker.run(worker.sent(Fails()), store)
    assert failure is not None
    assert failure.error == "there is no room; make some"
    assert "in run" in failure.trace
    assert not store.has(Fails().key)


def test_a_step_that_cannot_be_read_is_a_failure_too(store: Store) -> None:
    failure = worker.run(worker.sent(Unreadable()), store)
    assert failure is not None
    assert failure.error == "ModuleNotFoundError: No module named 'theirs'"


def test_a_batch_says_of_each_step_that_failed_why_and_where(store: Store) -> None:
    batch = StepBatch((Leaves("a" * 64), Fails("b" * 64), Leaves("c" * 64)))
    failure = worker.run(worker.sent(batch), store)
    assert failure is not None
    assert failure.parts is not None
    (key, part), *others = failure.parts.items()
    assert (key, part.error, others) == ("b" * 64, "there is no room; make some", [])
    assert "in run" in part.trace
    assert store.has("c" * 64)
    assert pickle.loads(pickle.dumps(failure)) == failure


def test_its_time_begins_when_its_turn_on_the_device_has_come(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = []

    @contextlib.contextmanager
    def turn(folder: Path, device: str) -> Iterator[None]:
        order.append(f"{device} of {folder.name}")
        yield
        order.append(f"end, done: {store.has(Leaves().key)}")

    monkeypatch.setattr(devices, "turn", turn)
    worker.run(worker.sent(Leaves(device="cuda")), store, lambda: order.append("begin"))
    assert order == ["cuda of store", "begin", "end, done: True"]


def raising(error: BaseException) -> Callable[[], None]:
    def do() -> None:
        raise error

    return do


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (MerbenchError("what and how"), "what and how"),
        (MemoryError(), "ran out of memory; lower --jobs"),
        (ValueError("odd"), "ValueError: odd"),
        (SystemExit(3), "SystemExit: 3"),
        (KeyboardInterrupt("now"), "KeyboardInterrupt: now"),
    ],
)
def test_whatever_is_raised_is_a_failure_with_its_reason(error: BaseException, says: str) -> None:
    failure = worker.guarded(raising(error))
    assert failure is not None
    assert failure.error == says
    assert type(error).__name__ in failure.trace
    assert pickle.loads(pickle.dumps(failure)) == failure


def test_what_is_done_well_has_no_failure_and_its_warnings_are_not_shown(
    recwarn: pytest.WarningsRecorder,
) -> None:
    assert worker.guarded(lambda: warnings.warn("by the way", stacklevel=1)) is None
    assert len(recwarn) == 0


def test_what_a_plugin_raises_is_named_with_its_line_and_no_folder(tmp_path: Path) -> None:
    (tmp_path / "odd.py").write_text("def trip():\n    return {}['level']\n")
    failure = worker.guarded(importing.import_file(tmp_path / "odd.py").trip)
    assert failure is not None
    assert failure.error == "KeyError: 'level' at odd.py:2"


def test_a_refused_connection_is_said_in_its_own_words() -> None:
    def asks() -> None:
        try:
            raise OfflineError("a connection was refused")
        except OSError as error:
            raise ConnectionError("Max retries exceeded with url") from error

    failure = worker.guarded(asks)
    assert failure is not None
    assert failure.error == "a connection was refused"
