"""Taking a submission back from a leaderboard."""

from __future__ import annotations

import shutil
from pathlib import Path

from merbench.errors import MerbenchError
from merbench.leaderboard import published_folder
from merbench.naming import nearest
from merbench.publishing.publish import PublishedRun, change
from merbench.runs import record

__all__ = ["unpublish"]

_LEAST = 8
"""Letters of a run's id that name it."""


def unpublish(name: str, folder: Path) -> PublishedRun:
    """Take a submission out of a leaderboard, and rebuild what follows: all of it or nothing.

    Parameters
    ----------
    name
        The submission's folder in `submissions/`, or the run's id or its beginning.
    folder
        The leaderboard's.

    Raises
    ------
    MerbenchError
        There is no such submission, or it is the only one; the leaderboard does not verify; or it
        cannot be written.
    """
    published_folder.check_folder(folder)
    chosen = _named(name, folder)
    if len(published_folder.submission_folders(folder)) == 1:
        raise MerbenchError(
            f"{chosen.name} is the only submission of {folder}; delete the folder to take the "
            "whole leaderboard back"
        )
    return change(
        folder,
        lambda copy: shutil.rmtree(copy / published_folder.SUBMISSIONS / chosen.name),
        f"without {chosen.name}",
    )


def _named(name: str, folder: Path) -> Path:
    """Return the submission that is meant."""
    known = published_folder.submission_folders(folder)
    asked = Path(name).name
    found = [path for path in known if path.name == asked]
    if not found and len(name) >= _LEAST:
        runs = {path: str(record.read_record(path).manifest["run"]) for path in known}
        found = [path for path, run in runs.items() if run.startswith(name)]
    if len(found) != 1:
        if found:
            several = ", ".join(path.name for path in found)
            raise MerbenchError(f"{folder} has more than one submission {name!r}: {several}")
        names = [path.name for path in known]
        raise MerbenchError(f"{folder} has no submission {name!r}{nearest(name, names)}")
    return found[0]
