"""Datasets of quadrants, on miniatures of their releases."""

from __future__ import annotations

import hashlib
import re
import tarfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import miniatures
import numpy as np
import pytest
from miniatures import edit, write_audio, write_csv
from pydantic import ValidationError

from merbench import Clip, Finding, MerbenchError, Task
from merbench.benchmark.protocols import Published
from merbench.planning.datasets import check_clips
from merbench.tasks.quadrants import one_hot
from merbench_plugins.datasets import mtg_jamendo
from merbench_plugins.datasets.emopia import Emopia
from merbench_plugins.datasets.emotify import Emotify
from merbench_plugins.datasets.four_qaed import FourQaed
from merbench_plugins.datasets.merge import Merge, NewFourQaed
from merbench_plugins.datasets.mtg_jamendo import QUADRANT_OF, MtgJamendo, _drawn
from merbench_plugins.datasets.soundtracks import Soundtracks
from merbench_plugins.datasets.table import Table
from served import Server, serving

RELEASES = {
    "4qaed": (FourQaed(), miniatures.four_qaed, 8),
    "4qaed without audio": (FourQaed(audio=False), miniatures.four_qaed, 8),
    "merge": (Merge(), miniatures.merge, 12),
    "new-4qaed": (NewFourQaed(), miniatures.new_four_qaed, 8),
    "mtg-jamendo": (MtgJamendo(), miniatures.mtg_jamendo, 4),
    "emopia": (Emopia(seconds=1.0, sample_rate=8_000), miniatures.emopia, 4),
    "emotify": (Emotify(), miniatures.emotify, 4),
    "soundtracks": (Soundtracks(), miniatures.soundtracks, 4),
}


def errors(findings: list[Finding]) -> list[str]:
    return [f"{f.where}: {f.message}" for f in findings if f.level == "error"]


def quadrants(clips) -> dict[str, str]:
    return {clip.id: Task.QUADRANT.columns[int(np.argmax(clip.label))] for clip in clips}


# --- all -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("dataset", "make", "count"), RELEASES.values(), ids=RELEASES.keys())
def test_a_release_is_read_whole_and_found_sound(tmp_path, dataset, make, count):
    root = make(tmp_path / "release")
    clips = dataset.clips(root)
    assert len(clips) == count
    check_clips(dataset, clips)
    assert dataset.clips(root) == clips
    assert dataset.task is Task.QUADRANT
    assert len({clip.group for clip in clips}) > 1
    assert errors(dataset.check(root)) == []
    assert dataset.homepage
    assert dataset.licence
    assert dataset.citation


@pytest.mark.parametrize(("dataset", "make", "count"), RELEASES.values(), ids=RELEASES.keys())
def test_what_is_not_there_is_said_with_what_to_do(tmp_path, dataset, make, count):
    with pytest.raises(MerbenchError, match=r"set the root|missing"):
        dataset.clips(tmp_path)
    assert errors(dataset.check(tmp_path / "nowhere"))
    if dataset.has_audio:
        root = make(tmp_path / "release")
        dataset.clips(root)[0].audio.unlink()
        with pytest.raises(MerbenchError, match=r"\.csv:\d+|\.tsv:\d+"):
            dataset.clips(root)


def test_a_download_that_nobody_may_do_says_where_to_get_the_data(tmp_path):
    for dataset in (FourQaed(), Merge(), Emopia(), Emotify(), Soundtracks()):
        with pytest.raises(MerbenchError, match=re.escape(dataset.homepage)):
            dataset.fetch(tmp_path, lambda name, share: None)


# --- 4QAED and its successors --------------------------------------------------------------------


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


@pytest.mark.parametrize(("split", "sizes"), [("70_15_15", (8, 2, 2)), ("40_30_30", (4, 4, 4))])
def test_merge_takes_the_published_lists(tmp_path, split, sizes):
    clips = Merge(split=split).clips(miniatures.merge(tmp_path))
    parts = [clip.split for clip in clips]
    assert tuple(parts.count(p) for p in ("train", "validation", "test")) == sizes
    (fold,) = Published().splits(clips)
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


# --- MTG-Jamendo ---------------------------------------------------------------------------------


def test_the_tags_quadrants_are_those_of_their_numbers():
    tags = sorted(QUADRANT_OF)
    assert len(tags) == 59
    numbers = {
        "Q1": {1, 7, 8, 19, 20, 23, 24, 25, 26, 27, 29, 32, 38, 41, 42, 48, 54, 56, 57, 58},
        "Q2": {0, 2, 9, 11, 14, 15, 16, 18, 21, 22, 28, 31, 39, 43, 53, 55},
        "Q3": {4, 12, 13, 35, 47, 49, 51, 52},
        "Q4": {3, 5, 6, 10, 17, 30, 33, 34, 36, 37, 40, 44, 45, 46, 50},
    }
    assert {q: {i for i, tag in enumerate(tags) if QUADRANT_OF[tag] == q} for q in numbers} == (
        numbers
    )


def test_every_tag_of_a_published_list_has_a_quadrant(shared):
    lines = (shared / "data/labels/split-0_moodtheme-test.tsv").read_text().splitlines()[1:]
    tags = {tag.removeprefix("mood/theme---") for line in lines for tag in line.split("\t")[5:]}
    assert len(tags) == 56
    assert tags <= QUADRANT_OF.keys()


def test_a_track_is_the_share_of_its_tags(tmp_path):
    root = miniatures.mtg_jamendo(tmp_path)
    labels = {clip.id: clip.label for clip in MtgJamendo().clips(root)}
    assert labels == {
        "track_0000948": (1, 0, 0, 0),
        "track_0000950": (0, 0.5, 0.5, 0),  # dark: Q3; horror: Q2
        "track_0001002": (0.25, 0, 0.25, 0.5),
        "track_0001103": (0, 1, 0, 0),
    }
    first = {clip.id: clip.label for clip in MtgJamendo(several="first").clips(root)}
    assert first["track_0000950"] == one_hot("Q3")
    assert first["track_0001002"] == one_hot("Q4")
    single = [clip.id for clip in MtgJamendo(several="omit").clips(root)]
    assert single == ["track_0000948", "track_0001103"]


def test_tags_are_classes_of_their_own(tmp_path):
    root = miniatures.mtg_jamendo(tmp_path)
    dataset = MtgJamendo(labels="tags", several="first")
    clips = dataset.clips(root)
    check_clips(dataset, clips)
    assert dataset.task is Task.CLASSES
    assert dataset.class_names == tuple(sorted(QUADRANT_OF))
    assert len(dataset.class_names) == 59
    named = {clip.id: dataset.class_names[clip.label.index(1.0)] for clip in clips}
    assert named["track_0000950"] == "dark"
    shares = {clip.id: clip.label for clip in MtgJamendo(labels="tags").clips(root)}
    assert shares["track_0000950"][dataset.class_names.index("horror")] == 0.5
    assert clips[0].provenance == "tags; several tags: first"


def test_clips_drawn_of_each_class_as_published(tmp_path):
    root = miniatures.mtg_jamendo(tmp_path)
    once = {clip.id: clip for clip in MtgJamendo(several="first").clips(root)}
    dataset = MtgJamendo(several="first", drawn=5)
    clips = dataset.clips(root)
    check_clips(dataset, clips)
    assert clips == dataset.clips(root)
    counts = Counter(clip.label for clip in clips)
    assert set(counts) == {clip.label for clip in once.values()}
    assert set(counts.values()) == {5}
    for clip in clips:
        source = once[clip.id.partition(" (")[0]]
        assert (clip.label, clip.group, clip.audio) == (source.label, source.group, source.audio)
    assert "5 clips drawn of each class before they are split" in clips[0].provenance
    with pytest.raises(ValueError, match="set `several` to first or omit"):
        MtgJamendo(drawn=5)


@pytest.mark.parametrize(("tracks", "again"), [(2, True), (236, True), (237, True), (238, False)])
def test_only_of_classes_of_at_most_237_tracks_is_one_drawn_again(tracks, again):
    """As the notebook calls resample(replace=len(tracks) <= 237, n_samples=237)."""
    clips = [Clip(str(i), "artist", (1.0, 0.0), Path("x.mp3")) for i in range(tracks)]
    drawn = _drawn(clips, 237)
    assert len(drawn) == len({clip.id for clip in drawn}) == 237
    sources = {clip.id.partition(" (")[0] for clip in drawn}
    assert (len(sources) < 237) == again
    assert any("drawn again" in clip.id for clip in drawn) == again


def test_the_nine_emotions_of_emotify_are_classes_too(tmp_path):
    root = miniatures.emotify(tmp_path)
    dataset = Emotify(labels="emotions")
    clips = dataset.clips(root)
    check_clips(dataset, clips)
    assert dataset.task is Task.CLASSES
    assert len(dataset.class_names) == 9
    by_quadrant = {clip.id: clip.label for clip in Emotify().clips(root)}
    for clip in clips:
        of = dict(zip(dataset.class_names, clip.label, strict=True))
        assert of["tension"] == pytest.approx(by_quadrant[clip.id][1])  # alone in Q2
    assert "proxy" not in clips[0].provenance
    first = Emotify(labels="emotions", label="dominant").clips(root)
    for clip, votes in zip(first, clips, strict=True):
        assert clip.label[int(np.argmax(votes.label))] == 1


def test_five_splits_artists_and_provenance(tmp_path):
    root = miniatures.mtg_jamendo(tmp_path)
    clips = MtgJamendo().clips(root)
    assert [clip.split for clip in clips] == ["train", "train", "validation", "test"]
    other = MtgJamendo(split=1).clips(root)
    assert [clip.split for clip in other] == ["test", "validation", "train", "train"]
    assert {clip.split for clip in MtgJamendo(split=4).clips(root)} == {""}
    assert [clip.group for clip in clips][:2] == ["artist_000001"] * 2
    assert "quadrants by proxy" in clips[0].provenance
    assert any("in no part of split 4" in f.message for f in MtgJamendo(split=4).check(root))


def test_the_middle_of_a_track_is_heard(tmp_path):
    root = miniatures.mtg_jamendo(tmp_path)
    clip = MtgJamendo().clips(root)[0]
    whole, rate = MtgJamendo(seconds=None).decode(clip)
    middle, _ = MtgJamendo(seconds=1.0).decode(clip)
    start = (whole.shape[1] - rate) // 2
    assert np.array_equal(middle, whole[:, start : start + rate])
    assert MtgJamendo(seconds=60.0).decode(clip)[0].shape == whole.shape


def test_a_tag_that_is_none_of_the_release_is_named_with_its_line(tmp_path):
    root = miniatures.mtg_jamendo(tmp_path)
    edit(root / "data/autotagging_moodtheme.tsv", "mood/theme---film", "mood/theme---cosy")
    with pytest.raises(MerbenchError, match=r"moodtheme.tsv:5: there is no quadrant for .* 'cosy'"):
        MtgJamendo().clips(root)


@pytest.fixture
def jamendo_server(tmp_path, monkeypatch) -> Iterator[Server]:
    """A small MTG-Jamendo to download: metadata, a list of checksums, an archive a folder."""
    source = miniatures.mtg_jamendo(tmp_path / "source")
    archive = tmp_path / "served.zip"
    with zipfile.ZipFile(archive, "w") as content:
        for path in sorted((source / "data").rglob("*.tsv")):
            content.write(path, path.relative_to(source))
    files, checksums = {"data.zip": archive.read_bytes()}, []
    for folder in sorted(path for path in (source / "audio-low").iterdir() if path.is_dir()):
        name = f"autotagging_moodtheme_audio-low-{folder.name}.tar"
        with tarfile.open(tmp_path / name, "w") as tar:
            tar.add(folder, folder.name)
        files[f"audio/{name}"] = (tmp_path / name).read_bytes()
        checksums.append(f"{hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()} {name}\n")
    files["checksums"] = "".join(checksums).encode()
    known = f"md5:{hashlib.md5(archive.read_bytes()).hexdigest()}"
    monkeypatch.delenv("MERBENCH_OFFLINE", raising=False)
    with serving() as server:
        server.files = files
        monkeypatch.setattr(mtg_jamendo, "METADATA", (server.url("data.zip"), known))
        monkeypatch.setattr(mtg_jamendo, "AUDIO", server.url("audio"))
        monkeypatch.setattr(mtg_jamendo, "CHECKSUMS_AT", server.url("checksums"))
        yield server


def test_the_release_is_fetched_and_checked(tmp_path, jamendo_server):
    root, seen = tmp_path / "fetched", []
    root.mkdir()
    MtgJamendo().fetch(root, lambda name, share: seen.append((name, share)))
    assert seen[0] == ("data.zip", 0.0)
    assert [share for name, share in seen if name == "data.zip"][-1] == 1.0
    clips = MtgJamendo().clips(root)
    assert [clip.id for clip in clips] == [
        clip.id for clip in MtgJamendo().clips(tmp_path / "source")
    ]
    assert not list(root.glob("*.tar"))
    jamendo_server.asked.clear()
    MtgJamendo().fetch(root, lambda name, share: None)
    assert jamendo_server.asked == []  # all is there


def test_a_download_that_was_broken_off_goes_on_where_it_was(tmp_path, jamendo_server):
    root = tmp_path / "fetched"
    root.mkdir()
    (last, whole) = list(jamendo_server.files.items())[-2]
    jamendo_server.files[last] = whole[:-600]
    with pytest.raises(MerbenchError, match="sent another file than the known one"):
        MtgJamendo().fetch(root, lambda name, share: None)
    with pytest.raises(MerbenchError, match=r"has no audio: .*merbench data fetch mtg-jamendo"):
        MtgJamendo().clips(root)
    jamendo_server.files[last] = whole
    jamendo_server.asked.clear()
    MtgJamendo().fetch(root, lambda name, share: None)
    assert jamendo_server.paths == [last]


def test_nothing_is_fetched_where_downloads_are_forbidden(tmp_path, jamendo_server, monkeypatch):
    monkeypatch.setenv("MERBENCH_OFFLINE", "1")
    with pytest.raises(MerbenchError, match="MERBENCH_OFFLINE forbids"):
        MtgJamendo().fetch(tmp_path, lambda name, share: None)


def test_a_damaged_list_of_checksums_is_named_with_its_line(tmp_path, jamendo_server):
    listed = tmp_path / mtg_jamendo.CHECKSUMS
    listed.parent.mkdir(parents=True)
    listed.write_text("0123 archive.tar\n")
    with pytest.raises(MerbenchError, match=r"sha256_tars.txt:1: this is no checksum"):
        MtgJamendo().fetch(tmp_path, lambda name, share: None)


# --- EMOPIA --------------------------------------------------------------------------------------


def test_emopia_takes_quadrant_and_song_from_names_and_the_published_split(tmp_path):
    clips = {clip.id: clip for clip in Emopia().clips(miniatures.emopia(tmp_path))}
    assert list(clips) == sorted(miniatures.EMOPIA_CLIPS)
    assert [clip.group for clip in clips.values()] == [
        "0vLPYiPN7qY", "a_b-c_d-eF", "-xYz_12-AbC", "0vLPYiPN7qY",
    ]  # fmt: skip
    assert quadrants(clips.values()) == {name: name[:2] for name in clips}
    assert [clip.split for clip in clips.values()] == ["train", "validation", "test", ""]


def test_emopia_is_read_from_its_archive_as_from_its_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("MERBENCH_HOME", str(tmp_path / "home"))
    root = miniatures.emopia(tmp_path / "release")
    dataset = Emopia(seconds=1.0, sample_rate=8_000)
    plain = dataset.clips(root)
    waveform, rate = dataset.decode(plain[0])
    with zipfile.ZipFile(root / "midis.zip", "w") as content:
        for path in (root / "midis").iterdir():
            content.write(path, path.relative_to(root))
            path.unlink()
    (root / "midis").rmdir()
    packed = dataset.clips(root)
    assert [(c.id, c.group, c.label, c.split) for c in packed] == [
        (c.id, c.group, c.label, c.split) for c in plain
    ]
    assert np.array_equal(dataset.decode(packed[0])[0], waveform)
    assert rate == 8_000
    assert waveform.shape == (2, 8_000)
    assert list(root.glob("midis/*")) == []
    assert dataset.clips(root) == packed
    (root / "midis.zip").write_bytes(b"PK\x03\x04 cut short")
    with pytest.raises(MerbenchError, match=r"midis.zip: it cannot be unpacked .* fetch it anew"):
        dataset.clips(root)


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("train.csv", "Q1_0vLPYiPN7qY_0,Q1", "Q1_0vLPYiPN7qY_0,Q2", "which its name contradicts"),
        ("label.csv", "Q1_0vLPYiPN7qY_0,1", "Q1_0vLPYiPN7qY_0,3", "is labelled Q3, which its name"),
        ("val.csv", "Q2_a_b-c_d-eF_11,Q2", "Q2_gone_1,Q2", "clip Q2_gone_1 has no MIDI file"),
        ("val.csv", "Q2_a_b-c_d-eF_11,Q2", "Q1_0vLPYiPN7qY_0,Q1", "is in train already"),
    ],
)
def test_emopias_tables_must_agree(tmp_path, file, old, new, says):
    root = miniatures.emopia(tmp_path)
    edit(root / file, old, new)
    with pytest.raises(MerbenchError, match=says):
        Emopia().clips(root)


def test_emopia_of_the_reference_material(shared, tmp_path, monkeypatch):
    monkeypatch.setenv("MERBENCH_HOME", str(tmp_path))
    clips = Emopia().clips(shared / "data/emopia")
    assert len(clips) == 1_078
    assert len({clip.group for clip in clips}) == 387
    parts = [clip.split for clip in clips]
    assert [parts.count(p) for p in ("train", "validation", "test", "")] == [767, 198, 86, 27]
    (fold,) = Published().splits(clips)
    assert (len(fold.train), len(fold.test)) == (965, 86)


# --- Emotify and Soundtracks ---------------------------------------------------------------------


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


def test_quotes_in_tags_are_characters(tmp_path):
    root = miniatures.mtg_jamendo(tmp_path)
    path = root / "data/autotagging_moodtheme.tsv"
    text = path.read_text().splitlines()
    album = [line.replace("album_000001", f'"album {n}') for n, line in enumerate(text)]
    path.write_text("\n".join(album) + "\n")
    assert len(MtgJamendo().clips(root)) == len(text) - 1


# --- a table of one's own ------------------------------------------------------------------------


def own_table(root: Path) -> Path:
    rows = [(f"c{n}", ["happy", "angry", "sad", "relax"][n % 4], n, -n, n % 2, 3 - n % 3, 0, 1)
            for n in range(6)]  # fmt: skip
    write_csv(root / "labels.csv", "id,mood,mfcc_1,mfcc_2,v1,v2,v3,v4", rows)
    return root


MOODS = {"happy": "Q1", "angry": "Q2", "sad": "Q3", "relax": "Q4"}


def test_a_table_of_classes_and_features_needs_no_audio(tmp_path):
    root = own_table(tmp_path)
    table = Table(quadrant="mood", classes=MOODS, features=("mfcc_*",))
    clips = table.clips(root)
    assert table.task is Task.QUADRANT
    assert not table.has_audio
    assert quadrants(clips) == {f"c{n}": f"Q{n % 4 + 1}" for n in range(6)}
    assert clips[2].features == (2.0, -2.0)
    assert [f for f in table.check(root) if f.level != "note"] == []
    numbered = Table(id=None, quadrant="mood", classes=MOODS, features=("mfcc_1",)).clips(root)
    assert [clip.id for clip in numbered] == ["2", "3", "4", "5", "6", "7"]
    assert numbered[2].features == (2.0,)


def test_a_table_of_votes(tmp_path):
    root = own_table(tmp_path)
    clips = Table(shares=("v1", "v2", "v3", "v4"), features=("mfcc_1",)).clips(root)
    assert clips[1].label == pytest.approx((0.25, 0.5, 0, 0.25))
    edit(root / "labels.csv", "c1,angry,1,-1,1,2,0,1", "c1,angry,1,-1,0,0,0,0")
    with pytest.raises(MerbenchError, match=r"labels.csv:3: columns v1, .* nobody voted"):
        Table(shares=("v1", "v2", "v3", "v4"), features=("mfcc_1",)).clips(root)
    edit(root / "labels.csv", "c1,angry,1,-1,0,0,0,0", "c1,angry,1,-1,-1,2,0,0")
    with pytest.raises(MerbenchError, match="column 'v1' is -1; votes are not negative"):
        Table(shares=("v1", "v2", "v3", "v4"), features=("mfcc_1",)).clips(root)


def test_a_table_of_other_classes(tmp_path):
    root = own_table(tmp_path)
    moods = ("angry", "happy", "relax", "sad")
    table = Table(category="mood", categories=moods, features=("mfcc_*",))
    clips = table.clips(root)
    check_clips(table, clips)
    assert table.task is Task.CLASSES
    assert table.class_names == moods
    assert clips[1].label == (1, 0, 0, 0)
    with pytest.raises(
        MerbenchError, match=r"csv:3: column 'mood' is 'angry'; it takes happy, sad"
    ):
        Table(category="mood", categories=("happy", "sad"), features=("mfcc_*",)).clips(root)

    votes = Table(votes=("v1", "v2", "v4"), features=("mfcc_*",))
    clips = votes.clips(root)
    check_clips(votes, clips)
    assert votes.class_names == ("v1", "v2", "v4")
    assert clips[1].label == pytest.approx((0.25, 0.5, 0.25))


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"quadrant": "mood", "votes": ("v1", "v2")}, "in `quadrant` or in `votes`; name one"),
        ({"category": "mood"}, "give both"),
        ({"categories": ("a", "b")}, "give both"),
        ({"votes": ("v1",)}, "classes must be two or more, each once"),
        ({"category": "mood", "categories": ("a", "a")}, "classes must be two or more, each once"),
    ],
)
def test_settings_of_classes_that_do_not_fit_are_refused(settings, says):
    with pytest.raises(ValueError, match=says):
        Table(**settings)


def test_quadrants_with_audio_and_features_beside_it(tmp_path):
    root = own_table(tmp_path)
    for n in range(6):
        write_audio(root / f"audio/c{n}.wav", n)
    plain = Table(quadrant="mood", classes=MOODS)
    assert plain.has_audio
    assert plain.clips(root)[0].features == ()
    both = Table(quadrant="mood", classes=MOODS, features=("v?",), audio="audio/{id}.wav")
    assert both.has_audio
    assert both.clips(root)[0].features == (0, 3, 0, 1)
    assert both.clips(root)[0].audio == root / "audio/c0.wav"


def test_columns_that_are_labels_are_no_features(tmp_path):
    root = own_table(tmp_path)
    clips = Table(shares=("v1", "v2", "v3", "v4"), features=("v*", "mfcc_1")).clips(root)
    assert clips[3].features == (3.0,)


def test_an_unknown_class_is_named_with_those_that_are_known(tmp_path):
    root = own_table(tmp_path)
    with pytest.raises(MerbenchError, match=r":3: column 'mood' is 'angry'.* takes happy, or Q1"):
        Table(quadrant="mood", classes={"happy": "Q1"}, features=("v1",)).clips(root)
    with pytest.raises(MerbenchError, match=r"no column is named by 'chroma_\*"):
        Table(quadrant="mood", classes=MOODS, features=("chroma_*",)).clips(root)


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({"quadrant": "mood", "shares": ("a", "b", "c", "d")}, "name one of them"),
        ({"classes": {"happy": "Q1"}}, "translates the column `quadrant`"),
        ({"shares": ("a", "b", "a", "d")}, "Q1 and Q3 are both column 'a'"),
        ({"quadrant": "mood", "classes": {"happy": "Q7"}}, "Input should be 'Q1'"),
    ],
)
def test_parameters_that_contradict_each_other_are_refused(parameters, says):
    with pytest.raises(ValidationError, match=says):
        Table(**parameters)


def test_the_turkish_table_is_read_as_features_alone(shared):
    table = Table(csv="turkish_acoustic_features.csv", id=None, quadrant="Class", features=("_*",))
    clips = table.clips(shared / "data/labels")
    assert len(clips) == 400
    assert {len(clip.features) for clip in clips} == {50}
    assert sorted(map(list(quadrants(clips).values()).count, ("Q1", "Q2", "Q3", "Q4"))) == [100] * 4
