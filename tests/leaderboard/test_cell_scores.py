"""Per-clip scores of cells as arrays, and cells of one table side by side."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from boards import STD, made, recorded_run
from merbench.errors import MerbenchError
from merbench.leaderboard.cell_scores import RunPredictions, align, places
from merbench.runs.record import RunRecord

FOLDS = [[0.1, 0.2], [0.0, 0.3]]
"""KL is (offset / 0.1)^2 / 2: 0.5, 2, 0 and 4.5 nats."""


def row(cell: str, **changes: Any) -> dict[str, Any]:
    return {"cell": cell, "dataset": "d", "data_hash": "data", "run": "run-1", **changes}


def scored(*cells: dict[str, Any]) -> RunPredictions:
    return RunPredictions.of(recorded_run(*cells))


def reordered(run: RunRecord, order: list[int]) -> RunRecord:
    predictions = run.predictions.iloc[order].reset_index(drop=True)
    return RunRecord(run.manifest, run.folds, predictions)


def test_each_value_has_its_places_in_their_order() -> None:
    found = places(np.array(["b", "a", "b", "c", "a"]))
    assert list(found) == ["b", "a", "c"]
    assert {name: at.tolist() for name, at in found.items()} == {
        "b": [0, 2], "a": [1, 4], "c": [3],
    }  # fmt: skip
    assert places(np.array([])) == {}


def test_a_runs_tables_are_taken_apart() -> None:
    run = scored(made("a", FOLDS, n_train=6), made("b", [[0.4, 0.1]]))
    assert run.at["a"].tolist() == [0, 1, 2, 3]
    assert run.at["b"].tolist() == [4, 5]
    assert run.kl == pytest.approx([0.5, 2, 0, 4.5, 8, 0.5])
    assert run.fold.tolist() == [0, 0, 1, 1, 0, 0]
    assert run.clips[run.clip].tolist() == ["c0", "c1"] * 3
    assert run.groups[run.group].tolist() == ["g0"] * 6
    assert run.n_train == {"a": {0: 6, 1: 6}, "b": {0: 8}}
    assert [run.place(row(name)) for name in ("a", "b")] == [0, 1]


def test_labels_are_those_of_the_rows_asked_for() -> None:
    run = scored(made("a", [[0.1, 0.2]]))
    second = np.array([1])
    np.testing.assert_allclose(run.truth(row("a"), second), [[0.7, 0.5, STD, STD]])
    np.testing.assert_allclose(run.predicted(row("a"), second), [[0.9, 0.5, STD, STD]])


def test_the_content_of_a_cell_is_what_it_predicted_and_not_what_it_is_called() -> None:
    run = scored(made("a", FOLDS), made("b", FOLDS), made("c", [[0.1, 0.2], [0.0, 0.31]]))
    assert run.content("a") == run.content("b")
    assert run.content("a") != run.content("c")
    moved = RunPredictions.of(reordered(recorded_run(made("a", FOLDS)), [1, 0, 2, 3]))
    assert moved.content("a") != run.content("a")
    assert run.content("a") != run.content("no such cell")


def test_cells_stand_side_by_side_by_fold_and_clip() -> None:
    ours = RunPredictions.of(reordered(recorded_run(made("a", FOLDS)), [3, 0, 2, 1]))
    others = scored(made("b", [[0.2, 0.1], [0.3, 0.4]]))
    found = align([(ours, row("a")), (others, row("b", run="another-run"))])
    scores = found.scores
    assert scores.fold.tolist() == [0, 0, 1, 1]
    assert scores.clip.tolist() == ["c0", "c1", "c0", "c1"]
    np.testing.assert_allclose(scores.kl, [[0.5, 2, 0, 4.5], [2, 0.5, 4.5, 8]])
    assert scores.names == ("a of run run-1", "b of run another-")
    assert [at.tolist() for at in found.rows] == [[1, 3, 2, 0], [0, 1, 2, 3]]


def test_cells_of_one_run_and_order_need_no_sorting() -> None:
    run = scored(made("a", FOLDS), made("b", [[0.2, 0.1], [0.3, 0.4]]))
    found = align([(run, row("a")), (run, row("b"))])
    assert [at.tolist() for at in found.rows] == [[0, 1, 2, 3], [4, 5, 6, 7]]


@pytest.mark.parametrize("other", [[[0.1, 0.2, 0.3], [0.0]], [[0.1, 0.2]]])
def test_cells_that_were_tested_on_other_clips_cannot_be_compared(other: list) -> None:
    run = scored(made("a", FOLDS), made("b", other))
    with pytest.raises(MerbenchError, match=r"cells a and b of d have one split hash and were not"):
        align([(run, row("a")), (run, row("b"))])


def test_the_same_number_of_other_clips_is_noticed() -> None:
    run = scored(made("a", FOLDS))
    clips = np.array(["c0", "c9"], object)
    other = dataclasses.replace(run, clips=clips)
    with pytest.raises(MerbenchError, match="verify the runs they come from"):
        align([(run, row("a")), (other, row("a"))])
