"""The tasks: what is predicted of a clip."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from merbench.evaluation import LabelKind


class Task(enum.StrEnum):
    """What is predicted of a clip."""

    VA = "va"
    """A normal distribution over valence and arousal."""
    QUADRANT = "quadrant"
    """A distribution over Russell's quadrants."""
    CLASSES = "classes"
    """A distribution over classes that the dataset names (`Dataset.class_names`)."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of a label's and a prediction's columns, in their fixed order.

        `CLASSES` has none: each dataset has its own.
        """
        # Written here as well as in `evaluation.labels`, which takes numpy and scipy to import.
        if self is Task.VA:
            return ("valence_mean", "arousal_mean", "valence_std", "arousal_std")
        return ("Q1", "Q2", "Q3", "Q4") if self is Task.QUADRANT else ()

    @property
    def labels(self) -> LabelKind:
        """The task's labels as one object: their columns, loss, metrics and best constant."""
        from merbench.evaluation.labels import labels_of

        return labels_of(self)
