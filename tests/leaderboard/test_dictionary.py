"""Every column of every file is described."""

from __future__ import annotations

import csv

import numpy as np
import pandas as pd
import pytest

from merbench import Task
from merbench.leaderboard import dictionary
from merbench.runs.row_columns import predicted_columns, score_fold, truth_columns


def test_every_column_of_every_file_is_in_the_dictionary(published):
    with (published / "dictionary.csv").open(newline="") as handle:
        known = {(row["file"], row["column"]): row["meaning"] for row in csv.DictReader(handle)}
    assert all(meaning.strip() for meaning in known.values())
    there = set()
    for path in published.glob("*.csv"):
        header = path.read_text().splitlines()[0].split(",")
        there |= {(path.name, column) for column in header}
    predictions = pd.read_parquet(published / "predictions.parquet")
    there |= {("predictions.parquet", column) for column in predictions}
    assert set(known) == there


@pytest.mark.parametrize("task", Task)
def test_every_metric_of_every_task_is_in_the_dictionary(task):
    truth = np.full((3, 4), 0.25)
    _, metrics = score_fold(task, truth, truth, ["a", "b", "c"])
    for column in [*metrics, *truth_columns(task.columns), *predicted_columns(task.columns)]:
        assert dictionary.describe_column(column).meaning


def test_a_column_nobody_described_is_an_error_that_says_where_to():
    with pytest.raises(LookupError, match=r"lacks the column surprise; add it to dictionary"):
        dictionary.describe_column("surprise")
