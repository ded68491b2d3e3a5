"""Intervals of accuracy and areas under ROC curves, as the leaderboard has them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from boards import made, recorded_run
from merbench import Task
from merbench.leaderboard.building import Board, build_board
from merbench.runs import row_columns
from merbench.runs.record import RunRecord

COLUMNS = Task.QUADRANT.columns
TRUE, PREDICTED = row_columns.truth_columns(COLUMNS), row_columns.predicted_columns(COLUMNS)
CLIPS = 24


def run(**right: float) -> RunRecord:
    """A run of two folds on quadrants, with these shares of clips right."""
    rng = np.random.default_rng(0)
    cells = [made(name, [[0.1] * CLIPS] * 2, task="quadrant") for name in right]
    recorded = recorded_run(*cells)
    predictions, folds = recorded.predictions.copy(), recorded.folds.copy()
    truth = np.tile(np.arange(CLIPS) % 4, 2 * len(right))
    share = np.repeat(list(right.values()), 2 * CLIPS)
    guess = np.where(rng.uniform(size=len(truth)) < share, truth, (truth + 1) % 4)
    predictions[TRUE] = np.eye(4)[truth]
    predictions[PREDICTED] = 0.1 + 0.6 * np.eye(4)[guess]
    hit = predictions.assign(hit=truth == guess).groupby(["cell", "fold"])["hit"].mean()
    folds["accuracy"] = [hit[row.cell, row.fold] for row in folds.itertuples()]
    folds["macro_f1"] = 0.5
    return dataclasses.replace(recorded, folds=folds, predictions=predictions)


def row_of(board: Board, cell: str) -> dict:
    (row,) = board.leaderboard[board.leaderboard["cell"] == cell].to_dict("records")
    return row


def test_intervals_hold_the_accuracy_and_areas_are_scikit_learn_s():
    recorded = run(good=0.8, poor=0.3)
    board = build_board([recorded])
    for cell in ("good", "poor"):
        row = row_of(board, cell)
        assert row["accuracy_low"] < row["accuracy"] < row["accuracy_high"]
        part = recorded.predictions[recorded.predictions["cell"] == cell]
        areas = [
            roc_auc_score(fold[true], fold[predicted])
            for true, predicted in zip(TRUE, PREDICTED, strict=True)
            for _, fold in part.groupby("fold")
        ]
        assert row["auc"] == pytest.approx(np.mean(areas))
        precisions = [
            average_precision_score(fold[true], fold[predicted])
            for true, predicted in zip(TRUE, PREDICTED, strict=True)
            for _, fold in part.groupby("fold")
        ]
        assert row["pr_auc"] == pytest.approx(np.mean(precisions))
    columns = list(board.leaderboard.columns)
    at = columns.index("accuracy")
    assert columns[at + 1 : at + 3] == ["accuracy_low", "accuracy_high"]
    at = columns.index("macro_f1")
    assert columns[at + 3 : at + 5] == ["auc", "pr_auc"]


def test_what_is_always_right_or_wrong_has_an_interval_without_width():
    board = build_board([run(right=1.0, wrong=0.0)])
    for cell, share in (("right", 1.0), ("wrong", 0.0)):
        row = row_of(board, cell)
        assert (row["accuracy_low"], row["accuracy_high"]) == (share, share)


def test_what_is_withheld_has_neither():
    recorded = run(good=0.8, poor=0.3)
    own = (recorded.predictions["cell"] == "poor").to_numpy()
    hidden = recorded.predictions.copy()
    hidden.loc[own, PREDICTED] = np.nan
    marks = recorded.manifest | {"marks": {"poor": ""}}
    board = build_board([dataclasses.replace(recorded, manifest=marks, predictions=hidden)])
    shown = row_of(build_board([recorded]), "good")
    names = ["accuracy_low", "accuracy_high", "auc", "pr_auc"]
    assert [row_of(board, "good")[name] for name in names] == [shown[name] for name in names]
    assert np.isnan([row_of(board, "poor")[name] for name in names]).all()
    hidden = recorded.predictions.assign(**dict.fromkeys(TRUE, np.nan))
    marks = recorded.manifest | {"marks": {"good": "", "poor": ""}}
    board = build_board([dataclasses.replace(recorded, manifest=marks, predictions=hidden)])
    assert board.leaderboard[names].isna().all(axis=None)


def test_a_task_of_numbers_has_no_such_columns():
    columns = build_board([recorded_run(made("A", [[0.1, 0.2]]))]).leaderboard.columns
    assert not {"accuracy_low", "accuracy_high", "auc", "pr_auc"} & set(columns)
