"""Russell's quadrants: how valence and arousal name one, and how a label does.

Russell (1980), "A circumplex model of affect". Q1 is high valence and high arousal (joy), Q2 low
valence and high arousal (anger, fear), Q3 low valence and low arousal (sadness), Q4 high valence
and low arousal (calm, tenderness).
"""

from __future__ import annotations

from merbench.tasks.task import Task

__all__ = ["MIDPOINT", "one_hot", "quadrant"]

MIDPOINT = 0.5
"""Where valence and arousal, on [0, 1], are cut."""


def quadrant(valence: float, arousal: float) -> str:
    """Name the quadrant of a valence and an arousal on [0, 1]; the midpoint counts as high."""
    if arousal >= MIDPOINT:
        return "Q1" if valence >= MIDPOINT else "Q2"
    return "Q4" if valence >= MIDPOINT else "Q3"


def one_hot(name: str) -> tuple[float, ...]:
    """Return the label of a clip that is in one quadrant alone, columns as in `Task.columns`."""
    return tuple(float(column == name) for column in Task.QUADRANT.columns)
