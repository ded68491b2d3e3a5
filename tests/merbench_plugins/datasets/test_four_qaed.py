"""4QAED, its published features, and what in it may be wrong."""

from __future__ import annotations

import miniatures
import pytest
from miniatures import edit
from quadrant_clips import quadrants

from merbench import MerbenchError
from merbench_plugins.datasets.four_qaed import FourQaed
from merbench_plugins.datasets.merge import Merge


def test_4qaed_has_artists_labels_and_the_published_features(tmp_path):
    root = miniatures.four_qaed(tmp_path)
    clips = FourQaed().clips(root)
    assert quadrants(clips) == miniatures.mt_songs()
    assert [clip.group for clip in clips[:3]] == ["artist 0", "artist 0", "artist 1"]
    assert {len(clip.features) for clip in clips} == {100}
    line = (root / "Features - Audio MER/top100_features.csv").read_text().splitlines()[1]
    assert clips[0].features == tuple(float(x) for x in line.split(",")[1:-1])
    assert clips[0].audio.name == f"{clips[0].id}.mp3"
    songs = FourQaed(group="song").clips(root)
    assert [clip.group for clip in songs] == [clip.id for clip in songs]


def test_4qaed_without_audio_needs_nothing_but_the_features(tmp_path):
    root = miniatures.four_qaed(tmp_path)
    with_audio = FourQaed().clips(root)
    only = root / "Features - Audio MER"
    alone = FourQaed(audio=False).clips(only)
    assert [(c.id, c.label, c.features) for c in alone] == [
        (c.id, c.label, c.features) for c in with_audio
    ]
    assert not FourQaed(audio=False).has_audio
    assert alone[0].audio == only / "top100_features.csv"
    edit(only / "top100_features.csv", "F0003", "F0003x")
    first = (only / "top100_features.csv").read_text().splitlines()[1].split(",")[1]
    edit(only / "top100_features.csv", f",{first},", ",NaN,")
    with pytest.raises(MerbenchError, match=r"top100_features.csv:2: column 'F0000' is NaN"):
        FourQaed(audio=False).clips(only)


def test_audio_without_published_features_brings_none(tmp_path):
    root = miniatures.four_qaed(tmp_path) / "MER_audio_taffc_dataset"
    assert {clip.features for clip in FourQaed().clips(root)} == {()}


def test_a_song_in_another_quadrants_folder_is_pointed_out(tmp_path):
    root = miniatures.four_qaed(tmp_path)
    folder = root / "MER_audio_taffc_dataset"
    song = "MT0000000000"
    (folder / f"Q1/{song}.mp3").rename(folder / f"Q3/{song}.mp3")
    (warning,) = [f for f in FourQaed().check(root) if f.level == "warning"]
    assert warning.message == f"clip {song} is labelled Q1"


def test_an_unknown_quadrant_is_named_with_its_line(tmp_path):
    root = miniatures.four_qaed(tmp_path)
    path = root / "MER_audio_taffc_dataset/panda_dataset_taffc_annotations.csv"
    edit(path, "MT0000000001,Q2", "MT0000000001,Q5")
    with pytest.raises(MerbenchError, match=r"annotations.csv:3: column 'Quadrant' is 'Q5'"):
        FourQaed().clips(root)


@pytest.mark.parametrize(
    ("dataset", "make", "file"),
    [
        (
            FourQaed(),
            miniatures.four_qaed,
            "MER_audio_taffc_dataset/panda_dataset_taffc_metadata.csv",
        ),
        (Merge(), miniatures.merge, "merge_audio_complete_metadata.csv"),
    ],
)
def test_a_stray_quote_in_ragged_metadata_merges_no_artists(tmp_path, dataset, make, file):
    root = make(tmp_path)
    lines = (root / file).read_text().splitlines()
    lines[2] += ',"oops'
    (root / file).write_text("\n".join(lines) + "\n")
    with pytest.raises(MerbenchError, match=rf"{file}:3: a double quote opens"):
        dataset.clips(root)
