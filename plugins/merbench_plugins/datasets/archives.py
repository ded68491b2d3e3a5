"""Archives that are read where they lie: unpacked once, into the cache."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from merbench.digests import file_digest
from merbench.errors import text_of
from merbench.home import home
from merbench_plugins.datasets.label_table import LabelError

__all__ = ["unpacked", "unpacked_to"]


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
        raise LabelError(
            archive, f"it cannot be unpacked ({text_of(error)}); fetch it anew"
        ) from error


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
