"""MTG-Jamendo: tags as quadrants and classes, and the fetching of its audio."""

from __future__ import annotations

import hashlib
import tarfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import miniatures
import numpy as np
import pytest
from miniatures import edit

from merbench import Clip, MerbenchError, Task
from merbench.planning.datasets import check_clips
from merbench.tasks.quadrants import one_hot
from merbench_plugins.datasets import mtg_jamendo
from merbench_plugins.datasets.emotify import Emotify
from merbench_plugins.datasets.mtg_jamendo import QUADRANT_OF, MtgJamendo, _drawn
from served import serving


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


class Server:
    """Stands in for the network: what is asked for, and what it is held against."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.asked: list[str] = []

    def retrieve(self, url: str, known: str | None, fname: str, path: Path) -> None:
        self.asked.append(url.rpartition("/")[2])
        content = self.files[url]
        if known is not None:
            algorithm, _, digest = known.partition(":")
            if hashlib.new(algorithm, content).hexdigest() != digest:
                raise ValueError("another hash")
        (path / fname).write_bytes(content)


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


def test_quotes_in_tags_are_characters(tmp_path):
    root = miniatures.mtg_jamendo(tmp_path)
    path = root / "data/autotagging_moodtheme.tsv"
    text = path.read_text().splitlines()
    album = [line.replace("album_000001", f'"album {n}') for n, line in enumerate(text)]
    path.write_text("\n".join(album) + "\n")
    assert len(MtgJamendo().clips(root)) == len(text) - 1
