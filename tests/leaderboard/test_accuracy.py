"""The section of test accuracy: which rows it has, in which order, and how sure they are."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from merbench.evaluation import Scores
from merbench.leaderboard.accuracy import accuracies
from merbench.leaderboard.class_scores import accuracy_intervals
from merbench.leaderboard.results import Results
from merbench.pages import figure_sections
from merbench.pages.figure_sections import LETTERS, accuracy_section
from merbench.pages.view import View
from merbench.runs import row_columns
from merbench.tasks import Task

CLIPS, FOLDS = 24, 3
TRUE = row_columns.truth_columns(Task.QUADRANT.columns)
PREDICTED = row_columns.predicted_columns(Task.QUADRANT.columns)
TRUTH = np.arange(CLIPS) % 4
GROUPS = np.arange(CLIPS) // 2


def row(cell: str, **changes: Any) -> dict[str, Any]:
    return {
        "dataset": "songs", "task": "quadrant", "augmentation": "none", "separator": "mixed",
        "features": "f", "model": cell, "parameters": None, "role": "system", "status": "ok",
        "table": "t", "cell": cell, "kl_mean": 1.0,
    } | changes  # fmt: skip


def content(rows: list[dict[str, Any]], *, labels: bool = True, folds: int = FOLDS) -> Results:
    """Rows with predictions of which a share, `right`, is right; it is taken out of the row."""
    rng = np.random.default_rng(0)
    folded, predicted = [], []
    for made in rows:
        right = made.pop("right", 0.5)
        shares = []
        for fold in range(folds):
            hit = rng.uniform(size=CLIPS) < right
            table = pd.DataFrame(
                {"cell": made["cell"], "fold": fold, "clip": [f"c{i}" for i in range(CLIPS)],
                 "group": [f"g{i}" for i in GROUPS], "kl": 1.0}
            )  # fmt: skip
            truth = np.eye(4)[TRUTH] if labels else np.full((CLIPS, 4), np.nan)
            table[TRUE] = truth
            guess = np.where(hit, TRUTH, (TRUTH + 1) % 4)
            table[PREDICTED] = 0.1 + 0.6 * np.eye(4)[guess]
            shares.append(hit.mean())
            folded.append(
                {"cell": made["cell"], "fold": fold, "accuracy": hit.mean(), "n_train": 40,
                 "n_test": CLIPS}
            )  # fmt: skip
            predicted.append(table)
        made.setdefault("accuracy", float(np.mean(shares)))
        if labels:
            low, high = interval(pd.concat(predicted[-folds:]))
            made |= {"accuracy_low": low, "accuracy_high": high}
    return Results("c", rows, [], pd.DataFrame(folded), pd.concat(predicted))


def interval(table: pd.DataFrame) -> tuple[float, float]:
    """The interval of one cell that the leaderboard would have."""
    right = (table[TRUE].to_numpy().argmax(axis=1)
             == table[PREDICTED].to_numpy().argmax(axis=1))  # fmt: skip
    fold, clip, group = (table[name].to_numpy() for name in ("fold", "clip", "group"))
    n_train = dict.fromkeys(fold.tolist(), 40)
    scores = Scores(("a",), fold, clip, group, n_train, np.ones((1, len(table))))
    order = np.lexsort((clip.astype(str), fold))
    (low,), (high,) = accuracy_intervals(scores, right[np.newaxis, order])
    return float(low), float(high)


def test_the_best_comes_first_and_baselines_stand_among_the_systems():
    made = content(
        [row("low", right=0.3), row("majority", role="baseline", features="none", right=0.5),
         row("high", right=0.9)]
    )  # fmt: skip
    found = accuracies(made, made.rows, 40)
    assert [one.row["cell"] for one in found] == ["high", "majority", "low"]
    assert [one.baseline for one in found] == [False, True, False]
    for one in found:
        assert one.mean == one.row["accuracy"] == pytest.approx(one.folds.mean())
        assert one.low < one.mean < one.high
        assert one.n_tests == FOLDS * CLIPS


def test_the_interval_is_the_leaderboard_s_own_over_groups():
    made = content([row("a", right=0.7), row("b", right=0.4)])
    one = accuracies(made, made.rows, 40)[0]
    table = made.predictions_of(one.row)
    right = (
        table[TRUE].to_numpy().argmax(axis=1)
        == table[PREDICTED].to_numpy().argmax(axis=1)
    )  # fmt: skip
    right = right.reshape(FOLDS, CLIPS).astype(float)
    rng = np.random.default_rng(5)
    means = []
    for _ in range(4_000):
        drawn = rng.choice(CLIPS // 2, CLIPS // 2)
        means.append(np.concatenate([right[:, g == GROUPS] for g in drawn], axis=1).mean())
    np.testing.assert_allclose([one.low, one.high], np.quantile(means, [0.025, 0.975]), atol=0.02)


@pytest.mark.parametrize("folds", [1, FOLDS])
def test_without_labels_there_are_points_and_no_interval(folds: int):
    made = content([row("a"), row("b")], labels=False, folds=folds)
    assert {(one.low, one.high) for one in accuracies(made, made.rows, 40)} == {(None, None)}
    html = str(accuracy_section(View(made)))
    assert "interval" not in html
    assert ("single folds" in html) == (folds > 1)


def test_failed_rows_people_and_tables_of_numbers_have_none():
    rows = [
        row("a"), row("b"), row("failed", status="failed", accuracy=None, kl_mean=None),
        row("human", role="people", accuracy=None),
    ]  # fmt: skip
    made = content(rows)
    assert [one.row["cell"] for one in accuracies(made, made.rows, 40)] in (["a", "b"], ["b", "a"])
    va = content([row("a", task="va", accuracy=None), row("b", task="va", accuracy=None)])
    assert accuracy_section(View(va)) is None
    alone = content([row("a"), row("majority", role="baseline", features="none")])
    assert accuracy_section(View(alone)) is None


def test_each_table_has_its_figure_and_few_systems_are_left_out(monkeypatch: pytest.MonkeyPatch):
    rows = [row(f"m{i}", right=i / 6) for i in range(5)]
    rows += [row("majority", role="baseline", features="none", right=0.2)]
    rows += [row(f"n{i}", table="other", dataset="pieces") for i in range(2)]
    made = content(rows)
    html = str(accuracy_section(View(made)))
    assert html.count("<svg") == 2
    assert "Test accuracy, songs." in html
    assert "Test accuracy, pieces." in html
    assert "Test accuracy of 5 systems and 1 baseline" in html
    assert f"mean over {FOLDS} folds" in html
    assert "are shown" not in html
    monkeypatch.setattr(figure_sections, "SYSTEMS_SHOWN", 3)
    html = str(accuracy_section(View(made)))
    assert "Test accuracy of 3 systems and 1 baseline" in html
    assert "The best 3 of 5 systems are shown." in html


def test_one_fold_says_how_many_clips_it_has():
    made = content([row("a"), row("b")], folds=1)
    html = str(accuracy_section(View(made)))
    assert f"point: one fold of {CLIPS} clips" in html
    assert "95 % interval" in html


def test_long_names_are_cut_in_the_figure_alone():
    parameters = {"model": {"layers": "9, " * 40}}
    made = content([row("a", parameters=parameters), row("b")])
    html = str(accuracy_section(View(made)))
    assert "…" in html
    shown = re.findall(r"<text[^>]*>([^<]*)", html)
    assert max(map(len, shown)) == LETTERS


def test_what_is_always_right_or_always_wrong_has_intervals_without_width():
    made = content([row("a", right=1.0), row("b", right=0.0)])
    sure = accuracies(made, made.rows, 40)
    assert [(one.low, one.mean, one.high) for one in sure] == [(1, 1, 1), (0, 0, 0)]
