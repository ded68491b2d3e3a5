from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from miniatures import write_audio

from merbench_plugins.datasets.audio_files import Folders, index_audio
from merbench_plugins.datasets.label_table import LabelError

FORMS = ("NFC", "NFD")


def formed(form: str, text: str) -> str:
    return unicodedata.normalize(form, text)  # type: ignore[arg-type]


def touched(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def test_audio_is_indexed_by_name_and_ambiguity_refused(tmp_path: Path) -> None:
    for name in ("a.wav", "b.FLAC", "notes.txt", "._a.wav"):
        (tmp_path / name).touch()
    assert index_audio(tmp_path, tmp_path / "absent") == {
        "a": tmp_path / "a.wav",
        "b": tmp_path / "b.FLAC",
    }
    write_audio(tmp_path / "audio/a.mp3", 0)
    with pytest.raises(LabelError, match=r"a\.wav has the same name"):
        index_audio(tmp_path, tmp_path / "audio")


@pytest.mark.parametrize("form", FORMS)
def test_names_are_indexed_in_one_form(tmp_path: Path, form: str) -> None:
    path = touched(tmp_path / formed(form, "Beyoncé.mp3"))
    assert index_audio(tmp_path) == {formed("NFC", "Beyoncé"): path}


def test_one_name_in_two_forms_is_ambiguous(tmp_path: Path) -> None:
    for form in FORMS:
        touched(tmp_path / formed(form, "é.mp3"))
    with pytest.raises(LabelError, match="could mean either"):
        index_audio(tmp_path)


@pytest.mark.parametrize(
    ("clip_id", "file"),
    [
        ("a", "a.wav"),
        ("a.wav", "a.wav"),
        ("a.WAV", "a.wav"),
        ("a.mp3", None),
        ("1", "001.mp3"),
        ("0001", "001.mp3"),
        ("2", "2.mp3"),  # the name itself, though 02 is the same number
        ("002", None),  # either
        ("3", None),
    ],
)
def test_ids_name_files(tmp_path: Path, clip_id: str, file: str | None) -> None:
    for name in ("a.wav", "001.mp3", "2.mp3", "02.mp3"):
        touched(tmp_path / name)
    found = index_audio(tmp_path).of_clip(clip_id)
    assert found == (None if file is None else tmp_path / file)


@pytest.mark.parametrize("table", FORMS)
@pytest.mark.parametrize("disk", FORMS)
def test_paths_are_found_in_either_form(tmp_path: Path, table: str, disk: str) -> None:
    path = touched(tmp_path / formed(disk, "Sigur Rós/Ágætis.flac"))
    assert Folders(tmp_path).find(formed(table, "Sigur Rós/Ágætis.flac")) == path


@pytest.mark.parametrize(
    "text", ["clips\\a.wav", "clips/a.WAV", "./clips/a.wav", "clips\\a.Wav", "clips/../clips/a.wav"]
)
def test_paths_are_found_as_other_systems_write_them(tmp_path: Path, text: str) -> None:
    path = touched(tmp_path / "clips/a.wav")
    found = Folders(tmp_path).find(text)
    assert found is not None
    assert found.samefile(path)


def test_an_absolute_path_is_one(tmp_path: Path) -> None:
    path = touched(tmp_path / "clips/a.wav")
    assert Folders(tmp_path / "elsewhere").find(str(path)) == path


def test_what_is_not_there_is_not_found(tmp_path: Path) -> None:
    touched(tmp_path / "clips/Song.wav")
    folders = Folders(tmp_path)
    for text in ("clips/other.wav", "clip/Song.wav", "clips", "clips/song.wav"):
        assert folders.find(text) is None, text
    assert "differs in case" in folders.advice("clips/song.wav")
    assert "relative to the root" in folders.advice(r"C:\clips\Song.wav")
    assert folders.advice("clips/other.wav") == ""
    touched(tmp_path / "clips/007.wav")
    assert "the same number" in Folders(tmp_path).advice("clips/7.wav")


def test_suffixes_that_differ_in_case_are_two_files(tmp_path: Path) -> None:
    for name in ("a.wav", "a.WAV"):
        touched(tmp_path / name)
    folders = Folders(tmp_path)
    assert folders.find("a.WAV") == tmp_path / "a.WAV"
    with pytest.raises(LabelError, match="could both be meant"):
        folders.find("a.Wav")
