"""Cells of a plan by their names, for the tests of several modules."""

from __future__ import annotations

from merbench import Dataset, Task
from merbench.planning.plan import Plan

FOLDS = 3


def names(plan: Plan) -> list[tuple[str, ...]]:
    return [tuple(cell.names.values())[2:] for cell in plan.cells]


class Quadrants(Dataset):
    """Holds quadrants."""

    name = "quadrants"
    task = Task.QUADRANT
