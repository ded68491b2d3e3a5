"""Digests of files: remembered while a file stays as it is, and never trusted for a result."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from merbench import Clip, digests
from merbench.digests import file_digest, forget, reading, remembered
from merbench.planning.repeated_audio import audio_of_several_groups

HOUR = 3600 * 10**9


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file large enough to be remembered, and old enough in the eyes of the clock."""
    path = tmp_path / "a.wav"
    path.write_bytes(b"a" * 100_000)
    another_process(monkeypatch)
    monkeypatch.setattr(digests, "_SETTLED_NS", -HOUR)
    return path


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that were really read."""
    names: list[str] = []
    real = digests._digest

    def noted(path: Path) -> str:
        names.append(path.name)
        return real(path)

    monkeypatch.setattr(digests, "_digest", noted)
    return names


def another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digests, "_known", {})


def overwrite(path: Path, content: bytes) -> None:
    """Write other bytes in place, and put the time of the last change back."""
    times = path.stat()
    time.sleep(0.02)  # more than a tick of the file system's clock
    with path.open("r+b") as handle:
        handle.write(content)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert path.stat().st_mtime_ns == times.st_mtime_ns


def test_a_file_is_read_once_a_process(file, read):
    assert file_digest(file) == file_digest(file)
    assert read == ["a.wav"]


def test_a_change_of_content_is_seen_though_size_and_time_are_put_back(file, read):
    before = file_digest(file)
    overwrite(file, b"b" * 10)
    assert file_digest(file) != before


def test_a_file_that_changed_just_now_is_not_remembered(tmp_path, read):
    path = tmp_path / "fresh.wav"
    path.write_bytes(b"x" * 100_000)
    file_digest(path)
    file_digest(path)
    assert read == ["fresh.wav"] * 2


# --- beside the store ---------------------------------------------------------------------------


def test_a_later_process_does_not_read_what_an_earlier_one_did(file, read, tmp_path, monkeypatch):
    store = tmp_path / "store"
    with remembered(store):
        digest = file_digest(file)
    another_process(monkeypatch)
    with remembered(store):
        assert file_digest(file) == digest
    assert read == ["a.wav"]
    # Nothing new, nothing written.
    assert len((store / "digests.txt").read_text().split("\n")) == 3


def test_outside_of_a_plan_nothing_remembered_counts(file, read, tmp_path, monkeypatch):
    with remembered(tmp_path):
        file_digest(file)
    another_process(monkeypatch)
    file_digest(file)
    assert len(read) == 2


def test_a_remembered_digest_of_a_file_that_changed_is_replaced(file, read, tmp_path, monkeypatch):
    with remembered(tmp_path):
        before = file_digest(file)
    overwrite(file, b"b")
    for _ in range(2):
        another_process(monkeypatch)
        with remembered(tmp_path):
            assert file_digest(file) != before
    assert len(read) == 2


def test_what_proved_wrong_is_forgotten(file, read, tmp_path, monkeypatch):
    with remembered(tmp_path):
        file_digest(file)
    forget(tmp_path, [file])
    with remembered(tmp_path):
        file_digest(file)
    another_process(monkeypatch)
    with remembered(tmp_path):
        file_digest(file)
    assert len(read) == 2


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text.replace('", 100000', '", 100001'),
        lambda text: text[:-10],
        lambda text: text.replace("[", "", 1),
        lambda text: "\0\xff" + text.strip(),
        lambda text: "",
    ],
)
def test_a_damaged_line_says_nothing_and_harms_no_other(file, read, tmp_path, monkeypatch, damage):
    other = tmp_path / "b.wav"
    other.write_bytes(b"b" * 100_000)
    with remembered(tmp_path):
        file_digest(file)
    table = tmp_path / "digests.txt"
    table.write_text(damage(table.read_text()), encoding="latin-1")
    for _ in range(2):
        another_process(monkeypatch)
        with remembered(tmp_path):
            file_digest(file)
            file_digest(other)
    assert sorted(read) == ["a.wav", "a.wav", "b.wav"]


def test_names_that_are_no_text_are_remembered_too(file, read, tmp_path, monkeypatch):
    odd = Path(os.fsdecode(bytes(tmp_path) + b"/\xff\n.wav"))
    file.rename(odd)
    for _ in range(2):
        another_process(monkeypatch)
        with remembered(tmp_path):
            file_digest(odd)
    assert len(read) == 1


def test_small_files_are_not_worth_a_line(file, tmp_path):
    file.write_bytes(b"small")
    with remembered(tmp_path):
        file_digest(file)
    assert not (tmp_path / "digests.txt").exists()


def test_a_folder_that_cannot_be_written_remembers_nothing(file, tmp_path):
    (tmp_path / "no-folder").write_text("")
    with remembered(tmp_path / "no-folder"):
        assert len(file_digest(file)) == 64


# --- while files are read -----------------------------------------------------------------------


def test_what_is_read_is_digested_then_whatever_is_remembered(file, read):
    digest = file_digest(file)
    with reading([file]) as found:
        assert found == {}
    assert found == {file: digest}
    assert len(read) == 2


@pytest.mark.parametrize("during", [lambda f: overwrite(f, b"b"), Path.unlink, Path.touch])
def test_a_file_that_changes_while_it_is_read_has_no_digest(file, during):
    with reading([file]) as found:
        time.sleep(0.02)
        during(file)
    assert found == {file: ""}


def test_a_file_that_is_not_there_has_no_digest(tmp_path):
    with reading([tmp_path / "gone"]) as found:
        pass
    assert found == {tmp_path / "gone": ""}


# --- clips --------------------------------------------------------------------------------------


def test_the_same_audio_counts_where_groups_differ(tmp_path):
    def clip(name: str, group: str, content: bytes) -> Clip:
        (tmp_path / name).write_bytes(content)
        return Clip(name, group, (0.5, 0.5, 0.1, 0.1), tmp_path / name)

    clips = [
        clip("a", "one", b"x"), clip("b", "two", b"y"), clip("c", "two", b"x"),
        clip("d", "one", b"z"), clip("e", "one", b"z"),
    ]  # fmt: skip
    assert audio_of_several_groups(clips) == [(clips[0], clips[2])]
    assert audio_of_several_groups(clips[:2]) == []
