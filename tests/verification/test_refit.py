"""Fitting sampled folds again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from merbench.engines import schedule
from merbench.engines.schedule import Outcome
from merbench.errors import MerbenchError
from merbench.leaderboard import run_results, submission
from merbench.runs import record
from merbench.steps.step import Step
from merbench.verification.refit import Refit, rerun, sample
from tinybench import Here, TinyBench


@pytest.fixture
def ran(bench: TinyBench) -> Path:
    """A run of the benchmark."""
    run_results.write_results(bench.run(), bench.folder / "out")
    return bench.folder / "out"


def again(bench: TinyBench, folder: Path, count: int = 3, **named: Any) -> Refit:
    def work(tasks: Mapping[str, Step], paths: Sequence[Path]) -> Mapping[str, Outcome]:
        return schedule.execute_steps(tasks, Here(bench.store), lambda outcome: None)

    return rerun(folder, count, bench.store, work, registry=bench.registry(), trusted=True, **named)


def test_an_honest_run_predicts_the_same_again(bench, ran):
    found = again(bench, ran, 3, seed=5)
    assert found.differences == ()
    assert len(found.folds) == 3
    assert all(line.startswith("noise: ") and ", fold " in line for line in found.folds)


def test_the_sample_follows_its_seed_and_holds_no_fold_twice(bench, ran):
    run = record.read_record(ran)
    assert sample(run, 4, 1) == sample(run, 4, 1)
    assert len({tuple(sample(run, 4, seed)) for seed in range(8)}) > 1
    assert len(set(sample(run, 99, 0))) == 9
    assert {cell for cell, _ in sample(run, 99, 0)} == set(run.folds["cell"])


def test_only_the_sampled_folds_are_fitted_and_nothing_is_extracted_again(bench, ran):
    before = bench.stages()
    again(bench, ran, 2, seed=3)
    done = bench.stages() - before
    assert done.keys() <= {"fit", "predict"}
    assert done["fit"] <= 2


def test_features_that_are_gone_are_extracted_again(bench, ran):
    shutil.rmtree(bench.store.folder)
    bench.store.prepare()
    found = again(bench, ran, 9)
    assert found.differences == ()
    assert bench.stages()["extract"] > 0


def test_a_prediction_that_was_changed_is_named(bench, ran):
    frame = pd.read_parquet(ran / "predictions.parquet")
    frame.loc[:, "predicted_valence_mean"] += 1e-3
    record.write_parquet([frame], ran / "predictions.parquet")
    found = again(bench, ran, 3)
    assert len(found.differences) == 3
    assert all(
        "predicted_valence_mean of clip c" in line and "when fitted again" in line
        for line in found.differences
    )


def test_data_that_changed_make_other_cells(bench, ran):
    labels = bench.folder / "data" / "clips.csv"
    labels.write_text(labels.read_text().replace("0.12", "0.13", 1))
    found = again(bench, ran, 1)
    assert "the benchmark no longer makes this cell" in found.differences[0]


def test_data_that_moved_are_found_where_the_assignment_says(bench, ran, tmp_path):
    (bench.folder / "data").rename(tmp_path / "moved")
    with pytest.raises(MerbenchError, match=r"the folder .* does not exist"):
        again(bench, ran)
    found = again(bench, ran, assignments=[f"datasets.noise.root={tmp_path / 'moved'}"])
    assert found.differences == ()


def test_what_cannot_be_extracted_any_more_is_a_difference(bench, ran):
    shutil.rmtree(bench.store.folder)
    bench.store.prepare()

    def fail(tasks: Mapping[str, Step], paths: Sequence[Path]) -> Mapping[str, Outcome]:
        return {key: Outcome(task, "the disk is gone", 0.0) for key, task in tasks.items()}

    found = rerun(ran, 9, bench.store, fail, registry=bench.registry(), trusted=True)
    assert len(found.differences) == 6  # the three of the model that hears nothing need no features
    assert all("cannot be fitted here: the disk is gone" in line for line in found.differences)


def test_a_submission_says_too_little_to_be_repeated(bench, ran, tmp_path):
    submission.write_submission(submission.of_run(record.read_record(ran)), tmp_path / "submitted")
    with pytest.raises(MerbenchError, match="is a published submission, which does not say where"):
        again(bench, tmp_path / "submitted")


def test_a_run_of_an_earlier_release_is_refused_in_words(ran):
    path = ran / "manifest.json"
    document = json.loads(path.read_text())
    del document["evaluator"]
    path.write_text(json.dumps(document))
    with pytest.raises(MerbenchError, match=r"made by an earlier merbench, .* run it again"):
        record.read_record(ran)


def test_cells_of_a_grid_are_told_apart(bench: TinyBench) -> None:
    run_results.write_results(
        bench.run(models=[{"linear": {"penalty": [0.5, 9.0]}}]), bench.folder / "out"
    )
    folds = again(bench, bench.folder / "out", 50).folds
    assert len(set(folds)) == len(folds)
    assert any("linear (penalty=0.5)" in fold for fold in folds)
    assert any("linear (penalty=9.0)" in fold for fold in folds)
