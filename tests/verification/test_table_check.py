"""A run's tables say what its manifest says: what does not is said."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from merbench.runs import record
from merbench.runs.record import RunRecord
from merbench.verification.table_check import table_differences


@pytest.fixture(scope="module")
def honest(written) -> RunRecord:
    return record.read_record(written[1])


def first(table: pd.DataFrame, column: str, value: Any) -> pd.DataFrame:
    changed = table[column].astype(object)  # names are categories as they are read
    changed.iloc[0] = value
    return table.assign(**{column: changed})


TABLES: dict[str, tuple[str, Callable[[pd.DataFrame], pd.DataFrame], str]] = {
    "a fold's seed": (
        "folds", lambda t: first(t, "seed", 7),
        r"folds\.parquet, cell \w+, fold 0: seed is 7 where manifest\.json says \d+",
    ),
    "a fold's size": (
        "folds", lambda t: first(t, "n_test", 7),
        r"folds\.parquet, cell \w+, fold 0: n_test is 7 where manifest\.json says 2",
    ),
    "a fold's status": (
        "folds", lambda t: first(t, "status", "fine"),
        r"folds\.parquet, cell \w+, fold 0: status is 'fine', which is neither ok nor failed",
    ),
    "a fold missing": (
        "folds", lambda t: t.iloc[1:],
        r"folds\.parquet, cell \w+, fold 0: the row is missing",
    ),
    "a fold twice": (
        "folds", lambda t: pd.concat([t, t.iloc[[0]]]), r"folds\.parquet: a fold stands twice",
    ),
    "a fold of no cell": (
        "folds", lambda t: pd.concat([t, t.iloc[[0]].assign(cell="new")]),
        r"folds\.parquet, cell new, fold 0: manifest\.json knows no such cell and fold",
    ),
    "predictions of no cell": (
        "predictions", lambda t: pd.concat([t, t.iloc[[0]].assign(cell="new")]),
        r"predictions\.parquet, cell new, fold 0: folds\.parquet knows no such cell and fold",
    ),
    "no predictions": (
        "predictions", lambda t: t.iloc[2:],
        r"predictions\.parquet, cell \w+, fold 0: there are no predictions",
    ),
    "a clip that was not tested": (
        "predictions", lambda t: pd.concat([t.iloc[:2], t.iloc[[1]].assign(clip="cx"), t.iloc[2:]]),
        r"predictions\.parquet, cell \w+, fold 0: clip cx is there, which the fold does not test",
    ),
    "clips in another order": (
        "predictions", lambda t: t.iloc[[1, 0, *range(2, len(t))]],
        r"predictions\.parquet, cell \w+, fold 0: its clips are not in the data set's order",
    ),
    "a clip's group": (
        "predictions", lambda t: first(t, "group", "other"),
        r"predictions\.parquet, cell \w+, fold 0: clip c\d is of group 'other', which manifest.*",
    ),
    "a row's separator": (
        "predictions", lambda t: first(t, "separator", "magic"),
        r"predictions\.parquet, cell \w+, fold 0: separator is not '\w+' in every row",
    ),
    "a clip's label": (
        "predictions", lambda t: first(t, "truth_valence_mean", 0.987),
        r"predictions\.parquet: clip c\d of noise has several labels",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("table", "change", "says"), TABLES.values(), ids=TABLES.keys())
def test_tables_that_differ_from_the_manifest_are_said(honest, table, change, says):
    tables = {"folds": honest.folds, "predictions": honest.predictions}
    tables[table] = change(tables[table].copy()).reset_index(drop=True)
    found = table_differences(RunRecord(honest.manifest, tables["folds"], tables["predictions"]))
    assert any(re.fullmatch(says, line) for line in found), found


def test_predictions_that_are_called_left_out_must_be(honest):
    cell = honest.predictions["cell"].iloc[0]
    manifest = honest.manifest | {"predictions_withheld": [cell]}
    found = table_differences(RunRecord(manifest, honest.folds, honest.predictions))
    assert found == [
        f"predictions.parquet, cell {cell}: predictions that manifest.json calls left out are there"
    ]


def test_an_honest_run_agrees_with_its_manifest(honest):
    assert table_differences(honest) == []
