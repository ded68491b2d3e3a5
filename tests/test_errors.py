"""Errors are text that any table, file or terminal takes."""

from __future__ import annotations

import os
import pickle

import pytest

from merbench import AudioError, Clip, MerbenchError
from merbench.errors import printable


@pytest.mark.parametrize("text", ["plain", "Für Élise", "音楽", "🎵"])
def test_text_stays_as_it_is(text: str) -> None:
    assert printable(text) == text
    assert str(MerbenchError(text)) == text


def test_bytes_that_are_no_utf8_are_spelt_out() -> None:
    name = os.fsdecode(b"caf\xe9.wav")
    error = AudioError(f"{name} is empty")
    assert str(error) == "caf\\udce9.wav is empty"
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_clips_named_by_such_files_can_be_written(tmp_path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9.wav")
    clip = Clip(path.stem, path.stem, (), path)
    assert clip.id == clip.group == "caf\\udce9"
    assert clip.audio == path
