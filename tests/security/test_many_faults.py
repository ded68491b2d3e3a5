"""One malformed submission hides no other: all faults of all of them, and status 1."""

from __future__ import annotations

import copy
import json
import shutil
from dataclasses import replace

import pytest
from hostile import edit
from typer.testing import CliRunner

from merbench.cli import app
from merbench.runs import record
from merbench.verification.board_check import _unusable, verify_board

BROKEN = {
    "no JSON": lambda folder: (folder / "manifest.json").write_text("{"),
    "no mapping": lambda folder: (folder / "manifest.json").write_text("[]"),
    "nothing in it": lambda folder: (folder / "manifest.json").write_text('{"evaluator": {}}'),
    "no datasets": lambda folder: edit(folder, lambda m: m.update(datasets=None)),
    "a dataset is a number": lambda folder: edit(folder, lambda m: m.update(datasets=[7])),
    "cells are text": lambda folder: edit(folder, lambda m: m.update(cells="abc")),
    "marks are a list": lambda folder: edit(folder, lambda m: m.update(marks=[1])),
    "an unknown task": lambda folder: edit(folder, lambda m: m["datasets"][0].update(task="x")),
    "sides of numbers": lambda folder: edit(folder, lambda m: m["datasets"][0].update(sides=[1])),
    "no Parquet": lambda folder: (folder / "folds.parquet").write_bytes(b"PAR1" * 5),
    "cut short": lambda folder: (folder / "predictions.parquet").write_bytes(
        (folder / "predictions.parquet").read_bytes()[:-9]
    ),
    "a folder for a file": lambda folder: (
        (folder / "folds.parquet").unlink(),
        (folder / "folds.parquet").mkdir(),
    ),
    "empty": lambda folder: [path.unlink() for path in folder.iterdir()],
}


@pytest.mark.parametrize("kind", BROKEN)
def test_whatever_is_wrong_with_one_the_others_are_verified(board, kind):
    first, second = sorted((board / "submissions").iterdir())
    BROKEN[kind](first)
    edit(second, lambda m: m["datasets"][0].update(n_clips=99))
    found = verify_board(board, pages=False).differences
    assert any(line.startswith(f"submissions/{first.name}: ") for line in found), found
    assert any(f"submissions/{second.name}: " in f and "n_clips is 99" in f for f in found), found


def test_a_wrong_mark_is_found_beside_a_submission_that_cannot_be_read(board):
    first, second = sorted((board / "submissions").iterdir())
    (first / "manifest.json").write_text("{")
    manifest = json.loads((second / "manifest.json").read_text())
    cell = manifest["cells"][0]["id"]
    edit(second, lambda m: m["marks"].pop(cell, None))
    shown = [c["id"] for c in manifest["cells"] if c["dataset"] == "shown"]
    edit(second, lambda m: m["marks"].update({shown[0]: "splendid"}))
    found = verify_board(board, pages=False).differences
    assert any("its mark is stored as 'splendid'" in line for line in found)


def test_the_command_ends_with_status_1_and_all_of_them(board):
    for path in (board / "submissions").iterdir():
        edit(path, lambda m: m.update(name="../x"))
    done = CliRunner().invoke(app, ["leaderboard", "verify", str(board), "--no-pages"])
    assert done.exit_code == 1
    assert done.output.count("its name '../x' is not") == 2


def test_a_submission_without_files_is_named(board):
    shutil.rmtree(sorted((board / "submissions").iterdir())[0])
    (board / "submissions" / "mine").mkdir()
    found = verify_board(board, pages=False).differences
    assert any(line == "submissions/mine: the file manifest.json is missing" for line in found)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda m: m["cells"][1].update(sources=[1]), "is not what a run says (a value in it is"),
        (lambda m: m.update(plugins=7), "is not what a run says (a value in it is of another k"),
        (lambda m: m["datasets"][0].update(authors=7), "is not what a run says (a value in it"),
        (lambda m: m["datasets"][0].pop("homepage"), "is not what a run says ('homepage' is miss"),
        (lambda m: m.update(hardware=[]), "its hardware are no mapping"),
    ],
)
def test_what_no_page_could_be_made_of_is_a_fault(published, change, says):
    run = record.read_record(sorted((published / "submissions").iterdir())[0])
    assert not list(_unusable(run))
    manifest = copy.deepcopy(run.manifest)
    change(manifest)
    (found,) = _unusable(replace(run, manifest=manifest))
    assert says in found
