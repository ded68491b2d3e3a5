"""Checks of protocols, and folds that break the contract."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from checked_plugins import failed

from merbench import Clip, MerbenchError, Protocol, Split
from merbench.benchmark.protocols import PROTOCOLS, checked_splits
from merbench.errors import PluginError
from merbench.testing.protocol import protocol_clips


class Halves(Protocol):
    """The first groups are tested, then the last."""

    name = "halves"

    def splits(self, clips: Sequence[Clip]) -> list[Split]:
        groups = list(dict.fromkeys(clip.group for clip in clips))
        if len(groups) < 2:
            raise MerbenchError("clips of one group cannot be split")
        first = set(groups[: len(groups) // 2])
        sides = [[i for i, c in enumerate(clips) if (c.group in first) == side] for side in (0, 1)]
        return [Split(0, tuple(sides[0]), tuple(sides[1])), Split(1, *map(tuple, sides[::-1]))]


class Faulty(Halves):
    """Halves, spoilt."""

    name = "faulty"
    fault: str = "none"

    def splits(self, clips: Sequence[Clip]) -> Any:
        first, second = super().splits(clips)
        if self.fault == "raises":
            raise KeyError("fold")
        return {
            "no list": None,
            "endless": itertools.repeat(first),
            "arrays": [first._replace(train=1.5), second],
            "none": [first, second],
            "no folds": [],
            "tuple": [tuple(first), second],
            "number": [first, first],
            "empty": [first._replace(test=()), second],
            "range": [first._replace(test=(len(clips),)), second],
            "twice": [first._replace(test=first.train), second],
            "groups": [
                first._replace(train=(*first.train, first.test[-1]), test=first.test[:-1]),
                second,
            ],
        }[self.fault]


def test_a_sound_protocol_passes() -> None:
    assert failed(Halves) == {}


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("no folds", "gives 0 folds"),
        ("no list", "gives None; let its splits"),
        ("endless", "gives more than 10,000 folds"),
        ("raises", "the protocol 'faulty' failed .KeyError: 'fold'."),
        ("arrays", "whose training clips are a value of the type float"),
        ("tuple", "a fold 0 that is tuple, no merbench.Split"),
        ("number", "a fold 1 that is numbered 0"),
        ("empty", "a fold 0 without test clips"),
        ("range", "no integers from 0 to"),
        ("twice", "that has a clip twice"),
        ("groups", "has clips of group 'group 14' on both sides"),
    ],
)
def test_a_fold_that_breaks_the_contract_is_refused_by_checks_and_plans(
    fault: str, said: str
) -> None:
    assert re.search(said, failed(Faulty, fault=fault)["splits clips into sound folds"])
    with pytest.raises(PluginError, match=said):
        checked_splits(Faulty(fault=fault), protocol_clips())


def test_positions_of_numpy_are_positions() -> None:
    class OfArrays(Halves):
        def splits(self, clips: Sequence[Clip]) -> Any:
            return [Split(s.fold, *map(np.array, s[1:])) for s in super().splits(clips)]

    clips = protocol_clips()
    assert checked_splits(OfArrays(), clips) == tuple(Halves().splits(clips))


@pytest.mark.parametrize("protocol", PROTOCOLS.values(), ids=PROTOCOLS)
def test_merbenchs_own_protocols_keep_it(protocol: type[Protocol]) -> None:
    assert failed(protocol) == {}
