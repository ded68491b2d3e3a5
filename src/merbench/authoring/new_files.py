"""Files written where none are: nothing of a user's is ever overwritten."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from merbench.errors import MerbenchError


def write_new(files: Mapping[Path, str]) -> None:
    """Write files, all of them or none.

    Raises
    ------
    MerbenchError
        One is there already, or a folder cannot be written to.
    """
    for path in files:
        if os.path.lexists(path):
            raise MerbenchError(
                f"{path} is there already, and nothing is overwritten; choose another name or "
                "folder, or move it away"
            )
    for path, text in files.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8") as handle:
                handle.write(text)
        except OSError as error:
            raise MerbenchError(
                f"{path} cannot be written ({error.strerror or error}); choose another folder"
            ) from error
