"""Data frames are scored by the names of their columns and clips, whatever the order."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from merbench.errors import MerbenchError
from merbench.evaluation import evaluate, evaluate_frames, labels_of

CLIPS = ["a", "b", "c", "d"]


def frames(task: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return labels and predictions of four clips."""
    rng = np.random.default_rng(3)
    columns = list(labels_of(task).columns) or ["happy", "sad", "calm"]
    made = []
    for _ in range(2):
        rows = rng.uniform(0.1, 0.9, (4, len(columns)))
        rows = rows if task == "va" else rows / rows.sum(axis=1, keepdims=True)
        made.append(pd.DataFrame(rows, CLIPS, columns))
    return made[0], made[1]


@pytest.mark.parametrize("task", ["va", "quadrant", "classes"])
def test_neither_the_order_of_columns_nor_of_clips_matters(task: str) -> None:
    truth, predicted = frames(task)
    classes = () if labels_of(task).columns else list(truth.columns)
    expected = evaluate(task, truth.to_numpy(), predicted.to_numpy(), classes=classes)
    mixed = predicted.iloc[[2, 0, 3, 1], ::-1].assign(beside=1.0)
    found = evaluate_frames(task, truth, mixed)
    np.testing.assert_array_equal(found.kl, expected.kl)
    assert found.metrics == pytest.approx(expected.metrics, rel=0, abs=0, nan_ok=True)
    wrong = evaluate(task, truth.to_numpy(), predicted.to_numpy()[:, ::-1], classes=classes)
    assert wrong.metrics["kl_mean"] != expected.metrics["kl_mean"], "positions would be wrong"


def test_what_is_missing_or_twice_is_named() -> None:
    truth, predicted = frames("va")
    with pytest.raises(MerbenchError, match="no columns 'arousal_std' among the predictions"):
        evaluate_frames("va", truth, predicted.drop(columns="arousal_std"))
    with pytest.raises(MerbenchError, match="no columns 'valence_mean' among those of the truth"):
        evaluate_frames("va", truth.drop(columns="valence_mean"), predicted)
    with pytest.raises(MerbenchError, match="no clips 'b', 'd' among the predictions"):
        evaluate_frames("va", truth, predicted.drop(index=["b", "d"]))
    with pytest.raises(MerbenchError, match="the clip 'a' stands twice in the predictions"):
        evaluate_frames("va", truth, pd.concat([predicted, predicted.iloc[:1]]))


def test_a_row_that_cannot_be_scored_is_named_by_its_clip() -> None:
    truth, predicted = frames("quadrant")
    predicted.loc["c", "Q1"] = np.nan
    with pytest.raises(MerbenchError, match=r"\bc\b"):
        evaluate_frames("quadrant", truth, predicted)
