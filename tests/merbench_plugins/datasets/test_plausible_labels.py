"""Labels that cannot be right together are refused; real ones are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from merbench_plugins.datasets.label_table import LabelError, LabelTable
from merbench_plugins.datasets.plausible_labels import (
    refuse_swapped_spread,
    refuse_unused_scale,
    spread_bound,
)


def test_a_scale_that_means_hardly_use_is_refused() -> None:
    labels = [(mean / 100, mean / 100, 0.1, 0.1) for mean in (0.2, 0.5, 0.9)]
    with pytest.raises(LabelError, match=r"x: all means lie between 0.2 and 0.9, less than 2% of"):
        refuse_unused_scale(labels, (0, 100), "x")
    refuse_unused_scale([(0.2, 0.21, 0.1, 0.1), (0.2, 0.23, 0.1, 0.1)], (0, 1), "x")
    refuse_unused_scale(labels[:1], (0, 100), "x")


def test_real_labels_use_their_scale(shared: Path) -> None:
    table = LabelTable.read(shared / "data/labels/deam_corrected_01.csv")
    labels = [[row.number(f"{d}_mean") for d in ("valence", "arousal")] for row in table]
    refuse_unused_scale(labels, (0, 1), "deam")
    with pytest.raises(LabelError, match="correct the scale"):
        refuse_unused_scale([[v / 100 for v in row] for row in labels], (0, 100), "deam")


def test_bound_is_reached_by_ratings_at_both_ends() -> None:
    ratings = [0.0] * 7 + [1.0] * 3
    mean = sum(ratings) / 10
    std = (sum((x - mean) ** 2 for x in ratings) / 10) ** 0.5
    assert spread_bound(mean) == pytest.approx(std)


def test_real_labels_pass_and_swapped_columns_do_not(shared: Path) -> None:
    table = LabelTable.read(shared / "data/labels/deam_corrected_01.csv")
    columns = ("valence_mean", "arousal_mean", "valence_std", "arousal_std")
    labels = [[row.number(column) for column in columns] for row in table]
    refuse_swapped_spread(labels, "deam")
    with pytest.raises(LabelError, match="swapped"):
        refuse_swapped_spread([[*row[2:], *row[:2]] for row in labels], "deam")
    crossed = [[v, a_std, v_std, a] for v, a, v_std, a_std in labels]
    with pytest.raises(LabelError, match="of arousal given"):
        refuse_swapped_spread(crossed, "deam")
