"""What of a run is published."""

from __future__ import annotations

import json

from merbench.leaderboard import submission
from merbench.runs import record


def test_what_was_tried_is_published_without_paths_of_the_machine(two_runs):
    run = record.read(two_runs[1])
    trials = [{"parameters": {"weights": "/home/me/w.pt"}, "error": "no /home/me/w.pt", "score": 1}]
    run.folds["trials"] = [json.dumps(trials), *[""] * (len(run.folds) - 1)]
    folds = submission.of_run(run).folds
    assert json.loads(folds["trials"].iloc[0]) == [
        {"parameters": {"weights": "w.pt"}, "error": "no w.pt", "score": 1}
    ]
    assert set(folds["trials"].iloc[1:]) == {""}


def test_a_run_of_earlier_days_has_no_trials_to_publish(two_runs):
    run = record.read(two_runs[1])
    del run.folds["trials"]
    assert list(submission.of_run(run).folds) == list(run.folds)
