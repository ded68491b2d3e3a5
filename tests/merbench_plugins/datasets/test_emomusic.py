from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import miniatures
import pytest

from merbench import MerbenchError
from merbench.benchmark.protocols import PublishedSplit
from merbench_plugins.datasets.emomusic import EmoMusic, part_of_artist


def test_release_is_read(tmp_path: Path) -> None:
    root = miniatures.emomusic(tmp_path)
    clips = EmoMusic().clips(root)
    assert [clip.id for clip in clips] == ["2", "3", "4", "5", "6"]
    assert clips[1].group == clips[2].group == "kevin macleod"
    assert clips[1].audio == root / "clips_45seconds/3.mp3"
    assert [clip.split for clip in clips][1] == "test"
    with (root / "annotations/static_annotations.csv").open() as handle:
        first = next(iter(csv.DictReader(handle)))
    columns = ("mean_valence", "mean_arousal")
    assert clips[0].label[:2] == pytest.approx([(float(first[c]) - 1) / 8 for c in columns])
    assert clips[0].label[2] == pytest.approx(float(first["std_valence"]) / 8)
    assert [f for f in EmoMusic().check(root) if f.level == "error"] == []


def test_the_split_is_the_one_that_was_published(shared: Path, tmp_path: Path) -> None:
    with (shared / "data/labels/emomusic_splits.csv").open(encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    sets = [
        (row["artist"], "evaluation" if row["split"] == "test" else "development") for row in rows
    ]
    clips = EmoMusic(group="song").clips(miniatures.emomusic(tmp_path, sets, audio=False))
    named = {"valid": "validation"}
    expected = [named.get(row["split"], row["split"]) for row in rows]
    assert [clip.split for clip in clips] == expected
    assert Counter(expected) == {"train": 504, "validation": 115, "test": 125}
    (split,) = PublishedSplit().splits(clips)
    assert (len(split.train), len(split.test)) == (619, 125)
    by_artist = EmoMusic().clips(tmp_path)
    with pytest.raises(MerbenchError, match="on both sides"):
        PublishedSplit().splits(by_artist)
    tested = {clip.group for clip in by_artist if clip.split == "test"}
    assert len(tested & {clip.group for clip in by_artist if clip.split != "test"}) == 52


def test_artists_are_dealt_out_by_their_letters_alone() -> None:
    assert part_of_artist("Kevin MacLeod") == part_of_artist(" KEVIN  MacLeod!\t") == "validation"
    assert part_of_artist("My Bubba & Mi") == part_of_artist("my bubba mi") == "train"


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(MerbenchError, match=r"static_annotations\.csv.*annotations\.tar\.gz"):
        EmoMusic().clips(tmp_path)
    root = miniatures.emomusic(tmp_path)
    (root / "clips_45seconds/4.mp3").unlink()
    with pytest.raises(MerbenchError, match=r"static_annotations\.csv:4: song 4 has no audio"):
        EmoMusic().clips(root)
    miniatures.emomusic(tmp_path, [("A", "development"), ("B", "training")])
    with pytest.raises(MerbenchError, match=r"songs_info\.csv:3: the set is 'training'"):
        EmoMusic().clips(root)


def test_check_tells_of_artists_on_both_sides(tmp_path: Path) -> None:
    found = [finding.message for finding in EmoMusic().check(miniatures.emomusic(tmp_path))]
    assert any("1 artists stand on both sides of the test set" in message for message in found)
