"""Checks of protocols."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from merbench.benchmark.protocols import checked_splits
from merbench.components import Clip, Protocol, Split
from merbench.errors import MerbenchError
from merbench.testing import chance
from merbench.testing.contract import BrokenError, demand

N_GROUPS = 30


def protocol_clips(n_groups: int = N_GROUPS) -> list[Clip]:
    """Return clips of groups of one to three, in quadrants, with a published split."""
    found = []
    for group in range(n_groups):
        part = ("train", "train", "validation", "test")[group % 4]
        for i in range(1 + group % 3):
            label = tuple(float(quadrant == group % 4) for quadrant in range(4))
            name = f"clip {group}-{i}"
            found.append(Clip(name, f"group {group}", label, Path(f"{name}.wav"), split=part))
    return found


def protocol_checks(protocol: Protocol) -> Iterator[tuple[str, Callable[[], object]]]:
    watch = chance.Watch(protocol)

    def split() -> tuple[Split, ...]:
        given = protocol_clips()
        made = watch(lambda: checked_splits(protocol, given))
        demand(given == protocol_clips(), "it changed the list of clips it was given")
        return made

    def sound() -> str:
        try:
            return f"{len(split())} folds"
        except MerbenchError as error:
            raise BrokenError(str(error)) from error

    def twice() -> None:
        first = split()
        with chance.disturbed():
            demand(first == split(), "the same clips were split in two ways")

    def one_group() -> str:
        try:
            made = checked_splits(protocol, protocol_clips(1))
        except MerbenchError as error:
            return f"refused: {error}"
        return f"{len(made)} folds"

    yield "splits clips into sound folds", sound
    yield "is deterministic", twice
    yield "meets clips of one group with folds or a clear error", one_group
