"""Datasets as a benchmark reads them: names, forms and faults on the way."""

from __future__ import annotations

import dataclasses
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import miniatures
import pytest

from merbench import Clip, MerbenchError
from merbench.benchmark.protocols import MonteCarlo
from merbench.benchmark.resolving import RootedDataset
from merbench.errors import TableError
from merbench.planning.datasets import check_clips, load
from merbench_plugins.datasets.table import Table

PROTOCOL = MonteCarlo(folds=2, test_fraction=0.34)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return miniatures.table(tmp_path / "mine")


def test_a_users_name_is_the_datasets(root: Path) -> None:
    data = load(RootedDataset(Table(name="my-songs"), root), PROTOCOL)
    assert data.name == "my-songs"
    assert data.settings == {}
    with pytest.raises(MerbenchError, match=r"^my-songs: the folder .*; set datasets\.table\.root"):
        load(RootedDataset(Table(name="my-songs"), root / "gone"), PROTOCOL)


def test_a_fault_in_a_table_keeps_its_class_and_line(root: Path) -> None:
    miniatures.edit(root / "labels.csv", "c2,", "c2,loud,")
    with pytest.raises(TableError, match=rf"^my-songs: {root}/labels\.csv:4: there are 10 cells"):
        load(RootedDataset(Table(name="my-songs"), root), PROTOCOL)


class Decomposed(Table):
    """Ids and groups as macOS writes them, for every second clip."""

    def clips(self, root: Path) -> Sequence[Clip]:
        return [
            dataclasses.replace(
                clip,
                id=unicodedata.normalize("NFD", f"é{n}"),
                group=unicodedata.normalize(("NFC", "NFD")[n % 2], f"Sigur Rós {n // 2}"),
            )
            for n, clip in enumerate(super().clips(root))
        ]


def test_ids_and_groups_are_in_one_form(root: Path) -> None:
    data = load(RootedDataset(Decomposed(), root), PROTOCOL)
    assert {clip.group for clip in data.clips} == {f"Sigur Rós {n}" for n in range(3)}
    assert data.clips[0].id == unicodedata.normalize("NFC", "é0")
    for split in data.splits:
        groups = [{data.clips[i].group for i in side} for side in (split.train, split.test)]
        assert not groups[0] & groups[1]


@pytest.mark.parametrize("std", [0.0, 1e-320, 1.4e-17])
def test_a_deviation_that_is_0_but_for_rounding_is_none(root: Path, std: float) -> None:
    clips = list(Table().clips(root))
    clips[1] = dataclasses.replace(clips[1], label=(0.5, 0.5, 0.1, std))
    with pytest.raises(MerbenchError, match=r"clip c1: arousal_std is .* have no distribution"):
        check_clips(Table(), clips)
