"""A keeper hands its process one step at a time, and says how each ended."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest

from merbench.engines import same_code, worker
from merbench.engines.keeper import Keeper, Terms
from merbench.steps.store import Store
from tinywork import Act, be_killed, nothing, write_variable


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path / "store")
    made.prepare()
    return made


def test_a_step_that_ends_its_process_is_a_failure_and_the_next_has_another(store: Store) -> None:
    keeper = Keeper(Terms(store.folder, (), 2**31))
    assert not keeper.alive
    failure = keeper.do(worker.sent(Act("a", be_killed)))
    assert failure is not None
    assert "killed by SIGKILL" in failure.error
    assert keeper.do(worker.sent(Act("b", nothing))) is None
    assert keeper.alive
    keeper.close()
    assert not keeper.alive


def test_a_stopped_keeper_starts_nothing_again(store: Store) -> None:
    keeper = Keeper(Terms(store.folder, (), 2**31))
    keeper.stop()
    failure = keeper.do(worker.sent(Act("a", nothing)))
    assert failure is not None
    assert not keeper.alive
    assert not (store.folder / "a").exists()


def test_the_process_has_the_environment_that_it_is_given_and_ours_is_left_alone(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    keeper = Keeper(Terms(store.folder, (), 2**31, 3, environment={"MERBENCH_OFFLINE": "1"}))
    told = [tmp_path / "threads", tmp_path / "offline"]
    for name, path in zip(("OMP_NUM_THREADS", "MERBENCH_OFFLINE"), told, strict=True):
        assert (
            keeper.do(worker.sent(Act(path.name, partial(write_variable, name, str(path))))) is None
        )
    keeper.close()
    assert [path.read_text() for path in told] == ["3", "1"]
    assert os.environ["OMP_NUM_THREADS"] == "7"


def test_a_process_of_other_code_does_nothing(store: Store) -> None:
    keeper = Keeper(Terms(store.folder, (), 2**31, code={**same_code.here(), "numpy": "1.0"}))
    failure = keeper.do(worker.sent(Act("a", nothing)))
    assert failure is not None
    assert "numpy is" in failure.error
    assert not keeper.alive
