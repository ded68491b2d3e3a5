"""The rows of a leaderboard and the comparisons between them, of one run or of many.

Cells of equal data, split and evaluator make a *table*. Only within one are they ranked and
compared: everywhere else a smaller number may mean easier clips.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from merbench.errors import MerbenchError
from merbench.leaderboard.cell_rows import in_order, summarise
from merbench.leaderboard.cell_scores import RunPredictions, align
from merbench.leaderboard.class_scores import set_class_scores
from merbench.leaderboard.columns import (
    COMPARED,
    LEADING,
    REPLICATIONS,
    SEPARATORS,
    TRAILING,
    LeaderboardRow,
    numbers_of,
    with_classes,
)
from merbench.leaderboard.comparisons import compared, compared_axes, pairs_across
from merbench.leaderboard.marks import UNTRAINED, set_marks
from merbench.leaderboard.other_places import set_other_places
from merbench.leaderboard.places import set_places
from merbench.leaderboard.replications import each_once
from merbench.leaderboard.separator_pairs import fold_rows
from merbench.runs.parameter_text import written_parameters
from merbench.runs.record import RunRecord
from merbench.runs.row_columns import AXES, PEOPLE

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Board:
    """What follows from runs.

    Parameters
    ----------
    runs
        The runs, sorted by the time they were started.
    leaderboard
        One row a cell, `LEADING`, metrics, `TRAILING`: table by table, the best first, incomplete
        cells last.
    comparisons
        One row a pair of cells, `COMPARED`.
    separators
        One row a fold of two cells that differ in their separator alone, `SEPARATORS`.
    replications
        One row a run of each cell that several runs have, `REPLICATIONS`.
    """

    runs: tuple[RunRecord, ...]
    leaderboard: pd.DataFrame
    comparisons: pd.DataFrame
    separators: pd.DataFrame
    replications: pd.DataFrame


def build_board(runs: Sequence[RunRecord]) -> Board:
    """Derive a leaderboard from runs.

    Raises
    ------
    MerbenchError
        Cells of one table were not tested on the same clips, or two runs cannot be told apart.
    """
    import pandas as pd

    ordered = in_order(runs)
    _refuse_alike(ordered)
    scored = [RunPredictions.of(run) for run in ordered]
    once = each_once(row | {"_run": i} for i, run in enumerate(ordered) for row in summarise(run))
    rows = once.rows
    if not rows:
        empty = pd.DataFrame(columns=[*LEADING, *TRAILING])
        compared_none = pd.DataFrame(columns=COMPARED)
        return Board(
            ordered,
            empty,
            compared_none,
            pd.DataFrame(columns=SEPARATORS),
            pd.DataFrame(columns=REPLICATIONS),
        )
    by_table = _by_table(rows)
    comparisons, separators = [], []
    for table in by_table.values():
        ranked = _ranked(table)
        if ranked:
            origins = [row["_run"] for row in ranked]
            aligned = align([(scored[run], row) for run, row in zip(origins, ranked, strict=True)])
            scores = aligned.scores
            marks = [ordered[run].manifest.get("marks", {}) for run in origins]
            of_rows = [scored[run] for run in origins]
            set_marks(ranked, of_rows, aligned.rows, marks)
            set_places(ranked, scores)
            set_other_places(ranked, of_rows, aligned)
            for axis in compared_axes(ordered[run] for run in origins):
                comparisons += compared(axis, ranked, scores, pairs_across(axis, ranked))
            set_class_scores(ranked, of_rows, aligned)
            places = [
                (run, scored[run].place(row)) for run, row in zip(origins, ranked, strict=True)
            ]
            separators += fold_rows(ranked, scores, places)
        _against_people(table)
    metrics = with_classes(dict.fromkeys(key for row in rows for key in row["_metrics"]))
    listed = [
        LeaderboardRow.of(row | row["_metrics"], metrics)
        for table in by_table.values()
        for row in table
    ]
    leaderboard = pd.DataFrame([row.columns(metrics) for row in listed])
    numbers = [*numbers_of(LeaderboardRow), *metrics]
    leaderboard[numbers] = leaderboard[numbers].astype(float)
    return Board(
        ordered,
        leaderboard,
        pd.DataFrame(comparisons, columns=COMPARED),
        pd.DataFrame(separators, columns=SEPARATORS),
        pd.DataFrame(once.replications, columns=REPLICATIONS),
    )


_TELLING = 8
"""First letters of a run's id by which pages and submissions are named."""


def _refuse_alike(runs: Sequence[RunRecord]) -> None:
    """See that no run takes another's name: ids are compared whole, and their beginnings differ."""
    known: dict[str, str] = {}
    for run in runs:
        identity = run.manifest["run"]
        other = known.setdefault(identity[:_TELLING], identity)
        if other != identity:
            raise MerbenchError(
                f"the ids of two runs, {other} and {identity}, begin with the same {_TELLING} "
                "letters, by which their pages are named; leave one of them out"
            )


def _position(row: Mapping[str, Any]) -> tuple[Any, ...]:
    failed = row["status"] != "ok"
    kl = 0.0 if failed else row["kl_mean"]
    system = [str(row[axis]) for axis in AXES[1:]]
    last = (written_parameters(row["parameters"]), row["run"], row["cell"])
    return (row["dataset"], row["dataset_version"], row["table"], failed, kl, *system, *last)


def ranked_rows(rows: Iterable[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Return the rows that have a rank, by table, the best first.

    People have none, nor cells with a failed fold or with untrained weights.
    """
    ranked = {table: _ranked(part) for table, part in _by_table(rows).items()}
    return {table: part for table, part in ranked.items() if part}


def _by_table(rows: Iterable[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    tables: dict[str, list[dict[str, Any]]] = {}
    for row in sorted(rows, key=_position):
        tables.setdefault(row["table"], []).append(row)
    return tables


def _ranked(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        row
        for row in rows
        if row["status"] == "ok" and row["role"] != PEOPLE and row["mark"] != UNTRAINED
    ]


def _against_people(rows: Sequence[dict[str, Any]]) -> None:
    """Set how far a row is from the best that people reach, where raters are known."""
    people = [row["kl_mean"] for row in rows if row["role"] == PEOPLE and row["status"] == "ok"]
    for row in rows if people else ():
        if row["status"] == "ok" and row["role"] != PEOPLE:
            row["kl_difference_to_people"] = row["kl_mean"] - min(people)
