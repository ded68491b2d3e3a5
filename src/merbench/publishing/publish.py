"""Adding a run to a leaderboard's folder: all of it or nothing."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from merbench.errors import MerbenchError
from merbench.leaderboard import published_folder, submission
from merbench.leaderboard.building import Board, build
from merbench.publishing import rebuild
from merbench.runs import record
from merbench.runs.row_columns import joined, told_apart
from merbench.verification import run_check
from merbench.verification.board_check import verify

if TYPE_CHECKING:
    from merbench.runs.record import RunRecord


@dataclass(frozen=True)
class Move:
    """A system whose place changed; 0 where it had none, or has none."""

    dataset: str
    table: str
    system: str
    before: int
    after: int


@dataclass(frozen=True)
class Published:
    """What publishing did.

    Parameters
    ----------
    submission
        The new submission's folder.
    board
        The leaderboard with it.
    moves
        Places that changed, the new rows' among them.
    unverified
        What nobody can verify without labels that may not be republished, a sentence each.
    """

    submission: Path
    board: Board
    moves: tuple[Move, ...]
    unverified: tuple[str, ...]


def publish(run: Path, folder: Path) -> Published:
    """Add a run to a leaderboard as a submission, and rebuild what follows.

    Everything is done in a copy beside the folder, which takes the folder's place when all checks
    have passed; whatever stops it before, the folder stays as it was.

    Parameters
    ----------
    run
        Folder that `merbench run` wrote.
    folder
        The leaderboard's; made where there is none.

    Raises
    ------
    MerbenchError
        The run does not follow from its predictions, is in the leaderboard already, or adds
        nothing to it; the leaderboard itself is not what follows from its submissions; or there
        is no room.
    """
    taken = _sound(run)
    folder = folder.absolute()
    with _alone(folder):
        _restore(folder)
        old = _present(folder)
        identity = taken.manifest["run"]
        if any(other.manifest["run"] == identity for other in old.runs):
            raise MerbenchError(
                f"the run {run} is in {folder} already, as "
                f"{published_folder.SUBMISSIONS}/{submission.name_of(taken.manifest)}; "
                "nothing was changed"
            )
        try:
            with _copy(folder) as copy:
                path = copy / published_folder.SUBMISSIONS / submission.name_of(taken.manifest)
                submission.write(submission.of_run(taken), path)
                new = rebuild.rebuild(copy).board
                verdict = verify(copy, pages=False)  # they were just written
                if verdict.differences:
                    raise MerbenchError(
                        f"with the run {run} the leaderboard would not verify "
                        f"({verdict.differences[0]}); nothing was changed"
                    )
                if identity not in set(new.leaderboard["run"]):
                    raise MerbenchError(
                        f"the run {run} has no result that {folder} lacks; nothing was changed"
                    )
                moved = tuple(moves(old, new))
                _swap(copy, folder)
        except OSError as error:
            raise MerbenchError(
                f"{folder} cannot be written ({error.strerror or error}); nothing was changed: "
                "make room, and publish again"
            ) from error
    name = f"{published_folder.SUBMISSIONS}/{path.name}: "
    unverified = tuple(line for line in verdict.unverified if line.startswith(name))
    return Published(folder / published_folder.SUBMISSIONS / path.name, new, moved, unverified)


def moves(before: Board, after: Board) -> Iterator[Move]:
    """Yield the systems whose place changed, best place first."""
    old, new = _places(before), _places(after)
    rows = {key: row for key, (_, row) in [*new.items(), *old.items()]}
    names = dict(zip(rows, told_apart(list(rows.values())), strict=True))
    for key, row in rows.items():
        was, place = (places.get(key, (0, row))[0] for places in (old, new))
        if was != place:
            yield Move(names[key]["dataset"], row["table"], joined(names[key]), was, place)


def _places(board: Board) -> dict[tuple[str, str], tuple[int, dict[str, Any]]]:
    rows = board.leaderboard.to_dict("records")
    return {
        (row["run"], row["cell"]): (int(row["rank"]), row)
        for row in rows
        if row["rank"] == row["rank"]  # incomplete cells and people have none
    }


def _sound(run: Path) -> RunRecord:
    """Read a run that is to be published, and see that it is one."""
    differences = run_check.verify(run)
    if differences:
        more = f" and {len(differences) - 1} more" if len(differences) > 1 else ""
        raise MerbenchError(
            f"the run {run} does not verify ({differences[0]}{more}); see `merbench verify {run}`"
        )
    return record.read(run)


def _present(folder: Path) -> Board:
    """Return what a leaderboard holds, which must verify as it is."""
    if not folder.is_dir() or not published_folder.submissions(folder):
        return build([])
    verdict = verify(folder, pages=False)
    if verdict.differences or verdict.files is None:
        raise MerbenchError(
            f"{folder} does not verify as it is ({verdict.differences[0]}); nothing was changed: "
            f"see `merbench leaderboard verify {folder}`"
        )
    return verdict.files.board


# --- all or nothing ------------------------------------------------------------------------------


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep others from publishing to the same leaderboard at the same time."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder.parent, os.O_RDONLY)
    except OSError as error:
        raise MerbenchError(
            f"{folder.parent} cannot be written ({error.strerror or error}); name another folder"
        ) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextlib.contextmanager
def _copy(folder: Path) -> Iterator[Path]:
    """Give a copy beside the folder, which is gone afterwards unless it took its place."""
    copy = folder.with_name(f".{folder.name}.{uuid.uuid4().hex[:8]}")
    try:
        if folder.is_dir():
            shutil.copytree(folder, copy, symlinks=True)
        else:
            copy.mkdir()
        yield copy
    finally:
        shutil.rmtree(copy, ignore_errors=True)


def _swap(copy: Path, folder: Path) -> None:
    """Put the copy in the folder's place."""
    aside = _aside(folder)
    shutil.rmtree(aside, ignore_errors=True)
    try:
        if folder.exists():
            folder.rename(aside)
        copy.rename(folder)
    except BaseException:
        _restore(folder)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _restore(folder: Path) -> None:
    """Undo half a swap, should one have been killed between its two renames."""
    aside = _aside(folder)
    if aside.exists() and not folder.exists():
        aside.rename(folder)


def _aside(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.before")
