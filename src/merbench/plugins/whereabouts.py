"""Where in somebody's plugin something was raised: the file and line that its author corrects."""

from __future__ import annotations

import traceback
from pathlib import Path

from merbench.plugins.importing import PREFIX

_foreign: set[str] = set()
"""Packages and modules of installed plugins that do not come with merbench."""


def note_foreign(module: str) -> None:
    """Note that a module or package is of a plugin that does not come with merbench."""
    _foreign.add(module)


def is_foreign(module: str) -> bool:
    """Tell whether a module is of a plugin that does not come with merbench."""
    top = module.partition(".")[0]
    return top.startswith(PREFIX) or top in _foreign


def place(error: BaseException, package: str = "", *, short: bool = False) -> str:
    """Say in which line of a plugin something was raised: ` at FILE:LINE`, or nothing.

    Parameters
    ----------
    error
        What was raised.
    package
        A package that counts as a plugin's, though it was never loaded as one.
    short
        Whether the file is named from the plugin's own folder on: what goes into a run's record
        names no folder of this machine.
    """
    found = ""
    for frame, line in traceback.walk_tb(error.__traceback__):
        module = str(frame.f_globals.get("__name__", ""))
        if is_foreign(module) or (package and module.partition(".")[0] == package):
            path = Path(frame.f_code.co_filename)
            depth = module.count(".") + (2 if path.name == "__init__.py" else 1)
            file = "/".join(path.parts[-depth:]) if short else str(path)
            found = f" at {file}:{line}"
    return found
