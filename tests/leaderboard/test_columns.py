"""The columns of a leaderboard are the same, whatever a run has."""

from __future__ import annotations

import pandas as pd
import pytest
from board_cells import NOISE, board

from boards import made, recorded_run
from merbench.leaderboard import columns, dictionary, findings
from merbench.leaderboard.building import build_board
from merbench.leaderboard.columns import COMPARED, LEADING, TRAILING
from merbench.runs import fold_rows, row_columns
from merbench.runs.record import RunRecord


def test_the_columns_are_the_same_whatever_the_run_has():
    whole = list(board(made("a", NOISE)).leaderboard.columns)
    assert whole[: len(LEADING)] == LEADING
    assert whole[-len(TRAILING) :] == TRAILING
    nothing = pd.DataFrame(columns=["cell", "fold", "clip", "group", "kl"])
    manifest = recorded_run(made("a", NOISE)).manifest
    empty = build_board([RunRecord(manifest, pd.DataFrame(), nothing)])
    assert list(empty.leaderboard.columns) == [*LEADING, *TRAILING]
    assert list(empty.comparisons.columns) == COMPARED


STATED = {
    "leaderboard": [*columns.LEADING, *columns.TRAILING],
    "classes": [column for group in columns.BEHIND.values() for column in group],
    "comparisons": columns.COMPARED,
    "separators": columns.SEPARATORS,
    "findings": findings.COLUMNS,
    "folds": [*fold_rows.FOLD_COLUMNS],
    "predictions": [*row_columns.PREDICTION_COLUMNS],
}


@pytest.mark.parametrize("name", STATED)
def test_every_column_stated_has_a_meaning_and_stands_once(name: str):
    assert len(set(STATED[name])) == len(STATED[name])
    for column in STATED[name]:
        assert dictionary.describe_column(column).meaning


def test_columns_of_classes_stand_behind_their_metric():
    assert columns.with_classes(["kl_Q1", "accuracy", "macro_f1"]) == [
        "kl_Q1", "accuracy", "accuracy_low", "accuracy_high", "macro_f1", "macro_f1_low",
        "macro_f1_high", "auc", "pr_auc",
    ]  # fmt: skip


def test_rows_of_separators_are_read_as_they_were_written():
    fold = columns.SeparatorFold("t", "d", "s", "a", "b", "r", "x", "y", 0, 1, 2, 3, 4, 0.5)
    assert columns.typed_rows(columns.SeparatorFold, pd.DataFrame([fold])) == [fold]
    assert columns.typed_rows(columns.SeparatorFold, pd.DataFrame()) == []


def test_what_a_file_lacks_is_nothing_in_a_typed_row():
    table = pd.DataFrame({"a": ["x", None], "kl_low": [0.5, None], "significant": [True, False]})
    first, second = columns.typed_rows(columns.Comparison, table)
    assert (first.a, first.kl_low, first.significant) == ("x", 0.5, True)
    assert (second.a, second.given, second.significant) == ("", "", False)
    assert pd.isna([second.kl_low, second.corrected_p]).all()


def test_parameters_are_values_in_a_row_and_text_in_its_column():
    parameters = {"model": {"k": 3}}
    row = columns.LeaderboardRow.of({"parameters": parameters}, [])
    assert (row.parameters, row.dataset_parameters) == (parameters, {})
    table = pd.DataFrame([row.columns([])])
    assert table["parameters"][0] == '{"model": {"k": 3}}'
    assert table["dataset_parameters"][0] == ""
    (read,) = columns.leaderboard_rows(table)
    assert (read["parameters"], read["dataset_parameters"]) == (parameters, {})
    assert read["kl_mean"] is None


def test_a_row_states_its_columns_once_and_is_whole_whatever_is_known():
    row = columns.LeaderboardRow.of(
        {"table": "t", "n_clips": 3, "rmse": 0.5, "mark": None}, ["rmse"]
    )
    found = row.columns(["rmse", "accuracy"])
    assert list(found) == [*LEADING, "rmse", "accuracy", *TRAILING]
    assert (found["table"], found["mark"], found["rmse"]) == ("t", "", 0.5)
    assert pd.isna([found["accuracy"], found["kl_mean"]]).all()
    assert "kl_mean" in columns.numbers_of(columns.LeaderboardRow)
    assert {"cell", "cell_a", "commit", "evaluator_version"} <= columns.TEXTS.keys()
