"""A submission holds no path of the machine and no label that may not be shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from merbench.leaderboard import submission
from merbench.runs import record


def test_a_submission_has_no_path_of_the_machine_and_no_secret_label(published, two_runs):
    bench, first, _ = two_runs
    name = submission.name_of(json.loads((first / "manifest.json").read_text()))
    path = published / "submissions" / name
    assert {entry.name for entry in path.iterdir()} == submission.NAMES
    text = (path / "manifest.json").read_text()
    assert str(bench.folder) not in text
    assert str(Path.home()) not in text
    document = json.loads(text)
    assert not {"base", "bases", "errors"} & document.keys()
    assert document["spec"]["datasets"] == [{"noise": {}}, {"shown": {}}]
    original = json.loads((first / "manifest.json").read_text())
    assert document["spec_hash"] == original["spec_hash"]
    assert set(document["marks"]) == {
        c["id"] for c in document["cells"] if c["dataset"] == "noise" and c["role"] == "system"
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the folder /home/me/data/x is not there; set it", "the folder x is not there; set it"),
        ("clip a: '/tmp/a/c.wav' is gone", "clip a: 'c.wav' is gone"),
        (r"C:\Users\me\a.wav (missing)", "a.wav (missing)"),
        ("see https://example.org/a/b for it", "see https://example.org/a/b for it"),
        ("3/4 of n/a, data/pmemo/x.csv", "3/4 of n/a, data/pmemo/x.csv"),
        ("~/music/a.mp3: not found", "a.mp3: not found"),
    ],
)  # fmt: skip
def test_absolute_paths_are_cut_down_to_their_names(text, expected):
    assert submission.without_paths(text) == expected


def test_what_was_tried_is_published_without_paths_of_the_machine(two_runs):
    run = record.read_record(two_runs[1])
    trials = [{"parameters": {"weights": "/home/me/w.pt"}, "error": "no /home/me/w.pt", "score": 1}]
    run.folds["trials"] = [json.dumps(trials), *[""] * (len(run.folds) - 1)]
    folds = submission.of_run(run).folds
    assert json.loads(folds["trials"].iloc[0]) == [
        {"parameters": {"weights": "w.pt"}, "error": "no w.pt", "score": 1}
    ]
    assert set(folds["trials"].iloc[1:]) == {""}


def test_a_run_of_earlier_days_has_no_trials_to_publish(two_runs):
    run = record.read_record(two_runs[1])
    del run.folds["trials"]
    assert list(submission.of_run(run).folds) == list(run.folds)
