"""Content-addressed artifacts on disk.

An artifact is a folder named by its key, holding arrays as `.npy` and an `artifact.json` with the
key and their checksums. It is written under a temporary name and renamed, so that a reader never
sees half of one; one that is damaged, or lies under another's key, is found by its checksum and
made again. One that merely cannot be read just now is left as it is. Nothing is pickled.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import platform
import shutil
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from merbench import digests
from merbench.errors import StoreError
from merbench.home import home as home
from merbench.steps.array_files import file_checksum, save_array

if TYPE_CHECKING:
    from numpy.typing import NDArray


_INDEX = "artifact.json"
_HOST = platform.node()

_State = tuple[tuple[str, int, int, int, int], ...]


class _Verified(NamedTuple):
    """An artifact that was found sound."""

    state: _State
    """Of its files before they were read."""
    settled: bool
    """Whether whatever is written after they were read shows in their state."""
    stated: dict[str, Any] | None
    """What it states, as long as not too many are remembered."""


_REMEMBERED = 10_000
"""Artifacts whose index is kept in memory, some kilobytes each."""


@dataclass(frozen=True)
class Artifact:
    """What a task left: arrays by name, and what is known of how they were made."""

    arrays: Mapping[str, NDArray[Any]]
    info: Mapping[str, Any]


class Store:
    """Artifacts under one folder.

    Any number of processes may use one store at once: writers of one key write the same bytes, and
    the first to finish wins.

    Parameters
    ----------
    folder
        Where the artifacts lie.
    patience
        Seconds that an artifact which another machine wrote is waited for: a disk that several
        share shows files late. With any patience `has` looks only at whether an artifact is
        there; what it holds is verified when it is read.
    """

    def __init__(self, folder: Path, patience: float = 0.0) -> None:
        self.folder, self._patience = folder, patience
        self._verified: dict[str, _Verified] = {}

    def prepare(self) -> None:
        """Make the folder and see that it can be written; clear what killed writers left.

        Raises
        ------
        StoreError
            The folder cannot be written.
        """
        try:
            self._scratch.mkdir(parents=True, exist_ok=True)
            probe = self._scratch / _temporary_name()
            probe.write_bytes(b"merbench")
            probe.unlink()
        except OSError as error:
            raise explained_failure(error, self.folder) from error
        for left in self._scratch.iterdir():
            host, _, owner = left.name.rpartition("-")[0].rpartition("-")
            if host == _HOST and owner.isdigit() and not _alive(int(owner)):
                _remove(left)

    def path(self, key: str) -> Path:
        """Return the folder of an artifact, whether or not it exists."""
        return self.folder / key[:2] / key

    def has(self, key: str) -> bool:
        """Tell whether a whole artifact is there; a damaged one is set aside.

        Raises
        ------
        StoreError
            It is there and cannot be read.
        """
        if not os.path.isdir(f"{self.folder}/{key[:2]}/{key}"):  # noqa: PTH112 - asked of each fold
            return False
        if self._patience:
            return (self.path(key) / _INDEX).is_file()
        try:
            self._index(key)
        except FileNotFoundError:
            return False
        return True

    def get(self, key: str, *, mapped: bool = False) -> Artifact:
        """Read an artifact; its contents are checked once a process, and again where they changed.

        Parameters
        ----------
        key
            From `artifact_key`.
        mapped
            Leave the arrays on disk and map them into memory, read only.

        Raises
        ------
        StoreError
            It is not there, was damaged, or cannot be read.
        """
        import numpy as np

        try:
            index = self._index(key, mapped=mapped)
        except FileNotFoundError:
            raise StoreError(
                f"the artifact {key[:12]} is gone from {self.folder}, or was damaged; run again"
            ) from None
        folder = self.path(key)
        mode: Literal["r"] | None = "r" if mapped else None
        try:
            arrays = {
                name: np.load(folder / f"{name}.npy", mmap_mode=mode, allow_pickle=False)
                for name in index["arrays"]
            }
        except OSError as error:
            raise _unreadable(error, folder) from error
        return Artifact(arrays, index["info"])

    def info(self, key: str) -> dict[str, Any]:
        """Read what is known of an artifact without its arrays; empty where it is not there."""
        try:
            index = json.loads((self.path(key) / _INDEX).read_text())
        except (OSError, ValueError):
            return {}
        return dict(index.get("info", {}), bytes=index.get("bytes", 0))

    def put(self, key: str, arrays: Mapping[str, NDArray[Any]], info: Mapping[str, Any]) -> None:
        """Write an artifact whole, or not at all.

        Raises
        ------
        StoreError
            The disk is full or cannot be written.
        """
        with self.writing(key, info) as folder:
            for name, array in arrays.items():
                save_array(folder / f"{name}.npy", array)

    @contextmanager
    def writing(self, key: str, info: Mapping[str, Any]) -> Iterator[Path]:
        """Hand out a folder to write `.npy` files into; it becomes the artifact at the end.

        For arrays too large to hold in memory; `put` serves for the rest.
        """
        temporary = self._scratch / _temporary_name()
        try:
            temporary.mkdir(parents=True)
            yield temporary
            files = sorted(temporary.glob("*.npy"))
            index = {
                "key": key,
                "arrays": {file.stem: file_checksum(file) for file in files},
                "bytes": sum(file.stat().st_size for file in files),
                "info": dict(info),
            }
            index = json.loads(json.dumps(index))  # as whoever checks it will see it
            document = {"checksum": _index_checksum(index), **index}
            (temporary / _INDEX).write_text(json.dumps(document))
            target = self.path(key)
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                temporary.rename(target)
            except OSError as error:
                # A network's disk may report a failure of what it has done.
                done = not temporary.exists() and (target / _INDEX).is_file()
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST) and not done:
                    raise
        except OSError as error:
            raise explained_failure(error, self.folder) from error
        finally:
            shutil.rmtree(temporary, ignore_errors=True)

    def discard(self, key: str) -> None:
        """Take an artifact out of the store; whoever has it open can read on.

        Raises
        ------
        StoreError
            The store cannot be written.
        """
        grave = self._scratch / _temporary_name()
        try:
            self._scratch.mkdir(parents=True, exist_ok=True)
            self.path(key).rename(grave)
        except FileNotFoundError:
            return
        except OSError as error:
            raise explained_failure(error, self.folder) from error
        self._verified.pop(key, None)
        shutil.rmtree(grave, ignore_errors=True)

    @property
    def _scratch(self) -> Path:
        return self.folder / "unfinished"

    def _index(self, key: str, *, mapped: bool = False) -> dict[str, Any]:
        """Return an artifact's index as `_verify` does, which reads every byte, once.

        What was written just before it was read might be written again within the same tick of the
        disk's clock: it is read anew, but for tables too large for that.
        """
        state = _state(self.path(key))
        known = self._verified.get(key)
        if known and state and known.state == state and (known.settled or mapped):
            return _stated(self.path(key)) if known.stated is None else known.stated
        settled = all(digests.settled(modified, changed) for _, _, modified, changed, _ in state)
        index = self._verify(key)
        kept = index if len(self._verified) < _REMEMBERED else None
        self._verified[key] = _Verified(state, settled, kept)
        return index

    def _verify(self, key: str) -> dict[str, Any]:
        """Return an artifact's index after checking every file against it."""
        folder, deadline = self.path(key), time.monotonic() + self._patience
        while True:
            late: Exception | None = None
            try:
                index = _sound_index(folder, key)
            except FileNotFoundError as error:
                index, late = None, error
            except OSError as error:
                if error.errno != errno.ESTALE or time.monotonic() >= deadline:
                    raise _unreadable(error, folder) from error
                index = None
            if index is not None:
                return index
            if time.monotonic() >= deadline:
                break
            _look_again(folder)
        if late is None or folder.is_dir():
            self._set_aside(folder)
        raise FileNotFoundError(key)

    def _set_aside(self, folder: Path) -> None:
        """Take a damaged artifact out of the way of the one that is made anew.

        It is renamed, for another process may be writing the same key now. Where several machines
        share the disk it is not deleted either, until `prepare` of a later run: another may just
        be reading what to this one looks damaged.
        """
        grave = self._scratch / _temporary_name()
        try:
            self._scratch.mkdir(parents=True, exist_ok=True)
            folder.rename(grave)
        except OSError as error:
            # Where nothing can be written it stays, and counts as missing all the same.
            if error.errno not in (errno.ENOENT, errno.EROFS, errno.EACCES, errno.EPERM):
                raise explained_failure(error, self.folder) from error
        if not self._patience:
            shutil.rmtree(grave, ignore_errors=True)


_LOOK_SECONDS = 0.2


def _look_again(folder: Path) -> None:
    """Wait a little, and have a network's disk list anew what lies around an artifact."""
    time.sleep(_LOOK_SECONDS)
    for around in (folder.parent, folder):
        with suppress(OSError):
            os.listdir(around)  # noqa: PTH208 - asks the disk without a path for each name


def _stated(folder: Path) -> dict[str, Any]:
    """Read the index of an artifact that was found sound."""
    try:
        index: dict[str, Any] = json.loads((folder / _INDEX).read_bytes())
    except OSError as error:
        raise _unreadable(error, folder) from error
    return index


def _sound_index(folder: Path, key: str) -> dict[str, Any] | None:
    """Read an artifact's index; None where it is another's, or anything differs from it."""
    with (folder / _INDEX).open("rb") as handle:
        text = handle.read()
    try:
        index: dict[str, Any] = json.loads(text)
        checksum, stated = index.pop("checksum"), index["key"]
        arrays = dict(index["arrays"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    if checksum != _index_checksum(index) or stated != key:
        return None
    sound = all(file_checksum(folder / f"{name}.npy") == digest for name, digest in arrays.items())
    return index if sound else None


def _state(folder: Path) -> _State:
    """Return what changes when a file of an artifact does; nothing where that cannot be seen."""
    try:
        with os.scandir(folder) as entries:
            found = ((entry.name, entry.stat()) for entry in entries)
            return tuple(
                sorted((n, s.st_size, s.st_mtime_ns, s.st_ctime_ns, s.st_ino) for n, s in found)
            )
    except OSError:
        return ()


def _temporary_name() -> str:
    """Name that tells which process of which machine writes it."""
    return f"{_HOST}-{os.getpid()}-{uuid.uuid4().hex}"


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _index_checksum(index: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(index, sort_keys=True).encode()).hexdigest()


def _alive(process: int) -> bool:
    """Tell whether a process still runs; a killed one may wait to be reaped for a while."""
    import psutil

    try:
        return bool(psutil.Process(process).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
    except psutil.Error:
        return True


def _unreadable(error: OSError, folder: Path) -> StoreError:
    return StoreError(
        f"{error.filename or folder} in the store cannot be read ({error.strerror or error}); "
        "nothing was deleted: make it readable and run again"
    )


def explained_failure(error: OSError, folder: Path) -> StoreError:
    """Return the error that says why the store cannot be written, and what to do about it."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StoreError(
            f"the disk of the store {folder} is full; free space, or set MERBENCH_HOME to a folder "
            "on another disk, and run again: finished work is kept"
        )
    return StoreError(
        f"the store {folder} cannot be written ({error.strerror or error}); make it writable or "
        "set MERBENCH_HOME to a folder that is"
    )
