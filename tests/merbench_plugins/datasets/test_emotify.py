"""Emotify: shares of votes as quadrants."""

from __future__ import annotations

import miniatures
import pytest
from miniatures import edit
from quadrant_clips import quadrants

from merbench import MerbenchError
from merbench.tasks.quadrants import one_hot
from merbench_plugins.datasets.emotify import Emotify


def test_emotify_is_the_share_of_votes_for_each_quadrants_emotions(tmp_path):
    root = miniatures.emotify(tmp_path)
    clips = {clip.id: clip for clip in Emotify().clips(root)}
    assert clips["3"].label == pytest.approx((0.8 / 2, 0.3 / 2, 0.5 / 2, 0.4 / 2))
    assert clips["8"].label == pytest.approx((0, 0, 0, 1))
    assert clips["12"].label == pytest.approx((0, 0.6 / 1.4, 0.8 / 1.4, 0))
    assert clips["3"].group == clips["8"].group == "artist 0"
    assert "by proxy" in clips["3"].provenance
    dominant = {clip.id: clip.label for clip in Emotify(label="dominant").clips(root)}
    assert dominant["12"] == one_hot("Q2")
    assert dominant["40"] == one_hot("Q1")


def test_emotify_of_the_reference_material_agrees_with_its_proxy_column(shared):
    import csv

    root = shared / "data/emotify_dev"
    with (root / "annotations.csv").open(newline="") as handle:
        proxy = {row["song_id"]: row["quadrant_proxy"] for row in csv.DictReader(handle)}
    clips = Emotify(label="dominant").clips(root)
    assert quadrants(clips) == proxy
    assert len({clip.group for clip in clips}) == 51


def test_a_song_nobody_voted_for_is_an_error(tmp_path):
    root = miniatures.emotify(tmp_path)
    edit(root / "annotations.csv", "0,0,0.1,0,0.4,0,0,0,0", "0,0,0,0,0,0,0,0,0")
    with pytest.raises(MerbenchError, match=r"annotations.csv:3: nobody voted"):
        Emotify().clips(root)
