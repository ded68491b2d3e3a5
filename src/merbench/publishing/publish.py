"""Changing a leaderboard's folder, as by adding a run to it: all of it or nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from merbench.errors import MerbenchError
from merbench.leaderboard import published_folder, submission
from merbench.leaderboard.building import Board, build_board
from merbench.publishing import rebuild
from merbench.publishing.folder_swap import (
    alone,
    clear_half_swaps,
    copied,
    folder_state,
    leaderboard_place,
    swap_in,
)
from merbench.publishing.moves import Move, failed_results, moves, repeated_results
from merbench.received_names import inside
from merbench.runs import record
from merbench.runs.manifest import uncommitted
from merbench.verification import run_check
from merbench.verification.board_check import Verdict, verify_board, verify_submission

if TYPE_CHECKING:
    from merbench.runs.record import RunRecord


@dataclass(frozen=True)
class PublishedRun:
    """What a change of a leaderboard did.

    Parameters
    ----------
    submission
        The folder of the submission that was added; None where something else was done.
    board
        The leaderboard as it is now.
    moves
        Places that changed, new rows' and those of rows that are gone among them.
    unverified
        What nobody can verify without labels that may not be republished, a sentence each.
    again
        Results of systems that were there already and were run again, a phrase each.
    failed
        New rows without a result, with the reason, a phrase each.
    changed
        Whether anything is other than it was.
    uncommitted
        One sentence where the run was made by a checkout of merbench with changes that no commit
        has.
    """

    submission: Path | None
    board: Board
    moves: tuple[Move, ...]
    unverified: tuple[str, ...]
    again: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    changed: bool = False
    uncommitted: str = ""


def publish(run: Path, folder: Path, *, submitter: str = "") -> PublishedRun:
    """Add a run to a leaderboard as a submission, and rebuild what follows.

    A run that is there already is written anew where its submission would differ, as by another
    submitter's name, and left alone where it would not.

    Parameters
    ----------
    run
        Folder that `merbench run` wrote, or a submission from another leaderboard.
    folder
        The leaderboard's; made where there is none.
    submitter
        Who is to be named as the one who submits it; nobody by default.

    Raises
    ------
    MerbenchError
        The run does not follow from its predictions, or another one has its name in the
        leaderboard; the leaderboard itself is not what follows from its submissions; or there is
        no room.
    """
    taken = _sound(run)
    submitted = taken if submission.is_submission(taken) else submission.of_run(taken)
    name = submission.name_of(submitted.manifest)
    done = change(
        folder,
        lambda copy: add_submission(submitted, copy, submitter),
        f"with the run {run}",
    )
    unverified = tuple(
        line
        for line in done.unverified
        if line.startswith(f"{published_folder.SUBMISSIONS}/{name}: ")
    )
    return replace(
        done,
        submission=folder / published_folder.SUBMISSIONS / name,
        unverified=unverified,
        uncommitted=uncommitted(taken.manifest),
    )


def add_submission(submitted: RunRecord, folder: Path, submitter: str = "") -> None:
    """Write a submission to its place in a leaderboard, which may hold the same run's already.

    Raises
    ------
    MerbenchError
        The place holds another run's.
    """
    path = inside(folder / published_folder.SUBMISSIONS, submission.name_of(submitted.manifest))
    earlier = record.read_record(path) if path.is_dir() else None
    if earlier is not None and earlier.manifest["run"] != submitted.manifest["run"]:
        raise MerbenchError(
            f"{path.name} is another run's submission, whose id begins with the same eight digits; "
            "nothing was changed: run again, which gives a new id"
        )
    submission.write_submission(submission.signed(submitted, submitter, earlier), path)


def change(folder: Path, edit: Callable[[Path], None], when: str) -> PublishedRun:
    """Change a leaderboard's submissions, and rebuild what follows: all of it or nothing.

    Everything is done in a copy beside the folder, which takes the folder's place when all checks
    have passed; whatever stops it before, the folder stays as it was.

    Parameters
    ----------
    folder
        The leaderboard's; made where there is none.
    edit
        Given the copy's folder: changes its submissions, or what else is no one's result.
    when
        In what case the leaderboard would not verify, for the error.

    Raises
    ------
    MerbenchError
        The leaderboard is not what follows from its submissions, before or afterwards; or there is
        no room.
    """
    folder = leaderboard_place(folder)
    with alone(folder):
        clear_half_swaps(folder)
        before = folder_state(folder)
        old = _present(folder)
        try:
            with copied(folder) as copy:
                sources = _digests(copy)
                edit(copy)
                if _digests(copy) == sources:
                    return PublishedRun(None, old, (), ())
                new = rebuild.rebuild(copy).board
                verdict = verify_board(copy, pages=False)  # they were just written
                if verdict.differences:
                    raise MerbenchError(
                        f"{when} the leaderboard would not verify "
                        f"({verdict.differences[0]}); nothing was changed"
                    )
                moved = tuple(moves(old, new))
                swap_in(copy, folder, before)
        except OSError as error:
            raise MerbenchError(
                f"{folder} cannot be written ({error.strerror or error}); nothing was changed: "
                "make room, and try again"
            ) from error
    return PublishedRun(
        None,
        new,
        moved,
        tuple(verdict.unverified),
        repeated_results(old, new),
        failed_results(old, new),
        True,
    )


def _digests(folder: Path) -> dict[str, str]:
    """Return what a leaderboard's tables follow from: its submissions and reported numbers."""
    return {
        str(path.relative_to(folder)): submission.file_hash(path)
        for name in (published_folder.SUBMISSIONS, published_folder.REPORTED)
        for path in sorted((folder / name).rglob("*"))
        if path.is_file()
    }


def _sound(run: Path) -> RunRecord:
    """Read a run or a submission that is to be published, and see that it is one."""
    known = record.read_record(run)
    if submission.is_submission(known):
        verdict = Verdict()
        verify_submission(run, {}, verdict, called=submission.name_of(known.manifest))
        differences = verdict.differences
    else:
        differences = run_check.verify_run(run)
    if differences:
        more = f" and {len(differences) - 1} more" if len(differences) > 1 else ""
        raise MerbenchError(
            f"the run {run} does not verify ({differences[0]}{more}); see `merbench verify {run}`"
        )
    return known


def _present(folder: Path) -> Board:
    """Return what a leaderboard holds, which must verify as it is."""
    if not folder.is_dir() or not published_folder.submission_folders(folder):
        return build_board([])
    verdict = verify_board(folder, pages=False)
    if verdict.differences or verdict.files is None:
        raise MerbenchError(
            f"{folder} does not verify as it is ({verdict.differences[0]}); nothing was changed: "
            f"see `merbench leaderboard verify {folder}`"
        )
    return verdict.files.board
