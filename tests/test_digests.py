"""Digests of files: remembered while a file stays as it is, and never trusted for a result."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from merbench import Clip, digests
from merbench.digests import content_digest, file_digest, files_at, forget, reading, remembered
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


def test_a_folder_counts_by_its_files_and_their_places_in_it(tmp_path: Path) -> None:
    one = tmp_path / "one"
    (one / "sub").mkdir(parents=True)
    (one / "a").write_text("A")
    (one / "sub" / "b").write_text("B")
    shutil.copytree(one, tmp_path / "far" / "two")
    assert content_digest(one) == content_digest(tmp_path / "far" / "two")
    before = content_digest(one)
    (one / "sub" / "b").rename(one / "b")
    assert content_digest(one) != before


def test_a_prefix_counts_by_the_files_it_names(tmp_path: Path) -> None:
    for folder, stem in (("x", "model-7"), ("y", "other")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"{stem}.index").write_text("index")
        (tmp_path / folder / f"{stem}.data-00000-of-00001").write_text("data")
        (tmp_path / folder / f"{stem}.folder").mkdir()
    (tmp_path / "x" / "model-77.index").write_text("another checkpoint")
    first = content_digest(tmp_path / "x" / "model-7")
    assert first == content_digest(tmp_path / "y" / "other")
    (tmp_path / "x" / "model-7.index").write_text("changed")
    assert content_digest(tmp_path / "x" / "model-7") != first


@pytest.mark.parametrize("name", ["w[1]", "a**b", "*", "?"])
def test_a_path_is_no_pattern(tmp_path: Path, name: str) -> None:
    (tmp_path / "w1.index").write_text("x")
    (tmp_path / f"{name}.index").write_text("y")
    assert files_at(tmp_path / name) == [tmp_path / f"{name}.index"]


@pytest.mark.parametrize("path", ["nothing", "no/folder/at/all", "nul\0", "x" * 400])
def test_what_is_not_there_is_missing(tmp_path: Path, path: str) -> None:
    assert content_digest(tmp_path / path) == "missing"


def test_a_relative_path_is_looked_up_anew_in_another_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digests = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "w.pt").write_text(name)
        monkeypatch.chdir(folder)
        digests.append(content_digest(Path("w.pt")))
    assert digests[0] != digests[1]


def test_digest_is_sha256_of_the_bytes(tmp_path: Path) -> None:
    path = tmp_path / "abc"
    path.write_bytes(b"abc")  # FIPS 180-2, appendix B.1
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert file_digest(path) == content_digest(path) == expected
