"""Several runs of one cell: replications of one result, which is ranked once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from merbench.leaderboard.columns import Replication
from merbench.runs.row_columns import system_name

__all__ = ["Once", "each_once"]


@dataclass(frozen=True)
class Once:
    """Rows of a leaderboard, each cell once.

    Parameters
    ----------
    rows
        Of each cell that of the run that was started first among those that completed it.
    replications
        Every run of the cells that several runs have, in the order of `rows` and of the runs.
    """

    rows: list[dict[str, Any]]
    replications: list[Replication]


def each_once(rows: Iterable[dict[str, Any]]) -> Once:
    """Group the rows of many runs by their cell.

    Who runs a cell again confirms its result or shows how far it varies, and does not get a second
    place for it. The first run stands for the cell, so that nobody gains by running it until a
    better number comes.

    Parameters
    ----------
    rows
        The runs' rows, in the order of the runs.
    """
    of_cell: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        of_cell.setdefault((row["table"], row["cell"]), []).append(row)
    listed, replications = [], []
    for several in of_cell.values():
        done = [row for row in several if row["status"] == "ok"]
        first = (done or several)[0]
        counted = done or several
        first["n_runs"] = len(counted)
        if len(done) > 1:
            first["kl_mean_least"] = min(row["kl_mean"] for row in done)
            first["kl_mean_most"] = max(row["kl_mean"] for row in done)
        listed.append(first)
        if len(several) > 1:
            replications += [_replication(row, listed=row is first) for row in several]
    return Once(listed, replications)


def _replication(row: dict[str, Any], *, listed: bool) -> Replication:
    return Replication(
        table=row["table"],
        dataset=row["dataset"],
        system=system_name(row),
        cell=row["cell"],
        run=row["run"],
        listed=listed,
        status=row["status"],
        kl_mean=row["kl_mean"],
        kl_median=row["kl_median"],
        seconds=row["seconds"],
        started=row["started"],
        hardware=row["hardware"],
    )
