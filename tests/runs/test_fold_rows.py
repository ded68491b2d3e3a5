"""A fold's row holds values; its columns are stated once, and hold texts."""

from __future__ import annotations

import json
from dataclasses import replace

import pandas as pd

from merbench.runs.fold_rows import FOLD_COLUMNS, FoldRow, fold_table

ROW = FoldRow(
    cell="c", dataset="d", augmentation="none", separator="s", features="f", model="m",
    parameters={"model": {"k": 3}}, role="system", fold=1, seed=7, n_train=8, n_test=2, task="va",
    dataset_parameters={}, n_clips=10, synthetic=False, provenance="", split_hash="split",
    data_hash="data",
)  # fmt: skip


def test_values_become_text_where_they_are_written():
    measured = replace(ROW, curve=[{"epoch": 1, "loss": 0.5}], metrics={"kl_mean": 0.25})
    found = measured.columns()
    assert list(found) == [*FOLD_COLUMNS, "kl_mean"]
    assert found["parameters"] == '{"model": {"k": 3}}'
    assert (found["dataset_parameters"], found["trials"]) == ("", "")
    assert json.loads(found["curve"]) == [{"epoch": 1, "loss": 0.5}]
    assert pd.isna(found["seconds"])


def test_metrics_stand_last_whatever_the_first_row_has():
    failed = replace(ROW, status="failed", error="it raised")
    table = fold_table([failed, replace(ROW, fold=2, metrics={"rmse": 0.1})])
    assert list(table.columns) == [*FOLD_COLUMNS, "rmse"]
    assert table["rmse"].isna().tolist() == [True, False]
    assert fold_table([]).empty


def test_a_run_keeps_what_its_cells_and_data_sets_are(written):
    run, _ = written
    row = run.folds.iloc[0]
    assert list(run.folds.columns[: len(FOLD_COLUMNS)]) == [*FOLD_COLUMNS]
    cell = next(cell for cell in run.manifest["cells"] if cell["id"] == row["cell"])
    assert row["seed"] == cell["seeds"][row["fold"]]
    assert row["n_train"] + row["n_test"] <= row["n_clips"]
