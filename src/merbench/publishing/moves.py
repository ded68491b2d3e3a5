"""What a change of a leaderboard did to the places and results in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from merbench.leaderboard.building import Board
from merbench.leaderboard.columns import Replication, leaderboard_rows, typed_rows
from merbench.runs.row_columns import PEOPLE, joined, system_name, told_apart
from merbench.wording import number_text


@dataclass(frozen=True)
class Move:
    """A system whose place in its table changed; the place is 0 where the system is not listed."""

    dataset: str
    table: str
    system: str
    before: int
    after: int


def moves(before: Board, after: Board) -> Iterator[Move]:
    """Yield the systems whose place differs between two boards, the best place first."""
    old, new = _places(before), _places(after)
    rows = {key: row for key, (_, row) in [*new.items(), *old.items()]}
    names = dict(zip(rows, told_apart(list(rows.values())), strict=True))
    for key, row in rows.items():
        was, place = (places.get(key, (0, row))[0] for places in (old, new))
        if was != place:
            yield Move(names[key]["dataset"], row["table"], joined(names[key]), was, place)


def _places(board: Board) -> dict[tuple[str, str], tuple[int, dict[str, Any]]]:
    rows = leaderboard_rows(board.leaderboard)
    return {
        (row["run"], row["cell"]): (int(row["rank"]), row)
        for row in rows
        if row["rank"] is not None  # incomplete cells and people have none
    }


def repeated_results(before: Board, after: Board) -> tuple[str, ...]:
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
            f"{row.system} on {row.dataset}: KL {number_text(row.kl_mean)}, ranked is "
            f"{number_text(ranked[key])}"
        )
    return tuple(found)


def failed_results(before: Board, after: Board) -> tuple[str, ...]:
    """Say of each row that a new run added without a result why it failed."""
    known = {run.manifest["run"] for run in before.runs}
    return tuple(
        f"{row['dataset']}: {system_name(row)}: {row['error']}"
        for row in leaderboard_rows(after.leaderboard)
        if row["status"] != "ok" and row["run"] not in known
    )
