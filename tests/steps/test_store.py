"""The store: what is put comes back, whole or not at all, whatever happens to writers and disk."""

from __future__ import annotations

import errno
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from merbench import digests
from merbench.errors import StoreError
from merbench.steps import store as store_module
from merbench.steps.artifact_keys import artifact_key
from merbench.steps.store import Store

KEY = artifact_key("extract", of="a clip")
ARRAYS = {"bass": np.arange(200, dtype=np.float32), "vocals": np.ones((3, 4))}
INFO = {"sample_rate": 44100, "component": "tiny"}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path / "store")
    made.prepare()
    return made


def unfinished(store: Store) -> list[Path]:
    return list((store.folder / "unfinished").iterdir())


def assert_holds(store: Store, key: str = KEY) -> None:
    artifact = store.get(key)
    assert artifact.info == INFO
    assert artifact.arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(artifact.arrays[name], array)
        assert artifact.arrays[name].dtype == array.dtype


# --- round trip ----------------------------------------------------------------------------------

DTYPES = st.sampled_from(["f4", "f8", "i8", "i4", "u1", "b1", ">f4", "c16"]).map(np.dtype)
SHAPES = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5)
NAMES = st.text("abcdefghijklmnopqrstuvwxyz_-0123456789", min_size=1, max_size=20)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(
    arrays=st.dictionaries(NAMES, hnp.arrays(DTYPES, SHAPES), max_size=3),
    info=st.dictionaries(st.text(max_size=5), JSON, max_size=3),
    fortran=st.booleans(),
    mapped=st.booleans(),
)
def test_what_is_put_comes_back(arrays, info, fortran, mapped):
    if fortran:
        arrays = {name: np.asfortranarray(array) for name, array in arrays.items()}
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        assert not store.has(KEY)
        store.put(KEY, arrays, info)
        assert store.has(KEY)
        back = store.get(KEY, mapped=mapped)
        assert back.info == info
        assert back.arrays.keys() == arrays.keys()
        for name, array in arrays.items():
            assert back.arrays[name].shape == array.shape
            assert back.arrays[name].dtype == array.dtype
            assert back.arrays[name].tobytes() == array.tobytes()


def test_a_mapped_array_stays_on_disk_and_cannot_be_written(store):
    store.put(KEY, ARRAYS, INFO)
    mapped = store.get(KEY, mapped=True).arrays["bass"]
    assert isinstance(mapped, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        mapped[0] = 1


def test_the_second_writer_of_a_key_changes_nothing(store):
    store.put(KEY, ARRAYS, INFO)
    index = store.path(KEY) / "artifact.json"
    first = index.stat().st_ino
    store.put(KEY, ARRAYS, INFO)
    assert index.stat().st_ino == first
    assert unfinished(store) == []
    assert_holds(store)


def test_info_of_what_is_not_there_is_empty(store):
    assert store.info(KEY) == {}
    store.put(KEY, ARRAYS, INFO)
    assert store.info(KEY).items() >= INFO.items()
    assert store.info(KEY)["bytes"] == sum(
        file.stat().st_size for file in store.path(KEY).glob("*.npy")
    )


def test_names_in_info_may_be_numbers(store):
    store.put(KEY, {}, {"curve": [{9: 0.5, 10: float("nan")}]})
    assert list(store.get(KEY).info["curve"][0]) == ["9", "10"]


def test_python_objects_are_refused_because_nothing_is_pickled(store):
    with pytest.raises(ValueError, match="allow_pickle"):
        store.put(KEY, {"bad": np.array([object()])}, {})
    assert not store.has(KEY)
    assert unfinished(store) == []


def test_a_task_that_fails_while_writing_leaves_nothing(store):
    def fail() -> None:
        with store.writing(KEY, {}) as folder:
            np.save(folder / "rows.npy", np.ones(3))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not store.has(KEY)
    assert unfinished(store) == []


# --- keys ----------------------------------------------------------------------------------------


# --- damage --------------------------------------------------------------------------------------


def flip(path: Path, position: int) -> None:
    content = bytearray(path.read_bytes())
    content[position] ^= 0xFF
    path.write_bytes(content)


def empty(path: Path) -> None:
    shutil.rmtree(path)
    path.mkdir()


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


DAMAGES: dict[str, Callable[[Path], None]] = {
    "a byte of an array": lambda a: flip(a / "bass.npy", -100),
    "a byte of an array's header": lambda a: flip(a / "bass.npy", 20),
    "an array cut short": lambda a: os.truncate(a / "bass.npy", 300),
    "an empty array file": lambda a: os.truncate(a / "vocals.npy", 0),
    "an array file gone": lambda a: (a / "bass.npy").unlink(),
    "an array file swapped for another": lambda a: shutil.copy(a / "bass.npy", a / "vocals.npy"),
    "the index gone": lambda a: (a / "artifact.json").unlink(),
    "the index empty": lambda a: (a / "artifact.json").write_text(""),
    "the index cut short": lambda a: os.truncate(a / "artifact.json", 40),
    "the index no text": lambda a: (a / "artifact.json").write_bytes(b"\xff\xfe\x00"),
    "the index a list": lambda a: (a / "artifact.json").write_text("[]"),
    "the index null": lambda a: (a / "artifact.json").write_text("null"),
    "the index without its parts": lambda a: (a / "artifact.json").write_text("{}"),
    "the index without an array": lambda a: edit(a / "artifact.json", '"bass"', '"mass"'),
    "a digit of what is known": lambda a: edit(a / "artifact.json", "44100", "44101"),
    "everything gone but the folder": empty,
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_damage_is_found_thrown_away_and_made_good(store, damage):
    store.put(KEY, ARRAYS, INFO)
    damage(store.path(KEY))
    assert not store.has(KEY)
    with pytest.raises(StoreError, match=r"gone from .* run again"):
        store.get(KEY)
    store.put(KEY, ARRAYS, INFO)
    assert_holds(store)
    assert unfinished(store) == []


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_get_alone_finds_damage_too(store, damage):
    store.put(KEY, ARRAYS, INFO)
    damage(store.path(KEY))
    with pytest.raises(StoreError, match="run again"):
        store.get(KEY, mapped=True)
    store.put(KEY, ARRAYS, INFO)
    assert_holds(store)


def test_damage_is_thrown_away_in_a_store_whose_scratch_folder_was_deleted(store):
    store.put(KEY, ARRAYS, INFO)
    flip(store.path(KEY) / "bass.npy", -1)
    shutil.rmtree(store.folder / "unfinished")
    assert not store.has(KEY)
    store.put(KEY, ARRAYS, INFO)
    assert_holds(store)


def test_artifacts_that_lie_under_each_others_keys_are_noticed(store):
    other = artifact_key("extract", of="another clip")
    store.put(KEY, ARRAYS, INFO)
    store.put(other, {"bass": np.zeros(3)}, INFO)
    aside = store.folder / "aside"
    store.path(KEY).rename(aside)
    store.path(other).rename(store.path(KEY))
    aside.rename(store.path(other))
    assert not store.has(KEY)
    with pytest.raises(StoreError, match="run again"):
        store.get(other)
    store.put(KEY, ARRAYS, INFO)
    assert_holds(store)


def test_a_key_is_part_of_the_checksum(store):
    other = artifact_key("extract", of="another clip")
    store.put(KEY, ARRAYS, INFO)
    edit(store.path(KEY) / "artifact.json", KEY, other)
    store.path(other).parent.mkdir(exist_ok=True)
    store.path(KEY).rename(store.path(other))
    assert not store.has(other)


FAILURES = [errno.EIO, errno.ESTALE, errno.EACCES, errno.EMFILE]


@pytest.mark.parametrize("number", FAILURES, ids=lambda number: errno.errorcode[number])
@pytest.mark.parametrize("name", ["bass.npy", "artifact.json"])
def test_what_cannot_be_read_is_not_damaged(store, monkeypatch, number, name):
    store.put(KEY, ARRAYS, INFO)
    real = Path.open

    def fail(self, mode="r", *rest, **named):
        if self.name == name:
            raise OSError(number, os.strerror(number), str(self))
        return real(self, mode, *rest, **named)

    monkeypatch.setattr(Path, "open", fail)
    for look in (store.has, store.get, lambda key: store.get(key, mapped=True)):
        with pytest.raises(StoreError, match=rf"{name} in the store cannot be read .* run again"):
            look(KEY)
    monkeypatch.undo()
    assert_holds(store)


def test_what_turns_unreadable_after_it_was_checked_is_not_damaged(store, monkeypatch):
    store.put(KEY, ARRAYS, INFO)

    def fail(path, **_):
        raise OSError(errno.ESTALE, os.strerror(errno.ESTALE), str(path))

    monkeypatch.setattr(np, "load", fail)
    with pytest.raises(StoreError, match=r"cannot be read \(Stale file handle\); nothing was del"):
        store.get(KEY)
    monkeypatch.undo()
    assert_holds(store)


def test_a_mapped_artifact_is_checked_once_and_again_where_it_changed(store, monkeypatch):
    store.put(KEY, ARRAYS, INFO)
    checked = []
    real = store_module.file_checksum

    def counted(path):
        checked.append(path.name)
        return real(path)

    monkeypatch.setattr(store_module, "file_checksum", counted)
    for _ in range(3):
        store.get(KEY, mapped=True)
    assert sorted(checked) == ["bass.npy", "vocals.npy"]
    # Another process knows nothing of that.
    Store(store.folder).get(KEY, mapped=True)
    assert len(checked) == 4
    times = (store.path(KEY) / "bass.npy").stat()
    flip(store.path(KEY) / "bass.npy", -1)
    os.utime(store.path(KEY) / "bass.npy", ns=(times.st_atime_ns, times.st_mtime_ns))
    with pytest.raises(StoreError, match="run again"):
        store.get(KEY, mapped=True)


def test_contents_are_checked_once_and_again_where_they_changed_or_are_new(store, monkeypatch):
    checked = []
    real = store_module.file_checksum
    store.put(KEY, ARRAYS, INFO)
    monkeypatch.setattr(
        store_module, "file_checksum", lambda path: checked.append(path) or real(path)
    )
    # Within a tick of the disk's clock, another change of the same size would not show.
    for _ in range(2):
        assert store.has(KEY)
    assert len(checked) == 4
    monkeypatch.setattr(digests, "_SETTLED_NS", 0)
    time.sleep(0.02)
    for _ in range(3):
        assert store.has(KEY)
        assert_holds(store)
    assert len(checked) == 6
    flip(store.path(KEY) / "bass.npy", -1)
    with pytest.raises(StoreError, match="run again"):
        store.get(KEY)
    assert not store.has(KEY)


# --- several processes ---------------------------------------------------------------------------


def test_an_artifact_appears_whole_by_one_rename(store, monkeypatch):
    moved = []
    real = Path.rename

    def watched(self, target):
        assert not target.exists()
        assert sorted(path.name for path in self.iterdir()) == [
            "artifact.json", "bass.npy", "vocals.npy",
        ]  # fmt: skip
        moved.append(target)
        return real(self, target)

    monkeypatch.setattr(Path, "rename", watched)
    with store.writing(KEY, INFO) as folder:
        for name, array in ARRAYS.items():
            np.save(folder / f"{name}.npy", array)
        assert not store.path(KEY).exists()
    assert moved == [store.path(KEY)]
    assert_holds(store)


def test_a_reader_never_sees_half_of_what_many_writers_write(store):
    """Four writers of the same keys, and a reader that looks all the time."""
    keys = [artifact_key("fit", of=number) for number in range(25)]
    rows = {name: np.random.default_rng(0).standard_normal((50, 50)) for name in "abc"}
    whole = ["a.npy", "artifact.json", "b.npy", "c.npy"]
    looks, partial, done = [0], [], threading.Event()

    def read() -> None:
        while not done.is_set():
            looks[0] += 1
            for folder in store.folder.glob("??/*"):
                files = sorted(path.name for path in folder.iterdir())
                if files != whole or not store.has(folder.name):
                    partial.append(files)

    def write() -> None:
        for key in keys:
            store.put(key, rows, {})

    reader = threading.Thread(target=read)
    writers = [threading.Thread(target=write) for _ in range(4)]
    for thread in (reader, *writers):
        thread.start()
    for writer in writers:
        writer.join()
    done.set()
    reader.join()
    assert looks[0] > 1
    assert not partial
    assert all(store.has(key) for key in keys)
    assert unfinished(store) == []


WRITER = """
import sys, time
from pathlib import Path
from merbench.steps.store import Store
with Store(Path(sys.argv[1])).writing("ab" * 32, {}) as folder:
    (folder / "rows.npy").write_bytes(b"half")
    print("writing", flush=True)
    time.sleep(60)
"""


def test_what_a_killed_writer_left_is_cleared_and_a_living_one_is_left_alone(store):
    def start() -> subprocess.Popen[str]:
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(store.folder)], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        assert writer.stdout.readline() == "writing\n"
        return writer

    killed, living = start(), start()
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert len(unfinished(store)) == 2
    store.prepare()
    (left,) = unfinished(store)
    assert f"-{living.pid}-" in left.name
    assert not store.has("ab" * 32)
    living.kill()
    living.wait()
    store.prepare()
    assert unfinished(store) == []


def test_what_other_machines_left_is_not_touched(store):
    dead = 2**22 + 1  # above the largest process number
    ours = store.folder / "unfinished" / f"{store_module._HOST}-{dead}-0"
    theirs = store.folder / "unfinished" / f"another-host-{dead}-0"
    probe = store.folder / "unfinished" / f"{store_module._HOST}-{dead}-1"
    ours.mkdir()
    theirs.mkdir()
    probe.write_bytes(b"merbench")
    store.prepare()
    assert unfinished(store) == [theirs]


# --- disks ---------------------------------------------------------------------------------------


def test_a_store_that_is_a_file_is_one_clear_error(tmp_path):
    (tmp_path / "store").write_text("no folder")
    with pytest.raises(StoreError, match=r"cannot be written .*MERBENCH_HOME"):
        Store(tmp_path / "store").prepare()


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes wherever it likes")
def test_a_read_only_folder_is_one_clear_error(store):  # pragma: no cover
    store.put(KEY, ARRAYS, INFO)
    store.folder.chmod(0o555)
    (store.folder / "unfinished").chmod(0o555)
    try:
        with pytest.raises(StoreError, match=r"cannot be written \(Permission denied\)"):
            store.prepare()
        assert_holds(store)
    finally:
        store.folder.chmod(0o755)
        (store.folder / "unfinished").chmod(0o755)


def test_a_read_only_file_system_is_one_clear_error(store, monkeypatch):
    store.put(KEY, ARRAYS, INFO)

    def refuse(self, *_, **__):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(self))

    for writes in ("mkdir", "write_bytes", "write_text", "rename"):
        monkeypatch.setattr(Path, writes, refuse)
    with pytest.raises(StoreError, match=r"cannot be written \(Read-only file system\)"):
        store.prepare()
    with pytest.raises(StoreError, match=r"cannot be written \(Read-only file system\)"):
        store.put(artifact_key("fit"), ARRAYS, {})
    assert_holds(store)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
@pytest.mark.parametrize("size", [10, 10**6])
def test_a_disk_that_fills_while_an_array_is_written_is_one_clear_error(store, monkeypatch, size):
    """Real failing writes: everything that is opened for writing is /dev/full."""
    real = Path.open

    def on_full_disk(self, mode="r", *rest, **named):
        return real(Path("/dev/full") if "w" in mode else self, mode, *rest, **named)

    monkeypatch.setattr(Path, "open", on_full_disk)
    with pytest.raises(StoreError, match=r"is full; free space.*finished work is kept"):
        store.put(KEY, {"rows": np.ones(size)}, {})
    monkeypatch.undo()
    assert not store.has(KEY)
    assert unfinished(store) == []


def test_a_disk_that_fills_at_the_last_moment_is_one_clear_error(store, monkeypatch):
    def full(self, target):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "rename", full)
    with pytest.raises(StoreError, match=r"is full; free space.*finished work is kept"):
        store.put(KEY, ARRAYS, INFO)
    monkeypatch.undo()
    assert not store.has(KEY)
    assert unfinished(store) == []


def test_a_killed_writer_that_waits_to_be_reaped_counts_as_gone(tmp_path: Path) -> None:
    writer = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    store = Store(tmp_path)
    store.prepare()
    left = store.folder / "unfinished" / f"{platform.node()}-{writer.pid}-{'0' * 32}"
    left.mkdir()
    store.prepare()
    assert left.exists()
    writer.kill()
    os.waitid(os.P_PID, writer.pid, os.WEXITED | os.WNOWAIT)  # ended, and not reaped
    store.prepare()
    assert not left.exists()
    writer.communicate()


# --- a disk that several machines share ----------------------------------------------------------


@pytest.fixture
def shared(store: Store) -> Store:
    return Store(store.folder, patience=0.6)


def test_an_artifact_that_appears_late_is_waited_for(store, shared):
    timer = threading.Timer(0.3, store.put, [KEY, ARRAYS, INFO])
    timer.start()
    assert not shared.has(KEY)
    assert shared.get(KEY).info == store.get(KEY).info
    timer.join()


def test_patience_ends(shared):
    started = time.monotonic()
    with pytest.raises(StoreError, match=r"gone from .* run again"):
        shared.get(KEY)
    assert time.monotonic() - started >= 0.6


def test_a_plan_looks_at_whether_it_is_there_and_a_reader_at_what_it_holds(store, shared):
    store.put(KEY, ARRAYS, INFO)
    file = next(shared.path(KEY).glob("*.npy"))
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    assert shared.has(KEY)
    with pytest.raises(StoreError, match="was damaged; run again"):
        shared.get(KEY)
    # Set aside, and not deleted: the key is free, and somebody may still be reading.
    assert not shared.has(KEY)
    assert len(unfinished(store)) == 1


def test_a_stale_handle_is_tried_again(store, shared, monkeypatch):
    store.put(KEY, ARRAYS, INFO)
    real, failures = Path.open, [errno.ESTALE, errno.ESTALE]

    def stale(path, *arguments, **options):
        if path.name == "artifact.json" and failures:
            raise OSError(failures.pop(), "Stale file handle", str(path))
        return real(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", stale)
    assert shared.get(KEY).info == INFO
    assert not failures


def test_a_rename_that_fails_after_it_succeeded_is_looked_at(store, monkeypatch):
    real = Path.rename

    def rename(path, target):
        real(path, target)
        raise OSError(errno.EIO, "Input/output error", str(path))

    monkeypatch.setattr(Path, "rename", rename)
    store.put(KEY, ARRAYS, INFO)
    monkeypatch.undo()
    assert_holds(store)
