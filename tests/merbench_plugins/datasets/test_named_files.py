"""How files are named after the lines of a table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from merbench.errors import TableError
from merbench_plugins.datasets.named_files import audio_guesses, columns_named, rows_as_said


def found(root: Path, files: list[str], **cells: list[str]) -> dict[str, tuple[Any, bool]]:
    for name in files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    unique = [column for column, texts in cells.items() if len(set(texts)) == len(texts)]
    return {g.parameter: (g.value, g.sure) for g in audio_guesses(root, cells, unique)[0]}


def test_files_that_are_named_as_ids(tmp_path: Path) -> None:
    assert found(tmp_path, ["audio/1.mp3", "audio/2.mp3"], id=["1", "2"]) == {"id": ("id", True)}


def test_ids_without_the_zeros_that_files_have(tmp_path: Path) -> None:
    assert found(tmp_path, ["001.wav", "002.wav"], id=["1", "2"]) == {"id": ("id", True)}


def test_a_column_of_paths(tmp_path: Path) -> None:
    guesses = found(tmp_path, ["a/x.wav", "b/y.wav"], id=["1", "2"], file=["a/x.wav", "b\\y.wav"])
    assert guesses == {"id": ("id", True), "audio": ("file", True)}


def test_a_folder_below(tmp_path: Path) -> None:
    guesses = found(tmp_path, ["clips/x/1.mp3", "clips/x/2.mp3", "other.wav"], id=["1", "2"])
    assert guesses == {"id": ("id", True), "audio": ("clips/x/{id}.mp3", True)}


def test_several_folders_below(tmp_path: Path) -> None:
    files = ["a/1.wav", "a/2.wav", "b/3.wav", "b/4.wav", "c/notes.mp3"]
    guesses = found(tmp_path, files, id=["1", "2", "3", "4"])
    assert guesses == {"id": ("id", True), "audio": ("**/{id}.wav", True)}
    assert rows_as_said(tmp_path, {"id": ["1", "4", "9"]}, "**/{id}.wav", "id") == (0, 1)


def test_a_name_in_two_folders_names_no_file(tmp_path: Path) -> None:
    files = ["a/1.wav", "a/2.wav", "b/1.wav", "b/3.wav"]
    guesses = found(tmp_path, files, id=["1", "2", "3"])
    assert guesses["audio"][0] != "**/{id}.wav"
    with pytest.raises(TableError, match=r"a/1\.wav and .+b/1\.wav could both be meant"):
        rows_as_said(tmp_path, {"id": ["1", "2"]}, "**/{id}.wav", "id")


def test_text_before_and_behind_the_id(tmp_path: Path) -> None:
    guesses = found(tmp_path, ["song_1_mono.wav", "song_2_mono.wav"], id=["1", "2"])
    assert guesses == {"id": ("id", True), "audio": ("song_{id}_mono.wav", True)}


def test_some_lines_without_a_file_are_a_guess(tmp_path: Path) -> None:
    assert found(tmp_path, ["1.wav", "2.wav"], id=["1", "2", "3"]) == {"id": ("id", False)}


def test_the_column_that_names_files_is_the_id_whatever_it_is_called(tmp_path: Path) -> None:
    assert found(tmp_path, ["x.wav", "y.wav"], id=["1", "2"], code=["x", "y"])["id"][0] == "code"


def test_a_few_clips_of_a_large_table_are_named_by_what_names_them_all(tmp_path: Path) -> None:
    cells = {"id": [str(i) for i in range(50)], "other": [f"x{i}" for i in range(50)]}
    assert found(tmp_path, ["3.mp3", "7.mp3"], **cells) == {"id": ("id", False)}
    guesses, rows = audio_guesses(tmp_path, cells, ["id", "other"])
    assert rows == (3, 7)
    assert guesses[0].why == "2 of 50 rows have audio named so"
    with pytest.raises(TableError, match="no column names its audio files"):
        found(tmp_path, ["a.mp3", "b.mp3"], **cells)


@pytest.mark.parametrize("named", ["{song}.mp3", "{id}.mp3", "file"])
def test_rows_that_have_audio_by_a_name_that_is_known(tmp_path: Path, named: str) -> None:
    (tmp_path / "2.mp3").touch()
    cells = {"song": ["1", "2"], "file": ["1.mp3", "2.mp3"]}
    assert rows_as_said(tmp_path, cells, named, "song") == (1,)
    assert rows_as_said(tmp_path, cells, "{gone}.mp3", "song") is None
    with pytest.raises(TableError, match=r"no row has the audio that --set audio=\{song\}\.wav"):
        rows_as_said(tmp_path, cells, "{song}.wav", "song")
    assert columns_named("{") == []


def test_the_remedy_has_the_suffix_and_folder_that_files_have(tmp_path: Path) -> None:
    with pytest.raises(TableError) as raised:
        found(tmp_path, ["clips/z.mp3"], **{"a song": ["1", "2"]})
    assert str(raised.value).endswith(
        "say how they are named, as in --set 'id=a song' --set 'audio=clips/{a song}.mp3'"
    )


def test_what_fits_nothing_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="there is no audio file in it"):
        found(tmp_path, [], id=["1", "2"])
    with pytest.raises(TableError, match=r"no column names its audio files, such as z\.wav"):
        found(tmp_path, ["z.wav"], id=["1", "2"])
