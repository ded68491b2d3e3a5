"""What is shown of one system: facts, figures, and its best and worst clips."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import numpy as np
import pytest

from boards import made, tables
from merbench.leaderboard.results import Clips, Results, clips_of
from merbench.pages import system
from merbench.pages.system import ClipExcerpts
from merbench.tasks import Task

OFFSETS = [[i / 100 for i in (5, 1, 9, 3, 7, 2, 8, 4)]]
"""Clips c1, c5 and c3 come off best, c4, c6 and c2 worst."""


def row(**changes: Any) -> dict[str, Any]:
    return {
        "dataset": "d", "task": "va", "augmentation": "none", "separator": "s", "features": "f",
        "model": "m", "parameters": None, "role": "system", "status": "ok", "cell": "a",
        "n_clips": 10, "n_folds": 1, "kl_mean": 0.5, "kl_median": 0.25, "seconds": 3.0,
    } | changes  # fmt: skip


def content(*rows: dict[str, Any], offsets: list[list[float]] = OFFSETS) -> Results:
    folds, predictions = tables(made("a", offsets))
    return Results("r", list(rows), [], folds, predictions)


def test_the_best_clips_stand_first_and_the_worst_last():
    one = row()
    text = str(system.system(content(one), one))
    assert re.findall(r'<th scope="row">(c\d)</th>', text) == ["c1", "c5", "c3", "c4", "c6", "c2"]
    worst = text.index('<tr class="mean"><th scope="row">c4')
    assert text.index("c3</th>") < worst
    # 0.01 off with a deviation of 0.1: (0.01 / 0.1)^2 / 2 nats.
    assert '<th scope="row">c1</th><td>g0</td><td class="n">0.005</td>' in text
    assert '<td class="t">0.36 0.50 0.10 0.10</td><td class="t">0.37 0.50 0.10 0.10</td>' in text


def test_few_clips_are_each_listed_once():
    clips = clips_of(Task.VA, tables(made("a", [[0.1, 0.2, 0.3, 0.4]]))[1])
    assert clips is not None
    assert system._extremes(clips) == [0, 1, 2, 3]
    assert [system._clip(clips, i, None)["first_of_worst"] for i in range(4)] == [False] * 4


@pytest.mark.parametrize(
    ("n", "most", "places"),
    [(3, 8, [0, 1, 2]), (8, 8, list(range(8))), (15, 8, list(range(0, 15, 2))), (9, 2, [0, 8])],
)
def test_clips_that_are_drawn_are_spread_evenly_with_both_ends(n, most, places):
    assert system._spread(n, most) == places


def test_people_and_systems_without_predictions_have_nothing_to_show():
    assert system.system(content(row()), row(role="people")) == ""
    assert system.system(content(row()), row(cell="gone")) == ""


def test_what_training_reported_is_drawn_by_what_it_is():
    curves = [
        {"epoch": 1, "train_loss": 1, "validation_loss": 2},
        {"epoch": 1, "train_loss": 1, "train_accuracy": 0.5, "loss": 1},
    ]
    assert system._quantities(curves) == {
        "loss": ["train_loss", "validation_loss", "loss"], "accuracy": ["train_accuracy"],
    }  # fmt: skip
    assert system._series("validation_loss", "loss") == "validation"
    assert system._series("first_stage_loss", "loss") == "first stage"
    assert system._series("loss", "loss") == "loss"


def test_of_many_classes_the_likeliest_are_written():
    columns = ("sad", "happy", "angry", "calm", "odd")
    truth, predicted = np.array([[0, 1, 0, 0, 0.0]]), np.array([[0.4, 0.25, 0.05, 0.3, 0]])
    clips = Clips(["c"], ["g"], np.array([1.0]), columns, truth, predicted)
    shown = system._clip(clips, 0, None)
    assert shown["truth"] == "happy 1.00"
    assert shown["predicted"] == "sad 0.40, calm 0.30, happy 0.25"
    hidden = dataclasses.replace(clips, truth=None)
    assert system._clip(hidden, 0, None)["truth"] == ""


def test_only_what_is_listed_is_asked_for_and_can_be_heard():
    asked = []

    def find_excerpts(of: dict[str, Any], clip: str) -> ClipExcerpts | None:
        asked.append(clip)
        heard = ClipExcerpts((("mix", f"audio/{clip}.mp3"),), "no <stems>")
        return heard if clip == "c1" else None

    one = row()
    text = str(system.system(content(one), one, find_excerpts))
    assert asked == ["c1", "c5", "c3", "c4", "c6", "c2"]
    assert re.findall(r'src="([^"]*)"', text) == ["audio/c1.mp3"]
    assert '<span class="quiet">no &lt;stems&gt;</span>' in text
    assert "Listen" in text
    assert "Listen" not in str(system.system(content(one), one, lambda *_: None))


def test_labels_that_are_not_there_are_neither_drawn_nor_listed():
    one = row()
    whole = content(one)
    labels = [c for c in whole.predictions if c.startswith("truth_")]
    hidden = dataclasses.replace(whole, predictions=whole.predictions.drop(columns=labels))
    text = str(system.system(hidden, one))
    assert "KL of 8 clips, thirty bins" in text
    assert "valence-arousal plane" in str(system.system(whole, one))
    assert "valence-arousal plane" not in text
    assert "Label" not in text
