"""Labels of Russell's quadrants, and of other classes, as label tables write them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from merbench import Task
from merbench.tasks.quadrants import one_hot
from merbench_plugins.datasets.label_table import LabelError, Row

__all__ = ["QUADRANTS", "category_label", "named_quadrant", "quadrant_label", "shares_label"]

QUADRANTS = Task.QUADRANT.columns
NO_CLASSES: Mapping[str, str] = MappingProxyType({})


def named_quadrant(row: Row, column: str, classes: Mapping[str, str] = NO_CLASSES) -> str:
    """Return the quadrant that a cell names: `Q1`, `1`, or a class that `classes` translates."""
    text = row.text(column)
    name = classes.get(text, text)
    if name in QUADRANTS:
        return name
    if f"Q{name}" in QUADRANTS:
        return f"Q{name}"
    known = f"{', '.join(classes)}, or " if classes else ""
    raise LabelError(
        row.where,
        f"column '{column}' is '{text}', which is no quadrant; it takes {known}Q1 to Q4 or 1 to 4",
    )


def quadrant_label(
    row: Row, column: str, classes: Mapping[str, str] = NO_CLASSES
) -> tuple[float, ...]:
    """Return the label of a clip whose one quadrant stands in a cell."""
    return one_hot(named_quadrant(row, column, classes))


def category_label(row: Row, column: str, categories: Sequence[str]) -> tuple[float, ...]:
    """Return the label of a clip whose one class stands in a cell."""
    name = row.text(column)
    if name not in categories:
        raise LabelError(
            row.where, f"column '{column}' is '{name}'; it takes {', '.join(categories)}"
        )
    return tuple(float(name == category) for category in categories)


def shares_label(row: Row, columns: Sequence[str]) -> tuple[float, ...]:
    """Return the label of a clip whose votes, or shares of votes, stand in a cell each."""
    votes = [row.number(column) for column in columns]
    for column, vote in zip(columns, votes, strict=True):
        if vote < 0:
            raise LabelError(row.where, f"column '{column}' is {vote:g}; votes are not negative")
    if sum(votes) <= 0:
        raise LabelError(
            row.where,
            f"columns {', '.join(columns)} are all 0: nobody voted; remove the line",
        )
    return tuple(vote / sum(votes) for vote in votes)
