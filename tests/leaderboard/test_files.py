"""The files of a leaderboard: their names, their bytes, and what says what they hold."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from boards import made, recorded_run
from merbench import Task
from merbench.errors import MerbenchError
from merbench.leaderboard import datasets, dictionary, files
from merbench.leaderboard.building import build
from merbench.leaderboard.citation import citation
from merbench.runs import record
from merbench.runs.record import RunRecord
from merbench.runs.row_columns import predicted_columns, score_fold, truth_columns

KL = [[0.1, 0.2, 0.15, 0.05], [0.2, 0.1, 0.12, 0.3]]


def written(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_same_runs_give_the_same_bytes_in_whatever_order(two_runs, tmp_path):
    read = [record.read(run) for run in two_runs[1:]]
    for name, runs in (("a", read), ("b", read[::-1]), ("c", read)):
        files.write(files.compose(runs), tmp_path / name)
    once = written(tmp_path / "a")
    assert once == written(tmp_path / "b") == written(tmp_path / "c")
    assert once.keys() == {
        "leaderboard.csv", "folds.csv", "comparisons.csv", "predictions.parquet",
        "dictionary.csv", "CITATION.cff", "across-datasets.csv", "separators.csv",
    }  # fmt: skip


def test_a_runs_own_leaderboard_is_that_of_a_board_of_it_alone(two_runs, tmp_path):
    files.write(files.compose([record.read(two_runs[1])]), tmp_path)
    for name in ("leaderboard.csv", "comparisons.csv", "separators.csv"):
        assert (tmp_path / name).read_bytes() == (two_runs[1] / name).read_bytes()


def test_folds_and_predictions_are_those_of_the_rows_listed(two_runs, tmp_path):
    read = [record.read(run) for run in two_runs[1:]]
    files.write(files.compose(read), tmp_path)
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


def test_runs_with_and_without_trials_stand_in_one_table_of_folds(tmp_path):
    earlier = recorded_run(made("a", KL), run="run-1")
    later = recorded_run(made("b", KL), run="run-2")
    later.folds.insert(list(later.folds).index("curve") + 1, "trials", "[]")
    for name, runs in (("a", [earlier, later]), ("b", [later, earlier])):
        files.write(files.compose(runs), tmp_path / name)
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


# --- the dictionary ------------------------------------------------------------------------------


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
        assert dictionary.describe(column).meaning


def test_a_column_nobody_described_is_an_error_that_says_where_to():
    with pytest.raises(LookupError, match=r"lacks the column surprise; add it to dictionary"):
        dictionary.describe("surprise")


# --- the citation --------------------------------------------------------------------------------


def test_the_citation_names_the_software_and_each_dataset_once():
    runs = [
        recorded_run(made("a", KL), made("b", KL, dataset="e"), run="1"),
        recorded_run(made("c", KL), run="2"),
    ]
    text = files.compose(runs).texts["CITATION.cff"]
    assert "&" not in text  # YAML's shorthand, which not every reader of this format knows
    document = yaml.safe_load(text)
    assert document["cff-version"] == "1.2.0"
    assert {"title", "message", "authors", "version", "license"} <= document.keys()
    assert [reference["title"] for reference in document["references"]] == ["d", "e"]
    for reference in document["references"]:
        assert reference["type"] == "data"
        assert "Who, What, 2000" in reference["notes"]
        assert reference["url"] == "https://example.org"
        assert reference["authors"]


def cited(**entry: Any) -> dict[str, Any]:
    """The one reference of a board of one dataset."""
    known = {"name": "my-songs", "data_hash": "data", "version": "1", "task": "va",
             "citation": "", "homepage": "", "licence": "", "synthetic": False}  # fmt: skip
    text = citation([RunRecord({"datasets": [known | entry]}, pd.DataFrame(), pd.DataFrame())])
    assert text.count("merbench developers") == 1  # of the software
    (reference,) = yaml.safe_load(text)["references"]
    return reference


@pytest.mark.parametrize("synthetic", [False, True])
def test_nobody_is_credited_with_somebodys_data(synthetic):
    reference = cited(synthetic=synthetic)
    assert reference["authors"] == [{"name": "The authors of my-songs"}]


def test_authors_that_a_dataset_names_are_credited():
    reference = cited(name="my-songs (fixed_std=0.1)", authors=["Ann", "Bo"], citation="Ann 2026")
    assert reference["title"] == "my-songs"
    assert reference["authors"] == [{"name": "Ann"}, {"name": "Bo"}]
    assert reference["notes"] == "Ann 2026"


def test_two_datasets_of_one_name_are_both_cited():
    entries = [
        {"name": "table", "citation": text, "homepage": "", "licence": "", "synthetic": False}
        for text in ("Ann 2026", "Bo 2025", "Ann 2026")
    ]
    text = citation([RunRecord({"datasets": entries}, pd.DataFrame(), pd.DataFrame())])
    assert [r["notes"] for r in yaml.safe_load(text)["references"]] == ["Ann 2026", "Bo 2025"]


# --- several data sets ---------------------------------------------------------------------------


def several(datasets: int) -> pd.DataFrame:
    """Three systems of a clear order on each data set, and one that is on the first alone."""
    rng = np.random.default_rng(3)
    cells = []
    for d in range(datasets):
        for name, scale in (("good", 0.05), ("fair", 0.1), ("poor", 0.2)):
            offsets = (scale * rng.uniform(0.9, 1.1, (2, 6))).tolist()
            cells.append(made(f"{name}-{d}", offsets, model=name, dataset=f"d{d}"))
    cells.append(made("alone", [[0.1] * 6] * 2, dataset="d0"))
    return build([recorded_run(*cells)]).leaderboard


def test_systems_are_compared_over_the_datasets_that_all_have():
    found = datasets.systems(several(8))
    assert found is not None
    assert found["model"].tolist() == ["good", "fair", "poor"]
    assert found["mean_rank"].tolist() == [1, 2, 3]
    assert set(found["n_datasets"]) == {8}
    assert found["friedman_p"].iloc[0] < 0.01
    few = datasets.systems(several(2))
    assert few is not None
    assert few["cliques"].tolist() == ["1", "1", "1"]  # two data sets tell nothing apart


def test_one_dataset_is_no_sample_of_datasets():
    assert datasets.systems(several(1)) is None
    assert "across-datasets.csv" not in files.compose([recorded_run(made("a", KL))]).names


# --- writing -------------------------------------------------------------------------------------


def test_a_file_of_an_earlier_leaderboard_does_not_stay(tmp_path):
    composed = files.compose([recorded_run(made("a", KL))])
    (tmp_path / "across-datasets.csv").write_text("old")
    files.write(composed, tmp_path)
    assert set(written(tmp_path)) == composed.names


def test_a_folder_that_cannot_be_written_is_one_clear_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(MerbenchError, match=r"leaderboard cannot be written to .*file"):
        files.write(files.compose([recorded_run(made("a", KL))]), tmp_path / "file")


def test_tasks_may_be_mixed(tmp_path):
    """Columns that a run lacks are empty in its rows."""
    va = recorded_run(made("a", KL))
    quadrant = recorded_run(made("q", KL, dataset="q", task="quadrant"), run="run-2")
    names = dict(
        zip(
            truth_columns(Task.VA.columns) + predicted_columns(Task.VA.columns),
            truth_columns(Task.QUADRANT.columns) + predicted_columns(Task.QUADRANT.columns),
            strict=True,
        )
    )
    quarter = dict.fromkeys(names.values(), 0.25)
    rows = quadrant.predictions.rename(columns=names).assign(**quarter)
    files.write(
        files.compose([va, record.RunRecord(quadrant.manifest, quadrant.folds, rows)]), tmp_path
    )
    frame = pd.read_parquet(tmp_path / "predictions.parquet")
    assert frame[frame["dataset"] == "d"]["truth_Q1"].isna().all()
    assert frame[frame["dataset"] == "q"]["truth_valence_mean"].isna().all()
    assert frame["truth_Q1"].notna().sum() == 8
