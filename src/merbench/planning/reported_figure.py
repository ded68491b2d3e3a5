"""Which numbers of a paper's table a cell is to be held against."""

from __future__ import annotations

from typing import NamedTuple

from merbench.benchmark.names import is_named, settings_text
from merbench.benchmark.schema import Reported, ReportedSystem
from merbench.planning.cell import Cell


class Figure(NamedTuple):
    """One number that a paper prints."""

    system: str
    """What the paper calls the system."""
    metric: str
    value: float
    status: str
    """`reported` as printed, `corrected` as it would be without a mistake."""
    source: str
    note: str


def figures_of(cell: Cell, reported: Reported) -> list[Figure]:
    """Return what a paper prints of a cell, in the order of its rows.

    A dataset may be named with any of its parameters, those at their defaults too:
    `merge (subset=complete)`.
    """
    names, full_names = cell.names, cell.full_names
    dataset = names["dataset"]
    parameters = cell.data.dataset.model_dump(mode="json", exclude_none=True)
    whole = dataset + settings_text([parameters])
    matching = [entry for entry in reported.systems if entry.cells.matches(names, full_names)]

    def in_full(entry: ReportedSystem) -> int:
        named = entry.cells.model_dump(exclude_none=True)
        return sum(full_names[axis] == name for axis, name in named.items())

    # What is named in full is no other system that is named by a part of its parameters.
    most = max(map(in_full, matching), default=0)
    return [
        Figure(
            entry.system,
            entry.metric or reported.metric,
            value,
            entry.status,
            reported.source,
            entry.note,
        )
        for entry in matching
        if in_full(entry) == most
        for name, value in entry.values.items()
        if is_named(name, dataset, whole)
    ]
