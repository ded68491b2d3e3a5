"""Systems of one run, or of two, compared in pairs."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from merbench.benchmark.names import NONE, axis_of
from merbench.errors import MerbenchError
from merbench.leaderboard.building import ranked_rows
from merbench.leaderboard.cell_rows import summarise
from merbench.leaderboard.cell_scores import RunPredictions, align
from merbench.leaderboard.columns import Comparison
from merbench.leaderboard.comparisons import compared_axes, pairs_across
from merbench.leaderboard.other_places import compared_by
from merbench.naming import nearest
from merbench.runs.record import RunRecord
from merbench.runs.row_columns import AXES, Parameter, joined, parameters, system_name, told_apart

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BEST, SAME, NAMED = "each run's best", "the same system in both runs", "as named"
"""What a pair has in common where it is no axis."""

_LISTED = 12
"""Systems that an error names before it only counts them."""

Row = Mapping[str, Any]


@dataclass
class Pairs:
    """What was compared.

    Parameters
    ----------
    rows
        One a pair, as in comparisons.csv; pairs of one table and `across` are one family.
    identical
        Systems that two runs have with the same predictions, so that there is nothing to compare.
    names
        By run and cell: a system's name with no more parameters than tell it from the others.
    """

    rows: list[Comparison] = field(default_factory=list)
    identical: list[str] = field(default_factory=list)
    names: dict[tuple[str, str], str] = field(default_factory=dict)


def compare_within(
    run: RunRecord, a: str = "", b: str = "", across: Sequence[str] = (), by: str = "kl"
) -> Pairs:
    """Compare a run's systems along axes, or two that are named.

    Parameters
    ----------
    run
        It.
    a, b
        Systems, as tables name them or by what no other one has; with one alone, it is compared
        with all others.
    across
        Axes, in the singular or the plural, or parameters; by default the axes that the run's
        benchmark names.
    by
        The loss, or macro F1: one of `other_places.ways_to_rank`.

    Raises
    ------
    MerbenchError
        A name is none of the run's systems, or of several; or there is no such axis or parameter.
    """
    scored = RunPredictions.of(run)
    tables = _tables(run)
    systems = _Systems.of([row for rows in tables.values() for row in rows])
    found = Pairs(names=systems.names)
    chosen = [systems.named(name) for name in (a, b) if name]
    along = [_Along.of(text, systems.rows) for text in across] or [
        _Along(axis, axis) for axis in compared_axes([run])
    ]
    for rows in tables.values():
        aligned, sources = align([(scored, row) for row in rows]), [scored] * len(rows)
        wanted = {axis.title: axis.pairs(rows) for axis in along}
        if chosen:
            wanted = {NAMED: _named(rows, *chosen)}
        for title, pairs in wanted.items():
            found.rows += compared_by(by, title, rows, sources, aligned, pairs)
    return found


@dataclass(frozen=True)
class _Along:
    """What pairs differ in: an axis, or parameters of one name.

    Parameters
    ----------
    title
        Its name.
    axis
        The axis; empty for parameters.
    meant
        The parameters.
    """

    title: str
    axis: str = ""
    meant: frozenset[Parameter] = frozenset()

    @classmethod
    def of(cls, text: str, rows: Sequence[Row]) -> _Along:
        axis = axis_of(text)
        if axis == "dataset":
            raise MerbenchError(
                "systems are not paired across data sets, whose clips are others; `merbench "
                "leaderboard build` compares systems over several data sets in across-datasets.csv"
            )
        if axis:
            return cls(axis, axis)
        known = {
            (*parameter[:1], *_titles(row, parameter[0]), *parameter[1:]): parameter
            for row in rows
            for parameter in parameters(row)
            if parameter[0] != "dataset"
        }
        wanted = text.strip().split(".")
        meant = [p for path, p in known.items() if path[-1] == wanted[-1] and _within(wanted, path)]
        if not meant:
            lasts = sorted({parameter[-1] for parameter in known.values()})
            names = [*AXES[1:], *lasts]
            parameter = f"the parameters {', '.join(lasts)}" if lasts else "no parameter"
            raise MerbenchError(
                f"the run's systems do not differ in {text!r}{nearest(text, names)} (there are "
                f"the axes {', '.join(AXES[1:])}, and {parameter})"
            )
        return cls(text.strip(), meant=frozenset(meant))

    def pairs(self, rows: Sequence[Row]) -> NDArray[np.intp]:
        """Return the pairs of rows that differ in this alone."""
        if self.axis:
            return pairs_across(self.axis, rows)
        known = [parameters(row) for row in rows]
        rest = [
            (
                [row[axis] for axis in AXES[1:]],
                {p: value for p, value in found.items() if p not in self.meant},
            )
            for row, found in zip(rows, known, strict=True)
        ]
        return _array(
            [
                (i, j)
                for i in range(len(rows))
                for j in range(i + 1, len(rows))
                if rest[i] == rest[j] and known[i] != known[j]
            ]
        )


@dataclass(frozen=True)
class _Systems:
    """The systems of runs, and what each may be called."""

    rows: Sequence[Row]
    texts: Sequence[Mapping[str, str]]

    @classmethod
    def of(cls, rows: Sequence[Row]) -> _Systems:
        return cls(rows, told_apart(rows))

    @property
    def names(self) -> dict[tuple[str, str], str]:
        """By run and cell: the shortest name that tells a system from the others."""
        named = zip(self.rows, self.texts, strict=True)
        return {(row["run"], row["cell"]): joined(text) for row, text in named}

    def named(self, name: str) -> frozenset[str]:
        """Return the cells of the system that is meant: one a table.

        Raises
        ------
        MerbenchError
            None is, or several of one table.
        """
        labels = [joined(text) for text in self.texts]
        means = list(zip(self.rows, labels, strict=True))
        found = [(row, x) for row, x in means if name in (x, system_name(row))]
        found = found or [(row, x) for row, x in means if _has(row, name.split(" x "))]
        meant = list(dict.fromkeys(label for _, label in found))
        if not found:
            raise MerbenchError(
                f"no system of the run is called {name!r}{nearest(name, labels)} (with results "
                f"are: {_some(list(dict.fromkeys(labels)))})"
            )
        if len({row["table"] for row, _ in found}) < len(found):
            raise MerbenchError(
                f"{name!r} means {len(meant)} systems of the run; add what tells one from the "
                f"others ({_some(meant)})"
            )
        return frozenset(row["cell"] for row, _ in found)


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return "; ".join(names[:_LISTED]) + more


def _has(row: Row, parts: Sequence[str]) -> bool:
    """Tell whether a system has each part on some axis: a name, parameters, or both."""
    axes = [axis for axis in AXES[1:] if row[axis] != NONE]
    return all(any(_is_called(row, axis, part.strip()) for axis in axes) for part in parts)


def _is_called(row: Row, axis: str, part: str) -> bool:
    name = str(row[axis])
    if part == name:
        return True
    wanted = part.removeprefix(f"{name} ").removeprefix("(").removesuffix(")")
    given = set()
    for parameter, value in parameters(row).items():
        if parameter[0] == axis:
            for start in range(1, len(parameter)):
                given.add(f"{'.'.join(parameter[start:])}={value}")
    # A value that is a list has commas of its own; they part it here and there alike.
    pieces = {piece for text in given for piece in text.split(", ")}
    return bool(wanted) and set(wanted.split(", ")) <= pieces


def _titles(row: Row, axis: str) -> list[str]:
    """Return the names of the components on an axis, wrapped ones included."""
    return [name for name in re.split(r"[ +(),]+", str(row[axis])) if name]


def _within(wanted: Sequence[str], path: Sequence[str]) -> bool:
    """Tell whether all names stand in a path, in this order."""
    left = iter(path)
    return all(name in left for name in wanted)


def compare_between(first: RunRecord, second: RunRecord, by: str = "kl") -> Pairs:
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
    scored = RunPredictions.of(first), RunPredictions.of(second)
    everything = [row for both in tables for rows in both.values() for row in rows]
    found = Pairs(names=_Systems.of(everything).names)
    for table in shared:
        mine, yours = tables[0][table], tables[1][table]
        rows = [*mine, *yours]
        sources = [scored[0]] * len(mine) + [scored[1]] * len(yours)
        aligned = align(list(zip(sources, rows, strict=True)))
        kl, same = aligned.scores.kl, []
        for i, row in enumerate(mine):
            for j, other in enumerate(yours, start=len(mine)):
                if not _is_same(row, other):
                    continue
                if scored[0].content(row["cell"]) == scored[1].content(other["cell"]):
                    found.identical.append(f"{row['dataset']}: {system_name(row)}")
                else:
                    same.append((i, j))
        found.rows += compared_by(by, SAME, rows, sources, aligned, _array(same))
        best = [] if kl[0].tobytes() == kl[len(mine)].tobytes() else [(0, len(mine))]
        found.rows += compared_by(by, BEST, rows, sources, aligned, _array(best))
    return found


def verdict(row: Comparison, by: str = "kl") -> str:
    """Say in words what a comparison found, by KL or by what else it was made."""
    unit = " nats" if by == "kl" else f" of {by}"
    given = f", for {row.given}" if row.given else ""
    if row.significant:
        better, other = (row.a, row.b) if row.better == "a" else (row.b, row.a)
        size = abs(row.kl_difference)
        return f"{better} is better than {other} by {size:.3f}{unit}{given}"
    if math.isnan(row.detectable_difference):
        return "not significant; a single group shows no difference, however large"
    return (
        "not significant; the smallest difference this data could show is "
        f"{row.detectable_difference:.3f}{unit}{given}"
    )


def _tables(run: RunRecord) -> dict[str, list[dict[str, Any]]]:
    """Return a run's ranked rows by table, the best first."""
    return ranked_rows(summarise(run))


def _named(
    rows: Sequence[Row], first: frozenset[str], second: frozenset[str] | None = None
) -> NDArray[np.intp]:
    """Return the pairs of two systems, or of one and every other."""
    cells = [row["cell"] for row in rows]
    firsts = [i for i, cell in enumerate(cells) if cell in first]
    seconds = [j for j, cell in enumerate(cells) if second is None or cell in second]
    return _array([(i, j) for i in firsts for j in seconds if i != j])


def _array(pairs: Sequence[tuple[int, int]]) -> NDArray[np.intp]:
    import numpy as np

    return np.asarray(pairs, np.intp).reshape(-1, 2)


def _is_same(a: Row, b: Row) -> bool:
    return all(a[key] == b[key] for key in (*AXES, "parameters"))


def _why_none(first: RunRecord, second: RunRecord) -> str:
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
