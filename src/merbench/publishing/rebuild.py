"""Writing all that follows from a leaderboard's submissions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from merbench.leaderboard import files
from merbench.leaderboard.published_folder import compose_published, submission_folders
from merbench.pages import site
from merbench.runs import record

if TYPE_CHECKING:
    from merbench.leaderboard.files import Files


def rebuild(folder: Path) -> Files:
    """Write a leaderboard's tables and pages anew, from its submissions."""
    composed = compose_published(
        folder, [record.read_record(path) for path in submission_folders(folder)]
    )
    files.write_board(composed, folder)
    site.write(folder)
    return composed
