"""What a run recorded and the tables that follow from it, in memory and on disk."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from merbench.csv_text import table_text
from merbench.errors import MerbenchError
from merbench.leaderboard.building import build_board
from merbench.leaderboard.columns import Comparison, leaderboard_rows, typed_rows
from merbench.leaderboard.findings import FILE as FINDINGS
from merbench.leaderboard.findings import findings_table
from merbench.runs import record
from merbench.runs.record import MANIFEST as MANIFEST
from merbench.runs.record import UNFINISHED, RunRecord
from merbench.whole_files import replacing

if TYPE_CHECKING:
    import pandas as pd


LEADERBOARD, COMPARISONS = "leaderboard.csv", "comparisons.csv"
SEPARATORS = "separators.csv"


@dataclass(frozen=True)
class RunResults(RunRecord):
    """What a run recorded, and what follows from that.

    Parameters
    ----------
    leaderboard
        One row a cell, as `building.Board` has them.
    comparisons
        One row a pair of cells.
    separators
        One row a fold of two cells that differ in their separator alone.
    """

    leaderboard: pd.DataFrame = field(kw_only=True)
    comparisons: pd.DataFrame = field(kw_only=True)
    separators: pd.DataFrame = field(kw_only=True)

    @classmethod
    def of(cls, run: RunRecord) -> RunResults:
        """Derive a run's leaderboard and comparisons from its tables."""
        board = build_board([run])
        return cls(
            run.manifest,
            run.folds,
            run.predictions,
            run.stems,
            leaderboard=board.leaderboard,
            comparisons=board.comparisons,
            separators=board.separators,
        )

    @cached_property
    def findings(self) -> pd.DataFrame:
        """What the tables come to, in sentences: one row each."""
        return findings_table(self.rows, self.pairs)

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """The leaderboard, a mapping a row: parameters as values, None for what is missing."""
        return leaderboard_rows(self.leaderboard)

    @cached_property
    def pairs(self) -> list[Comparison]:
        """The comparisons, typed."""
        return typed_rows(Comparison, self.comparisons)

    @property
    def failed(self) -> list[dict[str, Any]]:
        """Rows of the cells that failed."""
        return [row for row in self.rows if row["status"] == "failed"]


# --- on disk -------------------------------------------------------------------------------------


def check_writable(folder: Path) -> None:
    """See that a run can be written before hours are spent on it.

    Raises
    ------
    MerbenchError
        It cannot.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(folder / ".probe") as temporary:
            temporary.write_bytes(b"")
        (folder / ".probe").unlink()
    except OSError as error:
        raise MerbenchError(
            f"results cannot be written to {folder} ({error.strerror or error}); name another "
            "folder with --out"
        ) from error


def write_results(run: RunResults, folder: Path) -> None:
    """Write a run; each file appears whole, the manifest last.

    Raises
    ------
    MerbenchError
        The folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / UNFINISHED).touch()
        (folder / MANIFEST).unlink(missing_ok=True)  # an earlier run's would vouch for new tables
        for name, text in derived_texts(run).items():
            with replacing(folder / name) as temporary:
                temporary.write_text(text, encoding="utf-8", newline="")
        record.write_record(run, folder)
        (folder / UNFINISHED).unlink()
    except OSError as error:
        raise MerbenchError(
            f"the run cannot be written to {folder} ({error.strerror or error}); name another "
            "folder with --out and run again: finished work is kept"
        ) from error


def derived_texts(run: RunResults) -> dict[str, str]:
    """Return the files that follow from what a run recorded: name to content."""
    return {
        LEADERBOARD: table_text(run.leaderboard),
        COMPARISONS: table_text(run.comparisons),
        SEPARATORS: table_text(run.separators),
        FINDINGS: table_text(run.findings),
    }


def read_results(folder: Path) -> RunResults:
    """Read a run and derive its tables.

    Raises
    ------
    MerbenchError
        A file is missing or damaged.
    """
    return RunResults.of(record.read_record(folder))
