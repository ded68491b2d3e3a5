"""What a Dask worker does with a batch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from merbench.engines import same_code, worker
from merbench.engines.dask_worker import Keepers
from merbench.steps.store import Store
from tinywork import Act, be_killed, nothing

WORKER = SimpleNamespace(
    state=SimpleNamespace(nthreads=2), memory_manager=SimpleNamespace(memory_limit=4 * 2**30)
)


@pytest.fixture
def keepers(tmp_path: Path) -> Iterator[Keepers]:
    store = Store(tmp_path / "store")
    store.prepare()
    code = dict(same_code.here())
    made = Keepers("run", store.folder, (), None, 60, None, None, {}, 0.0, code)
    made.setup(WORKER)
    yield made
    made.teardown(WORKER)


def test_memory_and_threads_are_the_workers_share(keepers: Keepers) -> None:
    assert keepers._terms.memory_limit == int(0.9 * 2 * 2**30)
    assert keepers._terms.threads >= 1


def test_a_step_of_a_batch_fails_alone(keepers: Keepers) -> None:
    steps = [Act("a", nothing), Act("b", be_killed), Act("c", nothing)]
    ends = keepers.do([worker.sent(step) for step in steps])
    errors = [failure.error if failure else "" for failure, _ in ends]
    assert [errors[0], errors[2]] == ["", ""]
    assert "killed by SIGKILL" in errors[1]
    assert all(seconds > 0 for _, seconds in ends)


def test_what_another_worker_finished_is_not_done_again(keepers: Keepers) -> None:
    key = "a" * 64
    store = Store(keepers._folder)
    store.put(key, {}, {})
    assert keepers.do([worker.sent(Act(key, be_killed))])[0][0] is None


def test_after_the_end_nothing_is_started(keepers: Keepers) -> None:
    keepers.teardown(WORKER)
    ((failure, _),) = keepers.do([worker.sent(Act("a", nothing))])
    assert failure is not None
