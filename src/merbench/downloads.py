"""Downloads: whole, checked and atomic; one that was broken off goes on where it was."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from merbench.digests import file_digest
from merbench.errors import MerbenchError

__all__ = ["Progress", "download", "forbidden", "matches"]

Progress = Callable[[str, float], None]
"""Told the name of a file and the share of it that is there, on [0, 1]."""

OFFLINE = "MERBENCH_OFFLINE"
"""Environment variable that forbids downloads, unless it is empty or 0."""

_TIMEOUT = 30.0
_BLOCK = 2**20


def forbidden() -> bool:
    """Tell whether `MERBENCH_OFFLINE` forbids downloads."""
    return os.environ.get(OFFLINE, "0") not in ("", "0")


def matches(path: Path, checksum: str) -> bool:
    """Tell whether a file is there and has a checksum.

    Parameters
    ----------
    path
        The file.
    checksum
        `algorithm:hexadecimal digits`, the digits of SHA-256 possibly only the first: some
        publishers give no more.
    """
    import pooch

    if not path.is_file():
        return False
    algorithm, _, digits = checksum.rpartition(":")
    if algorithm in ("", "sha256"):
        return file_digest(path).startswith(digits.lower())
    return bool(pooch.file_hash(str(path), algorithm) == digits.lower())


def download(url: str, checksum: str | None, target: Path, progress: Progress) -> Path:
    """Download a file and check it; one that is there already, and right, stays.

    What has arrived is kept beside the target as `NAME.part` until all of it is there, and the next
    call asks the server only for the rest. The target itself is there whole or not at all.

    Parameters
    ----------
    url
        Where the file comes from.
    checksum
        What `matches` compares with; None where the address itself pins the content.
    target
        Where the file goes.
    progress
        Told the file's name and the share that is done.

    Raises
    ------
    MerbenchError
        Downloads are forbidden, or it fails, or the checksum is another.
    """
    from http.client import HTTPException

    import pooch

    if target.is_file() and (checksum is None or matches(target, checksum)):
        progress(target.name, 1.0)
        return target
    if forbidden():
        raise MerbenchError(
            f"{target.name} would be downloaded from {url}, which {OFFLINE} forbids; unset it, or "
            f"put the file at {target}"
        )
    progress(target.name, 0.0)
    # Pooch checks no checksum of which only the first digits are known, and tells of its work on
    # standard error.
    pooch.get_logger().setLevel("WARNING")
    downloader = _Resumed(target, checksum, progress)
    try:
        target.unlink(missing_ok=True)
        pooch.retrieve(url, None, fname=target.name, path=target.parent, downloader=downloader)
    except (OSError, ValueError, HTTPException) as error:
        why = str(getattr(error, "reason", None) or error)
        raise MerbenchError(
            f"{url} cannot be downloaded ({why}); try again: what has arrived is kept"
        ) from error
    progress(target.name, 1.0)
    return target


class _Resumed:
    """What pooch downloads with: it has no way of its own to go on with half a file."""

    def __init__(self, target: Path, checksum: str | None, progress: Progress) -> None:
        self._name, self._checksum, self._progress = target.name, checksum, progress
        self._part = target.with_name(f"{target.name}.part")

    def __call__(self, url: str, output: str, pooch: object, check_only: bool = False) -> None:
        """Fetch what an address sends to the file that pooch renames to the target."""
        import fcntl

        with self._part.open("ab") as part:
            try:
                fcntl.flock(part, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise ValueError("another process is downloading it") from error
            if self._checksum is None:
                part.truncate(0)  # nothing would tell whether what is there is of the same file
            self._append(url, part)
            if self._checksum and not matches(self._part, self._checksum):
                self._part.unlink()
                raise MerbenchError(
                    f"{url} sent another file than the known one: its checksum is not "
                    f"{self._checksum}; it was not kept, get it from elsewhere"
                )
            self._part.replace(output)

    def _append(self, url: str, part: BinaryIO) -> None:
        """Ask for what is missing, and add it to what is there."""
        from urllib.error import HTTPError
        from urllib.request import Request, urlopen

        have = part.seek(0, os.SEEK_END)
        request = Request(url, headers={"Range": f"bytes={have}-"} if have else {})
        try:
            response = urlopen(request, timeout=_TIMEOUT)
        except HTTPError as error:
            if error.code != 416:
                raise
            return  # nothing lies beyond what is there: the checksum tells whether that is right
        with response:
            if response.status != 206:
                part.truncate(0)  # the server sends all of it again
                have = 0
            length = response.headers.get("Content-Length")
            size = have + int(length) if length else 0
            while block := response.read(_BLOCK):
                part.write(block)
                have += len(block)
                if size:
                    self._progress(self._name, have / size)
        part.flush()
        if have < size:
            raise ValueError(f"the connection broke after {have:,} of {size:,} bytes")
