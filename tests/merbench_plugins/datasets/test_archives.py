"""Archives that are read where they lie."""

from __future__ import annotations

import tarfile
import zipfile
from pathlib import Path

import pytest

from merbench_plugins.datasets.archives import unpacked, unpacked_to
from merbench_plugins.datasets.label_table import LabelError


def zipped(path: Path, **files: str) -> Path:
    with zipfile.ZipFile(path, "w") as content:
        for name, text in files.items():
            content.writestr(f"inner/{name}.csv", text)
    return path


def test_an_archive_is_unpacked_once_into_the_cache(home: Path, tmp_path: Path) -> None:
    archive = zipped(tmp_path / "labels.zip", a="1", b="2")
    folder = unpacked(archive)
    assert folder.parent == home / "data"
    assert folder.name.startswith("labels-")
    assert {p.name: p.read_text() for p in (folder / "inner").iterdir()} == {
        "a.csv": "1", "b.csv": "2",
    }  # fmt: skip
    (folder / "inner/a.csv").write_text("left as it is")
    assert unpacked(archive) == folder
    assert (folder / "inner/a.csv").read_text() == "left as it is"
    assert [p.name for p in (home / "data").iterdir()] == [folder.name]


def test_another_content_has_another_folder(home: Path, tmp_path: Path) -> None:
    first = unpacked(zipped(tmp_path / "labels.zip", a="1"))
    second = unpacked(zipped(tmp_path / "labels.zip", a="2"))
    assert first != second
    assert (second / "inner/a.csv").read_text() == "2"


def test_a_damaged_archive_is_named_and_leaves_nothing(home: Path, tmp_path: Path) -> None:
    archive = tmp_path / "labels.zip"
    archive.write_bytes(zipped(tmp_path / "whole.zip", a="1").read_bytes()[:-30])
    with pytest.raises(LabelError, match=r"labels\.zip: it cannot be unpacked .*; fetch it anew"):
        unpacked(archive)
    assert not list((home / "data").glob("*"))


def test_a_cache_that_cannot_be_written_is_named(home: Path, tmp_path: Path) -> None:
    archive = zipped(tmp_path / "labels.zip", a="1")
    home.mkdir()
    (home / "data").write_text("a file in the way")
    with pytest.raises(LabelError, match=r"it cannot be unpacked to .*data \("):
        unpacked(archive)


def test_a_tar_is_unpacked_and_cannot_write_beside_its_folder(tmp_path: Path) -> None:
    (tmp_path / "song.mp3").write_text("music")
    for name, inside in (("good", "00/song.mp3"), ("evil", "../song.mp3")):
        with tarfile.open(tmp_path / f"{name}.tar", "w") as tar:
            tar.add(tmp_path / "song.mp3", inside)
    unpacked_to(tmp_path / "good.tar", tmp_path / "out")
    assert (tmp_path / "out/00/song.mp3").read_text() == "music"
    with pytest.raises(LabelError, match=r"evil\.tar: it cannot be unpacked"):
        unpacked_to(tmp_path / "evil.tar", tmp_path / "deep/out")
    assert not (tmp_path / "deep/song.mp3").exists()


def test_a_tar_that_is_none_is_named_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_text("no archive")
    with pytest.raises(LabelError, match=r"a\.tar: it cannot be unpacked .*; fetch it anew"):
        unpacked_to(tmp_path / "a.tar", tmp_path / "out")
