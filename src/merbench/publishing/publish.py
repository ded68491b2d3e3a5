"""Changing a leaderboard's folder, as by adding a run to it: all of it or nothing."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from merbench.errors import MerbenchError
from merbench.leaderboard import published_folder, submission
from merbench.leaderboard.building import Board, build
from merbench.leaderboard.columns import Replication, leaderboard_rows, typed_rows
from merbench.publishing import rebuild
from merbench.publishing.exchange import exchanged
from merbench.received_names import inside
from merbench.runs import record
from merbench.runs.manifest import uncommitted
from merbench.runs.row_columns import PEOPLE, joined, system_name, told_apart
from merbench.verification import run_check
from merbench.verification.board_check import Verdict, verify, verify_submission
from merbench.wording import number

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


def publish(run: Path, folder: Path, *, submitter: str = "") -> Published:
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
        lambda copy: add(submitted, copy, submitter),
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


def add(submitted: RunRecord, folder: Path, submitter: str = "") -> None:
    """Write a submission to its place in a leaderboard, which may hold the same run's already.

    Raises
    ------
    MerbenchError
        The place holds another run's.
    """
    path = inside(folder / published_folder.SUBMISSIONS, submission.name_of(submitted.manifest))
    earlier = record.read(path) if path.is_dir() else None
    if earlier is not None and earlier.manifest["run"] != submitted.manifest["run"]:
        raise MerbenchError(
            f"{path.name} is another run's submission, whose id begins with the same eight digits; "
            "nothing was changed: run again, which gives a new id"
        )
    submission.write(submission.signed(submitted, submitter, earlier), path)


def change(folder: Path, edit: Callable[[Path], None], when: str) -> Published:
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
    folder = _place(folder)
    with _alone(folder):
        _restore(folder)
        before = _state(folder)
        old = _present(folder)
        try:
            with _copy(folder) as copy:
                sources = _digests(copy)
                edit(copy)
                if _digests(copy) == sources:
                    return Published(None, old, (), ())
                new = rebuild.rebuild(copy).board
                verdict = verify(copy, pages=False)  # they were just written
                if verdict.differences:
                    raise MerbenchError(
                        f"{when} the leaderboard would not verify "
                        f"({verdict.differences[0]}); nothing was changed"
                    )
                moved = tuple(moves(old, new))
                _swap(copy, folder, before)
        except OSError as error:
            raise MerbenchError(
                f"{folder} cannot be written ({error.strerror or error}); nothing was changed: "
                "make room, and try again"
            ) from error
    return Published(
        None, new, moved, tuple(verdict.unverified), _again(old, new), _failed(old, new), True
    )


def _digests(folder: Path) -> dict[str, str]:
    """Return what a leaderboard's tables follow from: its submissions and reported numbers."""
    return {
        str(path.relative_to(folder)): submission.file_hash(path)
        for name in (published_folder.SUBMISSIONS, published_folder.REPORTED)
        for path in sorted((folder / name).rglob("*"))
        if path.is_file()
    }


def moves(before: Board, after: Board) -> Iterator[Move]:
    """Yield the systems whose place changed, best place first."""
    old, new = _places(before), _places(after)
    rows = {key: row for key, (_, row) in [*new.items(), *old.items()]}
    names = dict(zip(rows, told_apart(list(rows.values())), strict=True))
    for key, row in rows.items():
        was, place = (places.get(key, (0, row))[0] for places in (old, new))
        if was != place:
            yield Move(names[key]["dataset"], row["table"], joined(names[key]), was, place)


def _again(before: Board, after: Board) -> tuple[str, ...]:
    """Say of each result that a new run repeats what it came to, beside the one that is ranked."""
    known = {run.manifest["run"] for run in before.runs}
    ranked = {
        (row["table"], row["cell"]): row["kl_mean"]
        for row in leaderboard_rows(after.leaderboard)
        if row["role"] != PEOPLE
    }
    found = []
    for row in typed_rows(Replication, after.replications):
        key = (row.table, row.cell)
        if row.run in known or row.listed or row.status != "ok" or key not in ranked:
            continue
        found.append(
            f"{row.system} on {row.dataset}: KL {number(row.kl_mean)}, ranked is "
            f"{number(ranked[key])}"
        )
    return tuple(found)


def _failed(before: Board, after: Board) -> tuple[str, ...]:
    known = {run.manifest["run"] for run in before.runs}
    return tuple(
        f"{row['dataset']}: {system_name(row)}: {row['error']}"
        for row in leaderboard_rows(after.leaderboard)
        if row["status"] != "ok" and row["run"] not in known
    )


def _places(board: Board) -> dict[tuple[str, str], tuple[int, dict[str, Any]]]:
    rows = leaderboard_rows(board.leaderboard)
    return {
        (row["run"], row["cell"]): (int(row["rank"]), row)
        for row in rows
        if row["rank"] is not None  # incomplete cells and people have none
    }


def _sound(run: Path) -> RunRecord:
    """Read a run or a submission that is to be published, and see that it is one."""
    known = record.read(run)
    if submission.is_submission(known):
        verdict = Verdict()
        verify_submission(run, {}, verdict, called=submission.name_of(known.manifest))
        differences = verdict.differences
    else:
        differences = run_check.verify(run)
    if differences:
        more = f" and {len(differences) - 1} more" if len(differences) > 1 else ""
        raise MerbenchError(
            f"the run {run} does not verify ({differences[0]}{more}); see `merbench verify {run}`"
        )
    return known


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


def _place(folder: Path) -> Path:
    """Return where a leaderboard is or is to be: what a symbolic link points to, not the link.

    Raises
    ------
    MerbenchError
        Something else is there.
    """
    try:
        place = folder.resolve()
    except (OSError, RuntimeError) as error:
        raise MerbenchError(f"{folder} cannot be found ({error}); name another folder") from None
    if place.exists() and not place.is_dir():
        raise MerbenchError(f"{folder} is a file, and a leaderboard is a folder; name another")
    if place.is_dir() and not published_folder.submissions(place):
        known = (published_folder.SUBMISSIONS, published_folder.REPORTED, published_folder.README)
        strange = sorted(path.name for path in place.iterdir() if path.name not in known)
        if strange:
            raise MerbenchError(
                f"{folder} holds {strange[0]} and no leaderboard; name a leaderboard's folder, or "
                "one that is not there yet"
            )
    return place


def _state(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Return what changes when somebody edits a folder: of each file size, time and inode."""
    found = {}
    for place, folders, names in os.walk(folder):
        for name in (*folders, *names):
            path = os.path.join(place, name)  # noqa: PTH118 - of each file of a large board
            entry = os.lstat(path)
            of_file = (entry.st_size, entry.st_mtime_ns, entry.st_ino)
            found[os.path.relpath(path, folder)] = (0, 0, 0) if name in folders else of_file
    return found


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
    copy = folder.with_name(f"{_unfinished(folder)}{uuid.uuid4().hex[:8]}")
    try:
        if folder.is_dir():
            shutil.copytree(folder, copy, symlinks=True)
        else:
            copy.mkdir()
        yield copy
    finally:
        shutil.rmtree(copy, ignore_errors=True)


def _swap(copy: Path, folder: Path, before: dict[str, tuple[int, int, int]]) -> None:
    """Put the copy in the folder's place, unless that is no longer what was copied.

    It is looked at again once it is out of the way, where nobody finds it by its name.
    """
    edited = MerbenchError(
        f"{folder} was edited by somebody else meanwhile; nothing was changed: look at it, and "
        "publish again"
    )
    if folder.is_dir() and exchanged(copy, folder):
        if _state(copy) == before:  # the copy is now what the folder was
            return
        exchanged(copy, folder)
        raise edited
    aside = _aside(folder)
    try:
        if folder.exists():
            folder.rename(aside)
            if _state(aside) != before:
                raise edited
        copy.rename(folder)
    except BaseException:
        _restore(folder)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _restore(folder: Path) -> None:
    """Undo half a swap, should one have been killed between its renames, and clear what is left.

    Nobody else is at work, or the caller would not be `_alone`.
    """
    aside = _aside(folder)
    if aside.exists() and not folder.exists():
        aside.rename(folder)
    shutil.rmtree(aside, ignore_errors=True)
    for left in folder.parent.iterdir():
        start, hexadecimal = left.name[:-8], left.name[-8:]
        if start == _unfinished(folder) and re.fullmatch(r"[0-9a-f]{8}", hexadecimal):
            shutil.rmtree(left, ignore_errors=True)


def _unfinished(folder: Path) -> str:
    """Return how the names of a folder's copies begin."""
    return f".{folder.name}.unfinished-"


def _aside(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.before")
