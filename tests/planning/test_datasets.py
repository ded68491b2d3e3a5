"""Datasets as a benchmark reads them: names, forms and faults on the way."""

from __future__ import annotations

import dataclasses
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import miniatures
import pytest
from plan_names import Quadrants

from merbench import Clip, Dataset, Task
from merbench.benchmark.protocols import MonteCarlo
from merbench.benchmark.resolving import RootedDataset
from merbench.errors import MerbenchError, TableError
from merbench.planning.datasets import check_clips, load_dataset
from merbench_plugins.datasets.table import Table

PROTOCOL = MonteCarlo(folds=2, test_fraction=0.34)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return miniatures.table(tmp_path / "mine")


def test_a_users_name_is_the_datasets(root: Path) -> None:
    data = load_dataset(RootedDataset(Table(name="my-songs"), root), PROTOCOL)
    assert data.name == "my-songs"
    assert data.settings == {}
    with pytest.raises(MerbenchError, match=r"^my-songs: the folder .*; set datasets\.table\.root"):
        load_dataset(RootedDataset(Table(name="my-songs"), root / "gone"), PROTOCOL)


def test_a_fault_in_a_table_keeps_its_class_and_line(root: Path) -> None:
    miniatures.edit(root / "labels.csv", "c2,", "c2,loud,")
    with pytest.raises(TableError, match=rf"^my-songs: {root}/labels\.csv:4: there are 10 cells"):
        load_dataset(RootedDataset(Table(name="my-songs"), root), PROTOCOL)


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
    data = load_dataset(RootedDataset(Decomposed(), root), PROTOCOL)
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


def test_a_dataset_that_is_not_there_is_one_clear_error(bench):
    with pytest.raises(MerbenchError, match=r"noise: the folder .*absent does not exist; set data"):
        bench.plan(datasets=[{"noise": {"root": "absent"}}])


def test_a_root_that_nobody_asks_for_must_be_there_as_well(root: Path) -> None:
    class Brought(Dataset):
        """Brings its data itself."""

        name = "brought"
        task = Task.VA
        needs_root = False

    with pytest.raises(MerbenchError, match=r"gone does not exist; brought needs no root, so lea"):
        load_dataset(RootedDataset(Brought(), root / "gone"), MonteCarlo())


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda d: (d / "c3.wav").unlink(), r"noise: clip c3: its file .*c3\.wav is missing"),
        (lambda d: (d / "clips.csv").unlink(), r"noise: .*No such file.*clips\.csv"),
        (
            lambda d: (d / "clips.csv").write_text("id,group\nc0,g0\n"),
            r"noise: its plugin failed on .* \(KeyError: 'valence_mean'\)",
        ),
    ],
    ids=["a clip", "the labels", "a column"],
)
def test_data_that_is_incomplete_is_one_clear_error(bench, damage, says):
    damage(bench.folder / "data")
    with pytest.raises(MerbenchError, match=says):
        bench.plan()


class Anything(Dataset):
    """Holds what it is given."""

    name = "anything"
    task = Task.VA


CLIPS = {
    "too few": (Anything, [{}], "it has 1 labelled clips; a benchmark needs two at least"),
    "twice": (Anything, [{"id": "a"}, {"id": "a"}], "clip a: its id stands twice"),
    "short label": (Anything, [{"label": (0.1,)}, {}], "has 1 numbers where va has 4"),
    "NaN": (Anything, [{"label": (0.1, float("nan"), 0.1, 0.1)}, {}], "arousal_mean is nan"),
    "too large": (Anything, [{"label": (7, 0.1, 0.1, 0.1)}, {}], r"_mean is 7, outside \[0, 1\]"),
    "no spread": (Anything, [{"label": (0.1, 0.1, 0.1, 0)}, {}], "arousal_std is 0"),
    "a rating": (
        Anything,
        [{"ratings": ((0.1, 0.2), (0.3, 1.2))}, {}],
        r"clip c0: the rating \(0.3, 1.2\) is no valence and arousal on \[0, 1\]",
    ),
    "a rating of NaN": (Anything, [{"ratings": ((0.1, float("nan")),)}, {}], "the rating"),
    "half a rating": (Anything, [{"ratings": ((0.1,),)}, {}], "the rating"),
    "no group": (Anything, [{"group": ""}, {}], "it has no group"),
    "shares": (Quadrants, [{"label": (0.5, 0.5, 0.5, 0)}, {}], "shares sum to 1.5, not 1"),
}


@pytest.mark.parametrize(("cls", "rows", "says"), CLIPS.values(), ids=CLIPS.keys())
def test_clips_that_break_the_contract_are_refused(tmp_path, cls, rows, says):
    (tmp_path / "a.wav").write_bytes(b"x")
    labels = {Anything: (0.5, 0.5, 0.1, 0.1), Quadrants: (0.25, 0.25, 0.25, 0.25)}
    clips = [
        Clip(**{"id": f"c{i}", "group": "g", "label": labels[cls], "audio": tmp_path / "a.wav"} | r)
        for i, r in enumerate(rows)
    ]
    with pytest.raises(MerbenchError, match=says):
        check_clips(cls(), clips)
