"""Merging one leaderboard into another: whole or not at all."""

from __future__ import annotations

import shutil
from pathlib import Path

from merbench.errors import MerbenchError
from merbench.leaderboard import published_folder
from merbench.publishing.publish import PublishedRun, add_submission, change
from merbench.runs import record
from merbench.verification.board_check import Verdict, verify_submission

__all__ = ["merge"]


def merge(folder: Path, other: Path) -> PublishedRun:
    """Add to a leaderboard what another one has: all of it or nothing.

    Its submissions, each verified, and the numbers that papers print. What both have stays once.
    Tables and pages of the other are not looked at, for they follow from its submissions.

    Parameters
    ----------
    folder
        The leaderboard that grows; made where there is none.
    other
        The one whose submissions are added; it stays as it is.

    Raises
    ------
    MerbenchError
        A submission of the other does not verify; both have a submission of one name and two
        runs, or a file of reported numbers of one name and two contents; or the folder cannot be
        written.
    """
    published_folder.check_folder(other)
    verdict = Verdict()
    for path in published_folder.submission_folders(other):
        verify_submission(path, {}, verdict)
    if verdict.differences:
        more = f" and {len(verdict.differences) - 1} more" if len(verdict.differences) > 1 else ""
        raise MerbenchError(
            f"{other} does not verify ({verdict.differences[0]}{more}); nothing was changed: see "
            f"`merbench leaderboard verify {other}`"
        )
    return change(folder, lambda copy: _take(other, copy), f"with what {other} has")


def _take(other: Path, copy: Path) -> None:
    for path in published_folder.submission_folders(other):
        add_submission(record.read_record(path), copy)
    for path in published_folder.reported_files(other):
        target = copy / published_folder.REPORTED / path.name
        if target.is_file() and target.read_bytes() != path.read_bytes():
            raise MerbenchError(
                f"{target.name} in {published_folder.REPORTED}/ differs between the two; nothing "
                "was changed: make both equal, or rename one"
            )
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
