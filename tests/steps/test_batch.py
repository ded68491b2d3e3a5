"""Steps done together: each leaves its own artifact, and fails for itself."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from typing import ClassVar

import pytest

from merbench.errors import MerbenchError
from merbench.steps.batch import SomeFailedError, StepBatch
from merbench.steps.step import Step
from merbench.steps.store import Store


@dataclass(frozen=True)
class Leaves(Step):
    """Leaves an empty artifact, or fails."""

    stage: ClassVar[str] = "extract"
    key: str
    needs: tuple[str, ...] = ()
    fails: bool = False

    @property
    def title(self) -> str:
        return f"leaving {self.key[:1]}"

    def run(self, store: Store) -> None:
        if self.fails:
            raise MerbenchError("there is no room; make some")
        store.put(self.key, {}, {})


A, B, C = (Leaves(letter * 64, ("n", letter), fails=letter == "b") for letter in "abc")


def test_it_is_no_step_of_its_own(store: Store) -> None:
    batch = StepBatch((A, B))
    assert batch.title == "leaving a and 1 more"
    assert batch.needs == ("n", "a", "b")
    assert batch.key not in (A.key, B.key, StepBatch((B, A)).key)
    assert pickle.loads(pickle.dumps(batch)) == batch


def test_each_leaves_its_artifact(store: Store) -> None:
    batch = StepBatch((A, C))
    batch.run(store)
    assert store.has(A.key)
    assert store.has(C.key)
    assert not store.has(batch.key)


def test_one_that_fails_is_named_and_the_others_are_done(store: Store) -> None:
    with pytest.raises(SomeFailedError, match="1 steps of a batch failed") as caught:
        StepBatch((A, B, C)).run(store)
    assert {key: str(error) for key, error in caught.value.failed.items()} == {
        B.key: "there is no room; make some"
    }
    assert store.has(A.key)
    assert store.has(C.key)
    assert not store.has(B.key)
