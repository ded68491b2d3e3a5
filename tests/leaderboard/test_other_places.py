"""Ranks and tiers by what else a field ranks by."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from board_cells import board, noisy

from boards import made, recorded_run
from merbench import Task
from merbench.errors import MerbenchError
from merbench.leaderboard.building import build_board
from merbench.leaderboard.other_places import ways_to_rank
from merbench.leaderboard.system_pairs import compare_within
from merbench.runs.record import RunRecord
from merbench.runs.row_columns import predicted_columns, score_fold, truth_columns

QUADRANTS = Task.QUADRANT.columns


def of_classes(*right: float, withheld: bool = False) -> RunRecord:
    """A run on quadrants with systems that are right with these probabilities."""
    rng = np.random.default_rng(0)
    cells = [made(f"m{i}", [[0.1] * 60] * 3, task="quadrant", n_train=120)
             for i in range(len(right))]  # fmt: skip
    run = recorded_run(*cells)
    keep = [c for c in run.predictions if not c.startswith(("truth_", "predicted_"))]
    predictions = run.predictions[keep].copy()
    truth = np.eye(4)[rng.integers(0, 4, 60)]
    parts, folds = [], []
    for row in run.folds.to_dict("records"):
        part = predictions[
            (predictions["cell"] == row["cell"]) & (predictions["fold"] == row["fold"])
        ]
        hits = rng.random(60) < right[int(row["cell"][1:])]
        called = np.where(hits, truth.argmax(1), rng.integers(0, 4, 60))
        predicted = 0.85 * np.eye(4)[called] + 0.0375
        kl, metrics = score_fold(Task.QUADRANT, truth, predicted, part["clip"].tolist())
        part = part.assign(kl=kl)
        part[truth_columns(QUADRANTS)] = np.nan if withheld else truth
        part[predicted_columns(QUADRANTS)] = predicted
        parts.append(part)
        fixed = {
            k: v
            for k, v in row.items()
            if not k.startswith(("mse", "rmse", "r2", "ccc", "pear", "n_f", "n_n"))
        }
        folds.append(fixed | metrics)
    marks = {cell["cell"]: "" for cell in cells} if withheld else {}
    manifest = run.manifest | {"marks": marks}
    return RunRecord(manifest, pd.DataFrame(folds), pd.concat(parts, ignore_index=True))


def rows(run: RunRecord) -> pd.DataFrame:
    return build_board([run]).leaderboard.set_index("cell")


def test_what_a_task_can_be_ranked_by():
    assert ways_to_rank("va") == ("kl", "squared-error")
    assert ways_to_rank("quadrant") == ("kl", "squared-error", "zero-one", "macro-f1")


def test_valence_and_arousal_are_ranked_by_squared_error_too():
    table = board(noisy("a", 0.05, 1), noisy("b", 0.09, 2)).leaderboard.set_index("cell")
    assert table["rank_by_squared_error"].to_dict() == {"a": 1, "b": 2}
    assert table["tier_by_squared_error"].to_dict() == {"a": 1, "b": 2}
    assert table["squared_error"].to_numpy() == pytest.approx(table["mse"].to_numpy())
    assert table["rank_by_macro_f1"].isna().all()


def test_classes_are_ranked_by_accuracy_and_f1_with_tests():
    table = rows(of_classes(0.95, 0.93, 0.6))
    for way in ("squared_error", "zero_one", "macro_f1"):
        assert table[f"rank_by_{way}"].loc["m2"] == 3
        assert table[f"tier_by_{way}"].to_dict() == {"m0": 1, "m1": 1, "m2": 2}
    assert (table["macro_f1_low"] < table["macro_f1"]).all()
    assert (table["macro_f1"] < table["macro_f1_high"]).all()
    best = table["macro_f1"].idxmax()
    assert table.loc[best, "rank_by_macro_f1"] == 1
    assert table.loc[table["accuracy"].idxmax(), "rank_by_zero_one"] == 1


def test_where_labels_are_left_out_ranks_follow_from_the_folds_without_tiers():
    table, whole = rows(of_classes(0.95, 0.8, 0.6, withheld=True)), rows(of_classes(0.95, 0.8, 0.6))
    for way in ("zero_one", "macro_f1"):
        pd.testing.assert_series_equal(table[f"rank_by_{way}"], whole[f"rank_by_{way}"])
        assert table[f"tier_by_{way}"].isna().all()
    assert table["rank_by_squared_error"].isna().all()


@pytest.mark.parametrize("way", ["squared-error", "zero-one", "macro-f1"])
def test_pairs_are_compared_by_any_of_them(way: str):
    found = compare_within(of_classes(0.9, 0.3), across=["model"], by=way)
    (row,) = found.rows
    better: Any = row.a if row.better == "a" else row.b
    assert row.significant
    assert better.endswith("m0")
    assert row.detectable_difference > 0


def test_labels_that_are_not_there_are_said():
    with pytest.raises(MerbenchError, match="by kl alone, for the labels of its clips are not in"):
        compare_within(of_classes(0.9, 0.3, withheld=True), across=["model"], by="macro-f1")
