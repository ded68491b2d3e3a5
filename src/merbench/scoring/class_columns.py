"""Columns that hold each clip's class, in place of a number a class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from merbench.errors import MerbenchError
from merbench.evaluation.labels import LabelKind, NormalLabels
from merbench.scoring.wide_table import WideTable

__all__ = ["named_classes", "one_hot_labels"]

Array = NDArray[np.float64]

QUADRANTS = ("Q1", "Q2", "Q3", "Q4")
_SHORT = {short: f"Q{n}" for n in range(1, 5) for short in (str(n), f"Q{n}")}
"""How files write quadrants: Q1, q1 or 1."""


def named_classes(
    table: WideTable, labels: LabelKind, truth: str, systems: Sequence[str]
) -> tuple[str, ...]:
    """Return the classes where the truth is one column of their names; nothing elsewhere.

    The task's own, where it fixes them; else those that stand in the columns of classes, and those
    that a system has columns of probabilities for.
    """
    if isinstance(labels, NormalLabels) or truth not in table.columns:
        return ()
    if any(column.startswith(f"{truth}_") for column in table.columns):
        return ()  # a number a class: the column beside them is something else
    if labels.columns:
        return tuple(labels.columns)
    held = [name for name in (truth, *systems) if name in table.columns]
    found = {cell for name in held for cell in table.text(name)}
    for system in systems:
        start = f"{system}_"
        found |= {c.removeprefix(start) for c in table.columns if c.startswith(start)}
    if len(found) < 2:
        raise MerbenchError(
            f"{table.header}: column {truth!r} holds one class alone, {', '.join(found)}; there "
            "must be two at least"
        )
    return tuple(sorted(found))


def one_hot_labels(table: WideTable, column: str, classes: Sequence[str]) -> Array:
    """Return a column of classes as distributions, shape (rows, classes)."""
    at = {name: place for place, name in enumerate(classes)}
    rows = np.zeros((len(table.rows), len(classes)))
    for i, cell in enumerate(table.text(column)):
        cell = _SHORT.get(cell.upper(), cell) if tuple(classes) == QUADRANTS else cell
        if cell not in at:
            raise MerbenchError(
                f"{table.places[i]}: column {column!r} holds {cell!r}, and the classes are "
                f"{', '.join(classes)}"
            )
        rows[i, at[cell]] = 1.0
    return rows
