"""What a task says of its labels."""

from __future__ import annotations

from merbench import FeatureKind, Task


def test_task_columns_are_those_of_a_label() -> None:
    assert Task.VA.columns == ("valence_mean", "arousal_mean", "valence_std", "arousal_std")
    assert Task.QUADRANT.columns == ("Q1", "Q2", "Q3", "Q4")
    assert [kind.ndim for kind in FeatureKind] == [1, 2, 2, 1]
