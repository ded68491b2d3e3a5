"""The folder that a run's results are to go to: one run's at a time, and no other run's."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from merbench.bounds import json_file
from merbench.errors import MerbenchError
from merbench.identity import spec_hash
from merbench.leaderboard import run_results
from merbench.leaderboard.run_results import COMPARISONS, LEADERBOARD
from merbench.runs.record import FOLDS, MANIFEST, PREDICTIONS, STEMS, UNFINISHED

if TYPE_CHECKING:
    from merbench.planning.plan import Plan


@contextlib.contextmanager
def claimed(folder: Path, plan: Plan, *, overwrite: bool = False) -> Iterator[None]:
    """Hold a folder for a run's results while the run goes on; it is gone again if nothing came.

    Parameters
    ----------
    folder
        It; made where there is none.
    plan
        What the run will do.
    overwrite
        Whether what another run left there may be replaced.

    Raises
    ------
    MerbenchError
        It cannot be written, another run is being written to it, or it holds another run.
    """
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    run_results.check_writable(folder)
    handle = os.open(folder, os.O_RDONLY)
    try:
        _lock(handle, folder)
        if not overwrite:
            _refuse_other(folder, plan)
        yield
    finally:
        os.close(handle)
        with contextlib.suppress(OSError):  # what is not empty stays
            for path in made:
                path.rmdir()


def _lock(handle: int, folder: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        # Some network drives know no locks; a run is not worth failing for that.
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            raise MerbenchError(
                f"another run is being written to {folder}; wait for it to end, or name another "
                "folder with --out"
            ) from None


def _refuse_other(folder: Path, plan: Plan) -> None:
    """See that nothing is lost: the same benchmark may be run again, with no fewer cells."""
    if not (folder / MANIFEST).exists():
        files = (LEADERBOARD, COMPARISONS, FOLDS, PREDICTIONS, STEMS)
        inside = [name for name in files if (folder / name).exists()]
        if inside and not (folder / UNFINISHED).exists():
            raise MerbenchError(
                f"{folder} holds {inside[0]}, which is no run's; name another folder with --out, "
                "or say --overwrite to replace it"
            )
        return
    try:
        manifest = json_file(folder / MANIFEST)
        name, started = manifest["name"], manifest["started"]
        same = manifest["spec_hash"] == spec_hash(plan.benchmark.spec.model_dump(mode="json"))
        lost = {cell["id"] for cell in manifest["cells"]} - {cell.id for cell in plan.cells}
    except (OSError, ValueError, LookupError, TypeError):
        name, started, same, lost = "one that cannot be read", "", False, set()
    if not same or lost:
        of = " of ".join(filter(None, [name, started]))
        raise MerbenchError(
            f"{folder} holds another run ({of}); name another folder with --out, or say "
            "--overwrite to replace it"
        )
