"""The files of a leaderboard: their names, their bytes, and what says what they hold."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from board_cells import NOISE

from boards import made, recorded_run
from merbench import Task
from merbench.errors import MerbenchError
from merbench.leaderboard import files
from merbench.runs import record
from merbench.runs.row_columns import predicted_columns, truth_columns


def written(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_same_runs_give_the_same_bytes_in_whatever_order(two_runs, tmp_path):
    read = [record.read_record(run) for run in two_runs[1:]]
    for name, runs in (("a", read), ("b", read[::-1]), ("c", read)):
        files.write_board(files.compose_board(runs), tmp_path / name)
    once = written(tmp_path / "a")
    assert once == written(tmp_path / "b") == written(tmp_path / "c")
    assert once.keys() == {
        "leaderboard.csv", "folds.csv", "comparisons.csv", "predictions.parquet",
        "dictionary.csv", "CITATION.cff", "across-datasets.csv", "separators.csv", "datasets.csv",
        "plugins.csv", "systems.csv", "submissions.csv", "findings.csv",
    }  # fmt: skip


def test_a_runs_own_leaderboard_is_that_of_a_board_of_it_alone(two_runs, tmp_path):
    files.write_board(files.compose_board([record.read_record(two_runs[1])]), tmp_path)
    for name in ("leaderboard.csv", "comparisons.csv", "separators.csv", "findings.csv"):
        assert (tmp_path / name).read_bytes() == (two_runs[1] / name).read_bytes()


def test_folds_and_predictions_are_those_of_the_rows_listed(two_runs, tmp_path):
    read = [record.read_record(run) for run in two_runs[1:]]
    files.write_board(files.compose_board(read), tmp_path)
    board = pd.read_csv(tmp_path / "leaderboard.csv", dtype=str)
    folds = pd.read_csv(tmp_path / "folds.csv", dtype=str)
    predictions = pd.read_parquet(tmp_path / "predictions.parquet")
    keys = ["run", "table", "cell"]
    listed = set(map(tuple, board[keys].to_numpy().tolist()))
    assert set(map(tuple, folds[keys].drop_duplicates().to_numpy().tolist())) == listed
    assert set(map(tuple, predictions[keys].drop_duplicates().to_numpy().tolist())) == listed
    assert len(folds) == 3 * len(board)
    sums = predictions.groupby(["run", "cell", "fold"])["kl"].mean().groupby(["run", "cell"]).mean()
    means = board.set_index(["run", "cell"])["kl_mean"].astype(float)
    assert np.allclose(sums.sort_index(), means.sort_index(), rtol=1e-9)


# --- writing -------------------------------------------------------------------------------------


def test_a_file_of_an_earlier_leaderboard_does_not_stay(tmp_path):
    composed = files.compose_board([recorded_run(made("a", NOISE))])
    (tmp_path / "across-datasets.csv").write_text("old")
    files.write_board(composed, tmp_path)
    assert set(written(tmp_path)) == composed.names


def test_a_folder_that_cannot_be_written_is_one_clear_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(MerbenchError, match=r"leaderboard cannot be written to .*file"):
        files.write_board(files.compose_board([recorded_run(made("a", NOISE))]), tmp_path / "file")


def test_tasks_may_be_mixed(tmp_path):
    """Columns that a run lacks are empty in its rows."""
    va = recorded_run(made("a", NOISE))
    quadrant = recorded_run(made("q", NOISE, dataset="q", task="quadrant"), run="run-2")
    names = dict(
        zip(
            truth_columns(Task.VA.columns) + predicted_columns(Task.VA.columns),
            truth_columns(Task.QUADRANT.columns) + predicted_columns(Task.QUADRANT.columns),
            strict=True,
        )
    )
    quarter = dict.fromkeys(names.values(), 0.25)
    rows = quadrant.predictions.rename(columns=names).assign(**quarter)
    files.write_board(
        files.compose_board([va, record.RunRecord(quadrant.manifest, quadrant.folds, rows)]),
        tmp_path,
    )
    frame = pd.read_parquet(tmp_path / "predictions.parquet")
    assert frame[frame["dataset"] == "d"]["truth_Q1"].isna().all()
    assert frame[frame["dataset"] == "q"]["truth_valence_mean"].isna().all()
    assert frame["truth_Q1"].notna().sum() == 8


KL = [[0.1, 0.2, 0.15, 0.05], [0.2, 0.1, 0.12, 0.3]]


def test_runs_with_and_without_trials_stand_in_one_table_of_folds(tmp_path):
    earlier = recorded_run(made("a", KL), run="run-1")
    later = recorded_run(made("b", KL), run="run-2")
    later.folds.insert(list(later.folds).index("curve") + 1, "trials", "[]")
    for name, runs in (("a", [earlier, later]), ("b", [later, earlier])):
        files.write_board(files.compose_board(runs), tmp_path / name)
    assert (tmp_path / "a" / "folds.csv").read_bytes() == (
        tmp_path / "b" / "folds.csv"
    ).read_bytes()
    folds = pd.read_csv(tmp_path / "a" / "folds.csv", dtype=str)
    columns = list(folds)
    assert columns.index("curve") + 1 == columns.index("trials") < columns.index("error")
    assert folds.groupby("run")["trials"].unique().map(list).to_dict() == {
        "run-1": [np.nan],
        "run-2": ["[]"],
    }
