"""Names that came from elsewhere: one grammar for them, and paths that cannot leave their folder.

A leaderboard takes files from people whom nobody knows. What their manifests and tables call runs,
cells and benchmarks becomes names of folders, files and links, so all of it is held against this
grammar before anything else is done with it; and whatever is written goes through `inside`.
"""

from __future__ import annotations

import re
from pathlib import Path

from merbench.errors import MerbenchError

__all__ = ["LINE", "NAME", "PATTERN", "inside", "is_hash", "is_line", "is_name"]

PATTERN = r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}"
"""What a benchmark, a run, a cell or a table may be called: no separator of folders, no leading dot
or hyphen, and short enough for a file's name on any disk."""

NAME = "a letter or a digit, then letters, digits, '.', '_' and '-', a hundred at most"
LINE = "one line of text, two thousand characters at most"

_LINE_LENGTH = 2000
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")


def is_name(value: object) -> bool:
    """Tell whether a value is a name: of a benchmark, a run, a cell or a table."""
    return isinstance(value, str) and re.fullmatch(PATTERN, value) is not None


def is_hash(value: object) -> bool:
    """Tell whether a value is a SHA-256 in hexadecimal."""
    return isinstance(value, str) and re.fullmatch(r"[0-9a-f]{64}", value) is not None


def is_line(value: object) -> bool:
    """Tell whether a value is one line of text, as titles and ids of clips are."""
    return isinstance(value, str) and len(value) <= _LINE_LENGTH and value.isprintable()


def inside(folder: Path, name: str) -> Path:
    """Return the path of a file to be written inside a folder, or refuse.

    Parameters
    ----------
    folder
        Where it is to be.
    name
        Its name, with the names of folders inside before it: `systems/0f0a2f7d.html`.

    Raises
    ------
    MerbenchError
        A part of the name is none, or the path leads out of the folder by a symbolic link.
    """
    for part in name.split("/"):
        if not _FILE.fullmatch(part):
            raise MerbenchError(
                f"{name!r} cannot be the name of a file in {folder}: {part!r} is not {NAME}; "
                "what it is named after came from elsewhere, see where from"
            )
    path = folder / name
    for link in (path, *path.parents):
        if link == folder:
            break
        if link.is_symlink():
            raise MerbenchError(
                f"{link} is a symbolic link, and what is written there would land elsewhere; "
                "remove the link"
            )
    return path
