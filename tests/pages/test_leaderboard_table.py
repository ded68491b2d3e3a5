"""A table's rows as its page shows them."""

from __future__ import annotations

from typing import Any

import pytest

from merbench.pages import leaderboard_table


def row(**changes: Any) -> dict[str, Any]:
    return {
        "dataset": "d", "task": "va", "augmentation": "none", "separator": "s", "features": "f",
        "model": "m", "parameters": None, "role": "system", "status": "ok", "table": "t",
        "cell": "c", "run": None, "split_hash": "split", "n_clips": 8, "n_folds": 2,
        "kl_mean": 0.5, "kl_mean_low": 0.4, "kl_mean_high": 0.75, "tier": 1, "rank": 1,
        "rank_low": 1, "rank_high": 3, "synthetic": False,
    } | changes  # fmt: skip


def texts(table: leaderboard_table.ShownTable, line: int) -> dict[str, str]:
    return {cell.column.key: cell.text for cell in table.lines[line].cells}


def test_a_row_says_its_rank_interval_marks_and_failure():
    table = leaderboard_table.lay_out_table(
        "t",
        [
            row(),
            row(mark="worse than a constant; uncorrelated with truth", rank=2, rank_low=2,
                rank_high=2, corrected_p_holm=0.2, clip_p_holm=0.00001),
            row(status="failed", kl_mean=None, kl_mean_low=None, kl_mean_high=None, tier=None,
                rank=None, error="it raised"),
        ],
    )  # fmt: skip
    first, second, third = (texts(table, i) for i in range(3))
    assert (first["tier"], first["rank"], first["interval"]) == ("1", "1 (1–3)", "0.400 to 0.750")
    assert (second["rank"], second["corrected_p_holm"]) == ("2", "0.200")
    assert (third["rank"], third["kl_mean"], third["interval"]) == ("–", "–", "–")
    assert table.lines[1].tags == (
        ("mark", "worse than a constant"), ("mark", "uncorrelated with truth"),
    )  # fmt: skip
    assert table.lines[2].tags == (("failed", "failed"),)
    scale = 1.25 * 0.75
    assert table.lines[0].low == pytest.approx(0.4 / scale, abs=1e-4)
    assert table.lines[0].high == pytest.approx(0.75 / scale, abs=1e-4)
    assert table.lines[2].middle is None


def test_columns_without_content_are_left_out():
    table = leaderboard_table.lay_out_table("t", [row(augmentation="none")])
    keys = {column.key for column in table.columns}
    assert "augmentation" not in keys
    assert "kl_difference_to_people" not in keys
    assert {"separator", "features", "model", "kl_mean"} <= keys


def test_a_baseline_far_off_does_not_set_the_scale():
    table = leaderboard_table.lay_out_table(
        "t", [row(), row(role="baseline", kl_mean=40.0, kl_mean_high=60.0)]
    )
    assert table.scale == pytest.approx(1.25 * 0.75)
    assert table.lines[1].beyond


def test_a_few_systems_far_off_do_not_set_the_scale():
    good = [row(kl_mean=0.4 + i / 100, kl_mean_high=0.5 + i / 100) for i in range(6)]
    table = leaderboard_table.lay_out_table(
        "t", [*good, row(kl_mean=1.4, kl_mean_high=1.7), row(kl_mean=3.0)]
    )
    assert table.scale == pytest.approx(1.25 * 0.55)
    assert [line.beyond for line in table.lines] == [False] * 6 + [True] * 2
    table = leaderboard_table.lay_out_table("t", [*good, row(kl_mean=0.8, kl_mean_high=0.9)])
    assert table.scale == pytest.approx(1.25 * 0.9)


def test_a_quadrant_table_shows_its_own_metrics():
    table = leaderboard_table.lay_out_table(
        "t", [row(task="quadrant", accuracy=0.61, macro_f1=0.5)]
    )
    shown = texts(table, 0)
    assert (shown["accuracy"], shown["macro_f1"]) == ("0.610", "0.500")


def test_scores_stand_before_times_and_memory():
    known = {"fit_seconds": 1.0, "predict_seconds_per_clip": 0.1, "seconds": 2.0,
             "peak_memory_mb": 10, "kl_median": 0.1}  # fmt: skip
    scores = {"va": ("rmse", "ccc_arousal_mean", "r2_arousal_mean", "rank_by_squared_error"),
              "quadrant": ("balanced_accuracy", "macro_f1", "rank_by_macro_f1")}  # fmt: skip
    for task, names in scores.items():
        full = row(task=task, **known | dict.fromkeys(names, 0.5))
        keys = [c.key for c in leaderboard_table.lay_out_table("t", [full]).columns]
        last = max(keys.index(name) for name in names)
        assert last < min(keys.index(name) for name in ("fit_seconds", "peak_memory_mb"))
        assert "seconds" not in keys
    old = row(**known | {"fit_seconds": None})
    assert "seconds" in {c.key for c in leaderboard_table.lay_out_table("t", [old]).columns}


def test_ranks_by_other_losses_stand_with_their_tiers():
    rows = [row(task="quadrant", rank_by_macro_f1=2, tier_by_macro_f1=1, rank_by_zero_one=1)]
    table = leaderboard_table.lay_out_table("t", rows)
    shown = texts(table, 0)
    assert (shown["rank_by_macro_f1"], shown["rank_by_zero_one"]) == ("2, tier 1", "1")
    assert [c.way for c in table.columns if c.way] == ["KL", "accuracy", "macro F1"]


@pytest.mark.parametrize(
    ("value", "text"), [(-0.0004, "0.000"), (-1.5, "−1.500"), (None, "–"), (float("nan"), "–")]
)
def test_numbers_have_true_minus_signs_and_no_minus_zero(value: float | None, text: str):
    assert leaderboard_table.page_number(value) == text
