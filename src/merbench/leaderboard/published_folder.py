"""The folder of a published leaderboard: submissions, and all that follows from them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from merbench.errors import MerbenchError
from merbench.leaderboard import files
from merbench.leaderboard.reported import read_reported

if TYPE_CHECKING:
    import pandas as pd

    from merbench.leaderboard.files import Files
    from merbench.runs.record import RunRecord


SUBMISSIONS, REPORTED = "submissions", "reported"
README = "README.md"


def submission_folders(folder: Path) -> list[Path]:
    """Return the folders of a leaderboard's submissions."""
    inside = folder / SUBMISSIONS
    return sorted(path for path in inside.iterdir() if path.is_dir()) if inside.is_dir() else []


def reported_files(folder: Path) -> list[Path]:
    """Return the files of numbers that papers print."""
    return sorted((folder / REPORTED).glob("*.csv"))


def reported_numbers(folder: Path) -> pd.DataFrame | None:
    """Return the numbers that papers print, where there are some."""
    found = reported_files(folder)
    return read_reported(found) if found else None


def compose_published(folder: Path, runs: list[RunRecord]) -> Files:
    """Derive what must stand in a leaderboard's folder from its submissions."""
    return files.compose_board(runs, reported_numbers(folder))


def check_folder(folder: Path) -> None:
    """Raise unless a folder is a leaderboard's.

    Raises
    ------
    MerbenchError
        The folder is missing, or holds no submission.
    """
    if not folder.is_dir():
        raise MerbenchError(
            f"there is no leaderboard at {folder}; name its folder, or publish a run to make one"
        )
    if not submission_folders(folder):
        raise MerbenchError(f"{folder} is no leaderboard: it has no submission")
