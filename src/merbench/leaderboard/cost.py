"""What systems cost against how well they do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from merbench.leaderboard.results import Row, finished
from merbench.runs import row_columns

__all__ = ["SystemCost", "costs"]


@dataclass(frozen=True)
class SystemCost:
    """What one system costs, and how well it does.

    Parameters
    ----------
    row
        The system's row of the leaderboard.
    seconds
        Seconds of fitting and predicting, over all folds.
    kl
        Mean KL, nats.
    place
        Place among the systems that no other beats in both, from 1, the fastest first; None for
        other systems.
    """

    row: Row
    seconds: float
    kl: float
    place: int | None


def costs(rows: Sequence[Row]) -> list[SystemCost]:
    """Return what the complete systems of one table take, in the order of its rows.

    Marked rows are left out: what is broken is no bargain, however fast it is.
    """
    timed = [
        row
        for row in finished(rows)
        if (row.get("seconds") or 0) > 0
        and row["role"] == row_columns.SYSTEM
        and not row.get("mark")
    ]
    known = [(row["seconds"], row["kl_mean"]) for row in timed]
    front = [
        i
        for i, (seconds, kl) in enumerate(known)
        if not any(s <= seconds and k <= kl and (s, k) != (seconds, kl) for s, k in known)
    ]
    front.sort(key=lambda i: known[i][0])
    place = {i: number for number, i in enumerate(front, 1)}
    return [
        SystemCost(row, seconds, kl, place.get(i))
        for i, (row, (seconds, kl)) in enumerate(zip(timed, known, strict=True))
    ]
