"""Folders that change places."""

from __future__ import annotations

import ctypes
import errno
from pathlib import Path

import pytest

from merbench.publishing import exchange
from merbench.publishing.exchange import exchanged


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    return tmp_path / "one", tmp_path / "other"


def test_two_folders_change_places_or_stay(two: tuple[Path, Path]):
    one, other = two
    done = exchanged(one, other)
    assert (one / "file").read_text() == ("other" if done else "one")
    assert (other / "file").read_text() == ("one" if done else "other")


def test_what_a_drive_cannot_do_is_said_and_changes_nothing(two, monkeypatch):
    class Library:
        def renameat2(self, *_: object) -> int:
            ctypes.set_errno(errno.EINVAL)
            return -1

    monkeypatch.setattr(exchange.ctypes, "CDLL", lambda *_, **__: Library())
    monkeypatch.setattr(exchange.sys, "platform", "linux")
    assert exchanged(*two) is False
    monkeypatch.setattr(exchange.ctypes, "CDLL", lambda *_, **__: object())
    assert exchanged(*two) is False


def test_a_folder_that_is_not_there_is_an_error_where_it_can_be_done(two, tmp_path):
    if exchanged(*two):
        with pytest.raises(FileNotFoundError):
            exchanged(tmp_path / "gone", two[0])
