"""A folder replaced by an edited copy of itself: all of it or nothing.

Whoever changes the folder works alone, in a copy beside it. The copy takes the folder's place by a
rename, and only if nobody edited the folder meanwhile.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

from merbench.errors import MerbenchError
from merbench.leaderboard import published_folder
from merbench.publishing.exchange import exchanged


def leaderboard_place(folder: Path) -> Path:
    """Return where a leaderboard is or is to be: what a symbolic link points to, not the link.

    Raises
    ------
    MerbenchError
        Something else is there.
    """
    try:
        place = folder.resolve()
    except (OSError, RuntimeError) as error:
        raise MerbenchError(f"{folder} cannot be found ({error}); name another folder") from None
    if place.exists() and not place.is_dir():
        raise MerbenchError(f"{folder} is a file, and a leaderboard is a folder; name another")
    if place.is_dir() and not published_folder.submission_folders(place):
        known = (published_folder.SUBMISSIONS, published_folder.REPORTED, published_folder.README)
        strange = sorted(path.name for path in place.iterdir() if path.name not in known)
        if strange:
            raise MerbenchError(
                f"{folder} holds {strange[0]} and no leaderboard; name a leaderboard's folder, or "
                "one that is not there yet"
            )
    return place


def folder_state(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Return what changes when somebody edits a folder: of each file size, time and inode."""
    found = {}
    for place, folders, names in os.walk(folder):
        for name in (*folders, *names):
            path = os.path.join(place, name)  # noqa: PTH118 - of each file of a large board
            entry = os.lstat(path)
            of_file = (entry.st_size, entry.st_mtime_ns, entry.st_ino)
            found[os.path.relpath(path, folder)] = (0, 0, 0) if name in folders else of_file
    return found


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep others from publishing to the same leaderboard at the same time."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder.parent, os.O_RDONLY)
    except OSError as error:
        raise MerbenchError(
            f"{folder.parent} cannot be written ({error.strerror or error}); name another folder"
        ) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextlib.contextmanager
def copied(folder: Path) -> Iterator[Path]:
    """Give a copy beside the folder, which is gone afterwards unless it took its place."""
    copy = folder.with_name(f"{_unfinished(folder)}{uuid.uuid4().hex[:8]}")
    try:
        if folder.is_dir():
            shutil.copytree(folder, copy, symlinks=True)
        else:
            copy.mkdir()
        yield copy
    finally:
        shutil.rmtree(copy, ignore_errors=True)


def swap_in(copy: Path, folder: Path, before: dict[str, tuple[int, int, int]]) -> None:
    """Put the copy in the folder's place, unless that is no longer what was copied.

    It is looked at again once it is out of the way, where nobody finds it by its name.
    """
    edited = MerbenchError(
        f"{folder} was edited by somebody else meanwhile; nothing was changed: look at it, and "
        "publish again"
    )
    if folder.is_dir() and exchanged(copy, folder):
        if folder_state(copy) == before:  # the copy is now what the folder was
            return
        exchanged(copy, folder)
        raise edited
    aside = _aside(folder)
    try:
        if folder.exists():
            folder.rename(aside)
            if folder_state(aside) != before:
                raise edited
        copy.rename(folder)
    except BaseException:
        clear_half_swaps(folder)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def clear_half_swaps(folder: Path) -> None:
    """Undo half a swap, should one have been killed between its renames, and clear what is left.

    Nobody else is at work, or the caller would not be `alone`.
    """
    aside = _aside(folder)
    if aside.exists() and not folder.exists():
        aside.rename(folder)
    shutil.rmtree(aside, ignore_errors=True)
    for left in folder.parent.iterdir():
        start, hexadecimal = left.name[:-8], left.name[-8:]
        if start == _unfinished(folder) and re.fullmatch(r"[0-9a-f]{8}", hexadecimal):
            shutil.rmtree(left, ignore_errors=True)


def _unfinished(folder: Path) -> str:
    """Return how the names of a folder's copies begin."""
    return f".{folder.name}.unfinished-"


def _aside(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.before")
