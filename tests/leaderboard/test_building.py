"""Boards: places and tiers, and rows of many runs side by side."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from board_cells import LESS, NOISE, board, noisy, pairs

from boards import made, recorded_run
from merbench.errors import MerbenchError
from merbench.leaderboard.building import build_board
from merbench.runs.record import RunRecord

# --- places --------------------------------------------------------------------------------------


def test_the_best_comes_first_within_a_table_and_failures_last():
    table = board(
        made("a2", [[0.2]], dataset="b"),
        made("a1", [[0.1]], dataset="b"),
        made("a0", [[0.0]], dataset="b", failed={0: "no"}),
        made("a3", [[0.4]], dataset="a"),
    ).leaderboard
    assert table["cell"].tolist() == ["a3", "a1", "a2", "a0"]
    assert table["rank"].fillna(0).tolist() == [1, 1, 2, 0]


def test_equals_share_a_rank():
    table = board(made("a", LESS), made("b", LESS), made("c", NOISE)).leaderboard
    assert table["rank"].tolist() == [1, 1, 3]
    assert table["tier"].isna().all()  # nothing can be told apart


def test_what_can_be_told_apart_is_of_another_tier_and_every_row_is_held_against_the_best():
    found = board(noisy("good", 0.05, 1), noisy("alike", 0.0502, 2), noisy("bad", 0.09, 3))
    rows = found.leaderboard.set_index("cell")
    assert rows["tier"].to_dict() == {"good": 1, "alike": 1, "bad": 2}
    assert rows.loc["bad", "rank"] == 3
    assert (rows["rank_low"] <= rows["rank"]).all()
    assert (rows["rank_high"] >= rows["rank"]).all()
    assert (rows["kl_mean_low"] < rows["kl_mean"]).all()
    difference = rows.loc["bad", "kl_mean"] - rows["kl_mean"].min()
    assert rows.loc["bad", "kl_difference_to_best"] == pytest.approx(difference)
    assert rows.loc["bad", "corrected_p_holm"] < 0.05
    assert rows.loc["bad", "rank_biserial"] == pytest.approx(1.0)
    assert rows.loc["alike" if rows.loc["good", "rank"] == 1 else "good", "corrected_p_holm"] > 0.05
    assert rows.loc["bad", "detectable_difference"] > 0


@pytest.mark.parametrize("key", ["split_hash", "data_hash", "dataset"])
def test_cells_of_other_splits_or_data_are_never_ranked_or_compared_together(key):
    found = board(
        made("a", NOISE),
        made("b", LESS),
        made("c", NOISE, **{key: "another"}),
        made("d", LESS, **{key: "another"}),
        spec={"compare": [{"across": "model"}]},
    )
    assert pairs(found.comparisons) == {("model", "a", "b"), ("model", "c", "d")}
    assert sorted(found.leaderboard["rank"]) == [1, 1, 2, 2]
    assert found.leaderboard["table"].nunique() == 2


@pytest.mark.parametrize(
    "change",
    [{"evaluator": {"version": "2", "hash": "source"}}, {"datasets": None}],
    ids=["evaluator", "dataset version"],
)
def test_other_versions_of_evaluator_or_dataset_never_share_a_table(change):
    old = recorded_run(made("a", NOISE))
    if change == {"datasets": None}:
        change = {"datasets": [entry | {"version": "2"} for entry in old.manifest["datasets"]]}
    new = recorded_run(made("b", LESS), run="run-2", **change)
    found = build_board([old, new])
    assert found.leaderboard["table"].nunique() == 2
    assert found.leaderboard["rank"].tolist() == [1, 1]
    assert found.comparisons.empty


def test_another_hash_of_the_same_evaluator_version_shares_the_table():
    other = recorded_run(made("b", LESS), run="run-2", evaluator={"version": "1", "hash": "new"})
    assert len(set(build_board([recorded_run(made("a", NOISE)), other]).leaderboard["table"])) == 1


def test_one_split_hash_over_other_clips_is_an_error_that_names_the_cells():
    short = [NOISE[0][:3], NOISE[1]]
    with pytest.raises(MerbenchError, match="cells b and a of d have one split hash and were not"):
        board(made("a", NOISE), made("b", [LESS[0][:3], LESS[1]]), made("c", short))


def test_cells_are_aligned_whatever_the_order_of_their_rows():
    straight = recorded_run(made("a", NOISE), made("b", LESS))
    shuffled = RunRecord(
        straight.manifest, straight.folds, straight.predictions.sample(frac=1, random_state=1)
    )
    one, other = build_board([straight]), build_board([shuffled])
    pd.testing.assert_frame_equal(one.leaderboard, other.leaderboard)
    pd.testing.assert_frame_equal(one.comparisons, other.comparisons)


# --- people and marks ----------------------------------------------------------------------------


def test_people_have_no_rank_and_every_row_says_how_far_from_them_it_is():
    run = recorded_run(
        made("a", NOISE),
        made("panel", LESS, model="human-ceiling(panel)", role="people", separator="none",
             features="none"),
        made("half", NOISE, model="human-ceiling(split-half)", role="people", separator="none",
             features="none"),
    )  # fmt: skip
    rows = build_board([run]).leaderboard.set_index("cell")
    assert rows["rank"].fillna(0).to_dict() == {"panel": 0, "a": 1, "half": 0}
    expected = rows.loc["a", "kl_mean"] - rows.loc["panel", "kl_mean"]
    assert rows.loc["a", "kl_difference_to_people"] == pytest.approx(expected)
    assert np.isnan(rows.loc["panel", "kl_difference_to_people"])


# --- many runs -----------------------------------------------------------------------------------


def test_the_order_in_which_runs_are_named_changes_nothing():
    runs = [
        recorded_run(made("a", NOISE), run="2", started="2026-01-01T00:00:00+00:00"),
        recorded_run(made("b", LESS), run="1", started="2026-01-01T00:00:00+00:00"),
        recorded_run(made("c", LESS), run="0", started="2026-01-02T00:00:00+00:00"),
    ]
    one, other = build_board(runs), build_board(runs[::-1])
    pd.testing.assert_frame_equal(one.leaderboard, other.leaderboard)
    pd.testing.assert_frame_equal(one.comparisons, other.comparisons)
    assert [run.manifest["run"] for run in one.runs] == ["1", "2", "0"]


def test_what_two_runs_share_with_equal_results_is_one_row_of_the_first():
    first = recorded_run(made("base", NOISE), made("a", LESS), run="first")
    second = recorded_run(
        made("base", NOISE), made("b", LESS), run="second", started="2026-01-02T00:00:00+00:00"
    )
    found = build_board([second, first])
    rows = found.leaderboard[["cell", "run"]].values.tolist()
    assert sorted(rows) == [["a", "first"], ["b", "second"], ["base", "first"]]
    assert not found.comparisons.duplicated(["cell_a", "cell_b", "across"]).any()


def test_one_cell_with_other_results_is_a_replication_that_is_ranked_once():
    found = build_board([
        recorded_run(made("a", NOISE), made("b", LESS), run="first"),
        recorded_run(made("a", LESS), run="second", started="2026-01-02T00:00:00+00:00"),
    ])  # fmt: skip
    rows = found.leaderboard.set_index("cell")
    assert found.leaderboard["run"].tolist() == ["first", "first"]
    assert found.leaderboard["rank"].tolist() == [1, 2]
    assert rows["n_runs"].to_dict() == {"a": 2, "b": 1}
    assert rows.loc["a", "kl_mean"] == rows.loc["a", "kl_mean_most"]
    assert rows.loc["a", "kl_mean_least"] == rows.loc["b", "kl_mean"]
    assert np.isnan(rows.loc["b", "kl_mean_least"])
    runs = found.replications
    assert runs[["cell", "run", "listed"]].values.tolist() == [
        ["a", "first", True], ["a", "second", False],
    ]  # fmt: skip
    assert runs["kl_mean"].tolist() == [
        rows.loc["a", "kl_mean_most"],
        rows.loc["a", "kl_mean_least"],
    ]
