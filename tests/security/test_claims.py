"""A submission is believed in nothing that can be known here."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hostile import edit, write_no_pages
from tampered import refresh, submission

from merbench.errors import MerbenchError
from merbench.leaderboard.building import build_board
from merbench.pages import site
from merbench.publishing.publish import publish
from merbench.runs import record
from merbench.runs.row_columns import metric_columns
from merbench.verification.board_check import verify_board


def of_shown(manifest: dict[str, Any]) -> dict[str, Any]:
    """The entry of the dataset whose labels are public."""
    (entry,) = (e for e in manifest["datasets"] if e["name"] == "shown")
    return entry


def test_labels_are_public_where_their_dataset_says_so(board, two_runs):
    """Truths blanked, a hundredth of the KL: the row would rank first and nobody could tell."""
    folder = submission(board)
    run = record.read_record(folder)
    rows = (run.predictions["dataset"] == "shown").to_numpy()
    predictions, folds = run.predictions.copy(), run.folds.copy()
    for column in [c for c in predictions if str(c).startswith("truth_")]:
        predictions[column] = predictions[column].mask(rows)
    predictions["kl"] = predictions["kl"].where(~rows, predictions["kl"] / 100)
    own = (folds["dataset"] == "shown").to_numpy()
    for column in [c for c in metric_columns(folds) if c.startswith("kl_")]:
        folds[column] = folds[column].where(~own, folds[column] / 100)
    record.write_parquet([predictions], folder / "predictions.parquet")
    record.write_parquet([folds], folder / "folds.parquet")
    for change in ({"labels_withheld": True}, {"labels_withheld": True, "labels_public": False}):
        edit(folder, lambda m, c=change: of_shown(m).update(c))
        refresh(folder)
        found = verify_board(board, pages=False, registry=two_runs[0].registry()).differences
        assert any(
            "labels of shown were left out, and its plugin says that they are" in f for f in found
        )
    edit(folder, lambda m: [e.update(plugin="nobodys") for e in m["datasets"]])
    found = verify_board(board, pages=False, registry=two_runs[0].registry()).differences
    assert any("labels of shown were left out" in line for line in found), "the name decides"


def test_a_baseline_is_what_its_model_says(board, two_runs):
    folder = submission(board)
    cells = record.read_record(folder).manifest["cells"]
    (cell, *_) = (c["id"] for c in cells if c["model"] == "linear")
    edit(folder, lambda m: [c.update(role="baseline") for c in m["cells"] if c["id"] == cell])
    found = verify_board(board, pages=False, registry=two_runs[0].registry()).differences
    assert any(
        f"cell {cell}: its role is baseline, and its model is a system's" in f for f in found
    )


def test_marks_are_computed_wherever_they_can_be(board):
    run = record.read_record(submission(board))
    listed = build_board([run]).leaderboard
    ours = {
        row["cell"]: row["mark"] for row in listed.to_dict("records") if row["dataset"] == "shown"
    }
    claimed = dict.fromkeys(ours, "excellent")
    forged = record.RunRecord(run.manifest | {"marks": claimed}, run.folds, run.predictions)
    again = build_board([forged]).leaderboard
    assert {
        row["cell"]: row["mark"] for row in again.to_dict("records") if row["cell"] in ours
    } == ours


def test_marks_that_cannot_be_computed_are_said_to_be_taken(board):
    (line, *_) = verify_board(board, pages=False).unverified
    assert "KL, metrics and mark" in line


def test_a_mark_that_only_its_author_could_compute_may_not_be_missing(board):
    folder = submission(board)
    (cell, *_) = record.read_record(folder).manifest["marks"]
    edit(folder, lambda manifest: manifest["marks"].pop(cell))
    found = verify_board(board, pages=False).differences
    assert any(f"cell {cell}: its mark is missing" in line for line in found)


def test_an_error_on_a_fold_that_worked_is_a_fault(board):
    folder = submission(board)
    folds = pd.read_parquet(folder / "folds.parquet")
    folds.loc[0, "error"] = "it was awful"
    record.write_parquet([folds], folder / "folds.parquet")
    refresh(folder)
    found = verify_board(board, pages=False).differences
    assert any("status is ok, and there is an error: 'it was awful'" in line for line in found)


@pytest.mark.parametrize("kl", [-1.0, float("inf")])
def test_no_kl_is_negative_or_infinite_with_labels_or_without(board, kl):
    folder = submission(board)
    predictions = pd.read_parquet(folder / "predictions.parquet")
    at = predictions.index[(predictions["dataset"] == "noise") & (predictions["model"] == "linear")]
    predictions.loc[at[0], "kl"] = kl
    record.write_parquet([predictions], folder / "predictions.parquet")
    refresh(folder)
    found = verify_board(board, pages=False).differences
    assert any("no KL is negative, infinite or missing" in line for line in found)


def test_a_run_that_begins_like_anothers_id_replaces_nothing(
    board, two_runs, tmp_path, monkeypatch
):
    monkeypatch.setattr(site, "write", write_no_pages)
    victim = next((board / "submissions").iterdir())
    theirs = record.read_record(victim).manifest["run"]
    other = next(run for run in two_runs[1:] if record.read_record(run).manifest["run"] != theirs)
    shutil.rmtree(board)
    publish(next(run for run in two_runs[1:] if run != other), board)
    copy = Path(shutil.copytree(other, tmp_path / "copy"))
    edit(copy, lambda manifest: manifest.update(run=theirs[:8] + "0" * 24))
    mine = record.read_record(other).manifest["run"]
    for name in ("leaderboard.csv", "comparisons.csv", "separators.csv", "findings.csv"):
        text = (copy / name).read_text().replace(mine, theirs[:8] + "0" * 24)
        (copy / name).write_text(text)
    before = (victim / "manifest.json").read_bytes()
    with pytest.raises(MerbenchError, match=r"begins? with the same eight"):
        publish(copy, board)
    assert (victim / "manifest.json").read_bytes() == before
    runs = [record.read_record(victim), record.read_record(copy)]
    with pytest.raises(MerbenchError, match="begin with the same 8 letters"):
        build_board(runs)


def test_a_checkout_with_changes_is_named_where_the_run_is_published(
    two_runs, tmp_path, monkeypatch
):
    monkeypatch.setattr(site, "write", write_no_pages)
    copy = Path(shutil.copytree(two_runs[1], tmp_path / "copy"))
    edit(copy, lambda manifest: manifest.update(git={"commit": "a" * 40, "dirty": True}))
    done = publish(copy, tmp_path / "board")
    assert "with changes that commit aaaaaaaaaaaa does not have" in done.uncommitted
    edit(copy, lambda manifest: manifest.update(git={"commit": "a" * 40, "dirty": False}))
    assert publish(copy, tmp_path / "other").uncommitted == ""
