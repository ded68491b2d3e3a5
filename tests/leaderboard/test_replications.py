"""Several runs of one cell."""

from __future__ import annotations

from board_cells import LESS, NOISE

from boards import made, recorded_run
from merbench.leaderboard import files
from merbench.leaderboard.building import build_board


def later(*cells, run="second"):
    return recorded_run(*cells, run=run, started="2026-01-02T00:00:00+00:00")


def test_a_run_that_completes_a_cell_stands_for_one_that_failed():
    first = recorded_run(made("a", NOISE, failed={0: "no memory"}), run="first")
    board = build_board([first, later(made("a", NOISE))])
    assert board.leaderboard[["run", "status", "n_runs"]].values.tolist() == [["second", "ok", 1]]
    assert board.replications["status"].tolist() == ["failed", "ok"]
    both = build_board([first, later(made("a", NOISE, failed={1: "no"}))])
    assert both.leaderboard[["run", "status", "n_runs"]].values.tolist() == [["first", "failed", 2]]


def test_equal_results_confirm_each_other():
    board = build_board([recorded_run(made("a", LESS), run="first"), later(made("a", LESS))])
    (row,) = board.leaderboard.to_dict("records")
    assert row["n_runs"] == 2
    assert row["kl_mean_least"] == row["kl_mean_most"] == row["kl_mean"]


def test_the_file_is_there_where_cells_were_run_again():
    one = recorded_run(made("a", LESS), run="first")
    assert "replications.csv" not in files.compose_board([one]).texts
    text = files.compose_board([one, later(made("a", NOISE))]).texts["replications.csv"]
    assert text.count("\n") == 3
    assert len(files.compose_board([one, later(made("a", NOISE))]).predictions) == 1
