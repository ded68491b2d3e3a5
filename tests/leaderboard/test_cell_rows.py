"""A row of the leaderboard, against numbers worked out by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest
from board_cells import NOISE, board, noisy

from boards import made, recorded_run
from merbench.leaderboard.building import build_board
from merbench.runs.row_columns import metric_columns


def test_a_row_is_what_hand_calculation_gives():
    (row,) = board(made("a", [[0.1, 0.2], [0.0, 0.1, 0.2]], n_train=8)).leaderboard.to_dict(
        "records"
    )
    first, second = (0.5 + 2) / 2, (0 + 0.5 + 2) / 3
    assert row["kl_mean"] == pytest.approx((first + second) / 2)
    assert row["kl_median"] == pytest.approx((1.25 + 0.5) / 2)
    assert row["mse_valence_mean"] == pytest.approx((0.05 / 2 + 0.05 / 3) / 2)
    assert (row["status"], row["n_folds"], row["n_failed"], row["n_clips"]) == ("ok", 2, 0, 10)
    assert (row["rank"], row["rank_low"], row["rank_high"], row["n_groups"]) == (1, 1, 1, 2)
    assert row["seconds"] == 5.0
    assert row["peak_memory_mb"] == 200.0
    assert np.isnan(row["kl_difference_to_best"])


def test_counts_are_summed_over_folds():
    run = recorded_run(made("a", [[0.1], [0.1], [0.1]]))
    run.folds["n_nonpositive_std"] = [1, 0, 3]
    (row,) = build_board([run]).leaderboard.to_dict("records")
    assert row["n_nonpositive_std"] == 4
    assert row["n_floored_std"] == 0


def test_one_failed_fold_makes_a_failed_row_without_numbers_or_rank():
    run = recorded_run(
        made("whole", [[0.3, 0.4], [0.3, 0.4]]),
        made("broken", [[0.0, 0.1], [0.0, 0.1]], failed={1: "broken: it raised"}),
    )
    table = build_board([run]).leaderboard
    assert table["model"].tolist() == ["whole", "broken"]
    row = table.iloc[1]
    assert (row["status"], row["error"]) == ("failed", "broken: it raised")
    assert (row["n_folds"], row["n_failed"]) == (2, 1)
    empty = ["rank", "tier", "rank_low", "kl_mean_low", "corrected_p_holm"]
    assert row[[*empty, *metric_columns(run.folds)]].isna().all()
    assert table.iloc[0]["rank"] == 1


def test_the_paths_of_a_machine_do_not_reach_the_table():
    parameters = json.dumps({"separator": {"weights": "/home/someone/weights/model-7"}})
    table = board(made("a", NOISE, parameters=parameters)).leaderboard
    assert json.loads(table["parameters"][0]) == {"separator": {"weights": "model-7"}}


def test_without_labels_a_row_keeps_the_mark_that_it_had_with_them():
    run = recorded_run(noisy("a", 0.02, 1), marks={"a": "uncorrelated with truth"})
    for column in [c for c in run.predictions if c.startswith("truth_")]:
        run.predictions[column] = np.nan
    (row,) = build_board([run]).leaderboard.to_dict("records")
    assert row["mark"] == "uncorrelated with truth"
