"""Tables of results under one roof: rows, their parts, their names, and clips averaged once."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from boards import STD, comparison, made, tables
from merbench.leaderboard.results import (
    Results,
    clips_of,
    columns_held,
    finished,
    key_of,
    records,
    short_names,
)
from merbench.tasks import Task


def row(cell: str, **changes: Any) -> dict[str, Any]:
    return {
        "dataset": "songs", "task": "quadrant", "augmentation": "none", "separator": "mixed",
        "features": "f", "model": cell, "parameters": None, "role": "system", "status": "ok",
        "table": "t", "cell": cell, "kl_mean": 1.0,
    } | changes  # fmt: skip


def results(rows: list[dict[str, Any]], *cells: dict[str, Any], **columns: Any) -> Results:
    folds, predictions = tables(*cells)
    return Results("r", rows, [], folds.assign(**columns), predictions.assign(**columns))


def test_what_is_missing_is_none_and_what_is_there_is_plain() -> None:
    table = pd.DataFrame({"a": [1, 2], "b": [0.5, np.nan], "c": ["", "x"], "d": [None, True]})
    found = records(table)
    assert found == [
        {"a": 1, "b": 0.5, "c": None, "d": None}, {"a": 2, "b": None, "c": "x", "d": True},
    ]  # fmt: skip
    assert json.loads(json.dumps(found)) == found  # no types of NumPy
    assert type(found[0]["a"]) is int


def test_a_row_is_called_by_its_cell_and_on_a_board_by_its_run_too() -> None:
    assert key_of({"cell": "abc"}) == "abc"
    assert key_of({"cell": "abc", "run": None}) == "abc"
    assert key_of({"cell": "abc", "run": "0123456789"}) == "abc-01234567"


def test_rows_keep_their_order_within_their_tables() -> None:
    rows = [row("a"), row("b", table="u"), row("c")]
    found = results(rows, made("a", [[0.1]])).tables
    assert {name: [r["cell"] for r in part] for name, part in found.items()} == {
        "t": ["a", "c"], "u": ["b"],
    }  # fmt: skip


def test_a_rows_folds_and_predictions_are_its_own() -> None:
    content = results([row("a"), row("b")], made("a", [[0.1, 0.2], [0.3]]), made("b", [[0.4]]))
    assert content.folds_of(row("a"))["fold"].tolist() == [0, 1]
    assert content.predictions_of(row("a"))["clip"].tolist() == ["c0", "c1", "c0"]
    assert content.predictions_of(row("b"))["kl"].tolist() == pytest.approx([8.0])
    nothing = content.predictions_of(row("gone"))
    assert nothing.empty
    assert "kl" in nothing
    assert content.folds_of(row("gone")).empty


def test_the_run_tells_rows_of_one_cell_apart_on_a_board_only() -> None:
    pair = comparison(cell_a="a", run_a="first-run", cell_b="a", run_b="second-run")
    board = results([row("a", run="first-run"), row("a", run="second-run", kl_mean=2.0)],
                    made("a", [[0.1]]), run="second-run")  # fmt: skip
    assert [side["kl_mean"] for side in board.sides(pair)] == [1.0, 2.0]
    assert board.folds_of(row("a", run="first-run")).empty
    assert len(board.folds_of(row("a", run="second-run"))) == 1
    alone = results([row("a"), row("b", kl_mean=3.0)], made("a", [[0.1]]))
    assert [side["kl_mean"] for side in alone.sides(replace(pair, cell_b="b"))] == [1.0, 3.0]


def test_rows_without_a_mean_are_not_finished() -> None:
    rows = [row("a"), row("b", status="failed"), row("c", kl_mean=None)]
    assert [r["cell"] for r in finished(rows)] == ["a"]


def test_names_leave_out_what_all_share():
    rows = [
        row("svc"), row("svc", features="g"), row("majority", features="none", separator="none"),
        row("svc", parameters={"model": {"kernel": "linear"}}),
    ]  # fmt: skip
    assert short_names(rows) == ["f x svc", "g x svc", "majority", "f x svc (kernel=linear)"]
    assert short_names([row("svc"), row("knn", separator="stems")]) == [
        "mixed x svc",
        "stems x knn",
    ]


def test_a_clip_counts_once_and_the_best_comes_first() -> None:
    _, predictions = tables(made("a", [[0.2, 0.1], [0.0, 0.3]]))
    found = clips_of(Task.VA, predictions)
    assert found is not None
    # c0: 2 and 0 nats; c1: 0.5 and 4.5.
    assert found.clip == ["c0", "c1"]
    assert found.kl == pytest.approx([1.0, 2.5])
    assert found.group == ["g0", "g0"]
    np.testing.assert_allclose(found.truth, [[0.3, 0.5, STD, STD], [0.7, 0.5, STD, STD]])
    np.testing.assert_allclose(found.predicted[:, 0], [0.4, 0.9])


def test_labels_that_are_not_there_are_not_made_up() -> None:
    _, predictions = tables(made("a", [[0.2, 0.1]]))
    truth = [name for name in predictions if name.startswith("truth_")]
    for table in (predictions.drop(columns=truth), predictions.assign(**dict.fromkeys(truth))):
        found = clips_of(Task.VA, table)
        assert found is not None
        assert found.truth is None
        assert found.predicted.shape == (2, 4)
        assert found.clip == ["c1", "c0"]
    assert clips_of(Task.VA, predictions.assign(kl=np.nan)) is None


def test_of_classes_those_count_that_a_cells_rows_hold() -> None:
    table = pd.DataFrame({"predicted_sad": [0.5], "predicted_happy": [0.5], "predicted_x": [None]})
    assert columns_held(Task.CLASSES, table) == ("sad", "happy")
    assert columns_held(Task.QUADRANT, table) == ("Q1", "Q2", "Q3", "Q4")
