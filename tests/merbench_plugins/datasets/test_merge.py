"""MERGE, its published lists and its means."""

from __future__ import annotations

import miniatures
import pytest
from miniatures import edit
from quadrant_clips import errors

from merbench import MerbenchError, Task
from merbench.benchmark.protocols import PublishedSplit
from merbench.planning.datasets import check_clips
from merbench_plugins.datasets.merge import Merge


@pytest.mark.parametrize(("split", "sizes"), [("70_15_15", (8, 2, 2)), ("40_30_30", (4, 4, 4))])
def test_merge_takes_the_published_lists(tmp_path, split, sizes):
    clips = Merge(split=split).clips(miniatures.merge(tmp_path))
    parts = [clip.split for clip in clips]
    assert tuple(parts.count(p) for p in ("train", "validation", "test")) == sizes
    (fold,) = PublishedSplit().splits(clips)
    assert len(fold.train) == sizes[0] + sizes[1]


def test_merge_knows_its_subsets_and_folders_without_underscores(tmp_path):
    both = tmp_path / "both"
    miniatures.merge(both / "MERGE_Audio_Complete")
    balanced = miniatures.merge(both / "MERGE_Audio_Balanced", "balanced")
    for path in (balanced / "tvt_dataframes").iterdir():
        path.rename(path.with_name("tvt_" + path.name.removeprefix("tvt_").replace("_", "")))
    for subset in ("complete", "balanced"):
        clips = Merge(subset=subset).clips(both)
        assert len(clips) == 12
        assert clips[0].audio.parts[-3] == f"MERGE_Audio_{subset.title()}"
        assert {clip.split for clip in clips} == {"train", "validation", "test"}


def test_a_song_in_two_published_lists_is_an_error(tmp_path):
    root = miniatures.merge(tmp_path)
    path = root / "tvt_dataframes/tvt_70_15_15/tvt_70_15_15_test_audio_complete.csv"
    path.write_text(path.read_text() + "A000,Q1\n")
    with pytest.raises(MerbenchError, match="song A000 is in two of the published lists"):
        Merge().clips(root)


def test_merge_means_are_read_with_a_stated_deviation(tmp_path):
    root = miniatures.merge(tmp_path)
    dataset = Merge(fixed_std=0.125)
    assert (dataset.task, Merge().task) == (Task.VA, Task.QUADRANT)
    clips = dataset.clips(root)
    check_clips(dataset, clips)
    assert clips[3].label == (1 - 3 / 24, 3 / 12, 0.125, 0.125)
    assert [(c.id, c.split) for c in clips] == [(c.id, c.split) for c in Merge().clips(root)]
    assert errors(dataset.check(root)) == []
    edit(root / "merge_audio_complete_av_values.csv", "A003,", "B003,")
    with pytest.raises(MerbenchError, match=r"av_values.csv: song A003 has no line"):
        dataset.clips(root)
