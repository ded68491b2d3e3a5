"""Systems of one run, or of two, compared in pairs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from merbench.errors import MerbenchError
from merbench.leaderboard.scored import ScoredRows, align
from merbench.leaderboard.tables import compared, families, pairs_across, ranked_rows, summarise
from merbench.plugins import nearest
from merbench.recorded import Recorded
from merbench.results import AXES, system_name

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BEST, SAME, NAMED = "each run's best", "the same system in both runs", "as named"
"""What a pair has in common where it is no axis."""

Row = Mapping[str, Any]


@dataclass
class Pairs:
    """What was compared.

    Parameters
    ----------
    rows
        One dict a pair, as in comparisons.csv; pairs of one table and `across` are one family.
    identical
        Systems that two runs have with the same predictions, so that there is nothing to compare.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    identical: list[str] = field(default_factory=list)


def compare_within(run: Recorded, a: str = "", b: str = "") -> Pairs:
    """Compare a run's systems along the axes its benchmark names, or two that are named.

    Parameters
    ----------
    run
        It.
    a, b
        Names of systems, as tables show them; with one alone, it is compared with all others.

    Raises
    ------
    MerbenchError
        A name is none of the run's systems.
    """
    found = Pairs()
    scored = ScoredRows.of(run)
    names = []
    for rows in _tables(run).values():
        scores = align([(scored, row) for row in rows]).scores
        if not a and not b:
            for axis in families([run]):
                found.rows += compared(axis, rows, scores, pairs_across(axis, rows))
            continue
        titles = [system_name(row) for row in rows]
        names += titles
        pairs = _named(titles, a or b, b if a else "")
        found.rows += compared(NAMED, rows, scores, pairs)
    for name in filter(None, (a, b)):
        if name not in names:
            raise MerbenchError(
                f"no system of the run is called {name!r}{nearest(name, names)} (with results are: "
                f"{', '.join(dict.fromkeys(names))})"
            )
    return found


def compare_between(first: Recorded, second: Recorded) -> Pairs:
    """Compare the systems that two runs share, and each run's best with the other's.

    Raises
    ------
    MerbenchError
        No table is shared: the runs have other data, splits or evaluators.
    """
    tables = _tables(first), _tables(second)
    shared = [table for table in tables[0] if table in tables[1]]
    if not shared:
        raise MerbenchError(_why_none(first, second))
    scored = ScoredRows.of(first), ScoredRows.of(second)
    found = Pairs()
    for table in shared:
        mine, yours = tables[0][table], tables[1][table]
        rows = [*mine, *yours]
        sources = [scored[0]] * len(mine) + [scored[1]] * len(yours)
        scores = align(list(zip(sources, rows, strict=True))).scores
        same = []
        for i, row in enumerate(mine):
            for j, other in enumerate(yours, start=len(mine)):
                if not _is_same(row, other):
                    continue
                if scored[0].content(row["cell"]) == scored[1].content(other["cell"]):
                    found.identical.append(f"{row['dataset']}: {system_name(row)}")
                else:
                    same.append((i, j))
        found.rows += compared(SAME, rows, scores, _array(same))
        best = [(0, len(mine))]
        alike = scores.kl[0].tobytes() == scores.kl[len(mine)].tobytes()
        found.rows += compared(BEST, rows, scores, _array([] if alike else best))
    return found


def verdict(row: Mapping[str, Any]) -> str:
    """Say in words what a comparison found."""
    if row["significant"]:
        better, other = ("a", "b") if row["better"] == "a" else ("b", "a")
        return f"{row[better]} is better than {row[other]} by {abs(row['kl_difference']):.3f} nats"
    detectable = row["detectable_difference"]
    if math.isnan(detectable):
        return "not significant; a single fold shows no difference, however large"
    return f"not significant; the smallest difference this data could show is {detectable:.3f} nats"


def _tables(run: Recorded) -> dict[str, list[dict[str, Any]]]:
    """Return a run's ranked rows by table, the best first."""
    return ranked_rows(summarise(run))


def _named(titles: Sequence[str], a: str, b: str) -> NDArray[np.intp]:
    firsts = [i for i, title in enumerate(titles) if title == a]
    seconds = [j for j, title in enumerate(titles) if title == b or (not b and title != a)]
    return _array([(i, j) for i in firsts for j in seconds if i != j])


def _array(pairs: Sequence[tuple[int, int]]) -> NDArray[np.intp]:
    import numpy as np

    return np.asarray(pairs, np.intp).reshape(-1, 2)


def _is_same(a: Row, b: Row) -> bool:
    return all(a[key] == b[key] for key in (*AXES, "parameters"))


def _why_none(first: Recorded, second: Recorded) -> str:
    """Say what keeps two runs apart."""
    rows = [row for row in summarise(first) if row["status"] == "ok"]
    others = [row for row in summarise(second) if row["status"] == "ok"]
    both = [(a, b) for a in rows for b in others if a["dataset"] == b["dataset"]]
    if not rows or not others:
        return "one of the runs has no complete cell; there is nothing to compare"
    if not both:
        return (
            "the runs have no data set in common "
            f"({_listed(rows, 'dataset')} and {_listed(others, 'dataset')}); compare runs on the "
            "same data"
        )
    a, b = both[0]
    reasons = {
        "dataset_version": "versions of the data set's plugin",
        "data_hash": "clips or labels",
        "split_hash": "splits",
        "evaluator_version": "evaluators",
    }
    differing = [words for key, words in reasons.items() if a[key] != b[key]]
    return (
        f"{a['dataset']}: the runs have different {' and '.join(differing)}, so that their numbers "
        "do not compare; run both with the same protocol, seed and data"
    )


def _listed(rows: Sequence[Row], key: str) -> str:
    return ", ".join(dict.fromkeys(str(row[key]) for row in rows))
