"""Patterns of file names, filled in from a table's columns."""

from __future__ import annotations

from pathlib import Path

import pytest

from merbench_plugins.datasets.audio_files import Folders
from merbench_plugins.datasets.file_patterns import file_of_row, pattern_names
from merbench_plugins.datasets.label_table import LabelError, LabelTable


def test_names_stand_in_braces() -> None:
    assert pattern_names("a/{id}-{band}.mp3") == ["id", "band"]
    assert pattern_names("a.mp3") == []
    for wrong in ("{}.mp3", "{id", "id}"):
        with pytest.raises(ValueError):
            pattern_names(wrong)


def test_a_pattern_is_filled_in_from_the_row(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("id,band\n7,Abba\n8,\n")
    (tmp_path / "clips").mkdir()
    (tmp_path / "clips/Abba-7-bass.wav").touch()
    whole, empty = LabelTable.read(tmp_path / "labels.csv")
    folders, pattern = Folders(tmp_path), "clips/{band}-{id}-{stem}.wav"
    found = file_of_row(folders, pattern, whole, "7", stem="bass")
    assert found == tmp_path / "clips/Abba-7-bass.wav"
    with pytest.raises(LabelError, match=r"csv:2: clip 7 has no drums stem: .*Abba-7-drums\.wav"):
        file_of_row(folders, pattern, whole, "7", stem="drums")
    with pytest.raises(LabelError, match=r"csv:2: clip 7 has no audio: .*7\.wav is missing"):
        file_of_row(folders, "{id}.wav", whole, "7")
    with pytest.raises(LabelError, match="'band' is empty"):
        file_of_row(folders, pattern, empty, "8", stem="bass")
