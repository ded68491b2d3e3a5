"""Archives that are read where they lie: unpacked once, into the cache."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from merbench.digests import file_digest
from merbench.errors import text_of
from merbench.home import home
from merbench_plugins.datasets.label_table import LabelError

__all__ = ["unpacked", "unpacked_to"]

_MOST_FILES = 1_000_000
_MOST_TIMES, _ALWAYS = 100, 2**30
"""An archive of recordings hardly shrinks and one of tables twentyfold: beyond a hundredfold, and a
gibibyte, it is made to fill a disk."""


def unpacked_to(archive: Path, folder: Path) -> None:
    """Unpack a zip or tar archive into a folder, once it says that there is room for it.

    Raises
    ------
    LabelError
        The archive is damaged, or unpacks to too much.
    """
    import tarfile
    import zipfile

    try:
        if archive.suffix == ".tar":
            with tarfile.open(archive) as tar:
                _refuse_bomb(archive, [member.size for member in tar], folder)
                tar.extractall(folder, filter="data")
        else:
            with zipfile.ZipFile(archive) as content:
                _refuse_bomb(archive, [entry.file_size for entry in content.infolist()], folder)
                content.extractall(folder)
    except OSError as error:
        if error.errno is not None:  # the disk's fault
            raise
        raise _damaged(archive, error) from error
    except LabelError:
        raise
    # There is no telling what damaged bytes bring about: each compression has errors of its own.
    except Exception as error:
        raise _damaged(archive, error) from error


def _damaged(archive: Path, error: Exception) -> LabelError:
    return LabelError(archive, f"it cannot be unpacked ({text_of(error)}); fetch it anew")


def _refuse_bomb(archive: Path, sizes: Sequence[int], folder: Path) -> None:
    packed, total = archive.stat().st_size, sum(sizes)
    if min(sizes, default=0) < 0:
        raise LabelError(archive, "it holds a file of a negative size; fetch it anew")
    if len(sizes) > _MOST_FILES or total > max(_ALWAYS, _MOST_TIMES * packed):
        raise LabelError(
            archive,
            f"it has {packed:,} bytes and unpacks to {total:,} in {len(sizes):,} files, which no "
            "archive of music does; it was not unpacked",
        )
    there = next(place for place in (folder, *folder.parents) if place.exists())
    free = shutil.disk_usage(there).free
    if total > free:
        raise LabelError(
            archive, f"it unpacks to {total:,} bytes, and {there} has room for {free:,}; make room"
        )


def unpacked(archive: Path) -> Path:
    """Return a folder with the files of a zip archive, by name and content of the archive.

    Raises
    ------
    LabelError
        The archive is damaged, or the cache cannot be written.
    """
    folder = home() / "data" / f"{archive.stem}-{file_digest(archive)[:12]}"
    if folder.is_dir():
        return folder
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}")
    try:
        unpacked_to(archive, temporary)
        temporary.replace(folder)
    except OSError as error:
        if not folder.is_dir():  # or else another process was quicker
            raise LabelError(
                archive, f"it cannot be unpacked to {folder.parent} ({error.strerror})"
            ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder
