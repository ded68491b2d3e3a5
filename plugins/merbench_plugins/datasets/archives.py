"""Archives that are read where they lie: unpacked once, into the cache."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from merbench import MerbenchError
from merbench.digests import file_digest
from merbench.steps.store import home
from merbench_plugins.datasets.label_table import LabelError

__all__ = ["downloaded", "unpacked", "unpacked_to"]


def downloaded(
    url: str, checksum: str | None, target: Path, progress: Callable[[str, float], None]
) -> Path:
    """Download a file and check it; one that is there already, and right, stays.

    Parameters
    ----------
    url
        Where it is.
    checksum
        `algorithm:hexadecimal digits`; None where the address itself pins the content.
    target
        Where it goes.
    progress
        Told the file's name and the share that is done.

    Raises
    ------
    MerbenchError
        Downloads are forbidden, or it fails, or the checksum is another.
    """
    import pooch

    if os.environ.get("MERBENCH_OFFLINE") == "1" and not target.is_file():
        raise MerbenchError(
            f"{target.name} would be downloaded from {url}, which MERBENCH_OFFLINE=1 forbids"
        )
    progress(target.name, 0.0)
    try:
        pooch.retrieve(url, checksum, fname=target.name, path=target.parent)
    except (OSError, ValueError) as error:
        raise MerbenchError(f"{url} cannot be downloaded ({error}); try again later") from error
    progress(target.name, 1.0)
    return target


def unpacked_to(archive: Path, folder: Path) -> None:
    """Unpack a zip or tar archive into a folder.

    Raises
    ------
    LabelError
        The archive is damaged.
    """
    import tarfile
    import zipfile

    try:
        if archive.suffix == ".tar":
            with tarfile.open(archive) as tar:
                tar.extractall(folder, filter="data")
        else:
            with zipfile.ZipFile(archive) as content:
                content.extractall(folder)
    except (zipfile.BadZipFile, tarfile.TarError) as error:
        raise LabelError(archive, f"it cannot be unpacked ({error}); fetch it anew") from error


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
