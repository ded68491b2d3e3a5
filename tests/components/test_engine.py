"""What an engine is asked for, and that it is a component."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from pydantic import ValidationError

from merbench import Engine, EngineOptions


class Cluster(Engine):
    """Somewhere else."""

    name = "cluster"
    queue: str = "short"


def test_a_run_that_asks_for_nothing_gets_as_many_slots_as_there_are_and_no_bounds() -> None:
    options = EngineOptions(Path("store"))
    assert dataclasses.asdict(options) == {
        "store": Path("store"), "plugin_paths": (), "jobs": 0, "timeout": None,
        "memory_limit": None,
    }  # fmt: skip


def test_what_was_asked_for_does_not_change() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        EngineOptions(Path("store")).jobs = 3  # type: ignore[misc]


def test_an_engines_fields_are_its_parameters() -> None:
    assert Cluster(queue="long").settings == {"queue": "long"}
    assert Cluster(queue="long").identity() != Cluster().identity()
    with pytest.raises(ValidationError, match="queu"):
        Cluster(queu="long")  # type: ignore[call-arg]


def test_an_engine_must_be_able_to_start() -> None:
    with pytest.raises(NotImplementedError):
        Cluster().start(EngineOptions(Path("store")))
