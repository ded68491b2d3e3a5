"""Soundtracks: means cut at the middle of their scale, or with a stated deviation."""

from __future__ import annotations

import miniatures
import pytest
from quadrant_clips import quadrants

from merbench import Task
from merbench.planning.datasets import check_clips
from merbench_plugins.datasets.soundtracks import Soundtracks


def test_soundtracks_are_cut_at_the_middle_of_their_scale(tmp_path):
    root = miniatures.soundtracks(tmp_path)
    assert quadrants(Soundtracks().clips(root)) == {
        "001": "Q1", "002": "Q2", "003": "Q3", "004": "Q4",
    }  # fmt: skip
    clips = Soundtracks(set=2).clips(root)
    assert [clip.group for clip in clips] == ["film 0", "film 0", "film 1", "film 1", "film 1"]
    assert clips[0].audio == root / "Set2/Set2/001.mp3"
    assert clips[0].provenance == "quadrant of mean valence and energy, cut at 0.5 of the scale"
    assert any("name no film" in f.message for f in Soundtracks().check(root))
    assert not any("name no film" in f.message for f in Soundtracks(set=2).check(root))


def test_soundtracks_of_the_reference_material(shared, tmp_path):
    text = (shared / "data/labels/eerola_soundtrack110.csv").read_text()
    (tmp_path / "mean_ratings_set2.csv").write_text(text)
    for n in range(1, 111):
        (tmp_path / f"{n:03d}.mp3").write_bytes(b"")
    clips = Soundtracks(set=2).clips(tmp_path)
    assert len(clips) == 110
    assert set(quadrants(clips).values()) == {"Q1", "Q2", "Q3", "Q4"}
    assert len({clip.group for clip in clips}) < 110


def test_soundtracks_means_are_read_with_a_stated_deviation(shared, tmp_path):
    text = (shared / "data/labels/eerola_soundtrack110.csv").read_text()
    (tmp_path / "mean_ratings_set2.csv").write_text(text)
    for n in range(1, 111):
        (tmp_path / f"{n:03d}.mp3").write_bytes(b"")
    dataset = Soundtracks(set=2, fixed_std=0.1)
    assert (dataset.task, dataset.title) == (Task.VA, "soundtracks (fixed_std=0.1)")
    clips = dataset.clips(tmp_path)
    check_clips(dataset, clips)
    assert clips[0].label == pytest.approx((1.56 / 8, 6.73 / 8, 0.1, 0.1))
    assert {clip.provenance for clip in clips} == {"standard deviations fixed at 0.1, not measured"}
