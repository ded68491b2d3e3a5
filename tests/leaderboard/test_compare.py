"""Pairs within a run and between two runs."""

from __future__ import annotations

import math

import numpy as np
import pytest

from boards import made, recorded_run
from merbench.errors import MerbenchError
from merbench.leaderboard.compare import compare_between, compare_within, verdict

RNG = np.random.default_rng(0)
GOOD, FAIR, POOR = (
    (scale * RNG.uniform(0.5, 1.5, (4, 30))).tolist() for scale in (0.05, 0.051, 0.3)
)


def run(**changes):
    cells = {"good": GOOD, "poor": POOR}
    return recorded_run(*(made(name, kl, n_train=90) for name, kl in cells.items()), **changes)


def test_a_run_is_compared_along_the_axes_its_benchmark_names():
    found = compare_within(run())
    assert [(row["across"], row["cell_a"], row["cell_b"]) for row in found.rows] == [
        ("model", "good", "poor")
    ]
    (row,) = found.rows
    assert verdict(row).startswith("s x f x good is better than s x f x poor by ")
    assert row["kl_low"] < row["kl_difference"] < row["kl_high"] < 0


def test_named_systems_are_compared_and_one_alone_with_all_others():
    whole = recorded_run(
        made("a", GOOD), made("b", FAIR, separator="t", features="g"), made("c", POOR)
    )
    (row,) = compare_within(whole, "s x f x c", "t x g x b").rows
    assert (row["cell_a"], row["cell_b"], row["across"]) == ("c", "b", "as named")
    assert row["kl_difference"] > 0
    others = compare_within(whole, "s x f x a").rows
    assert [(row["cell_a"], row["cell_b"]) for row in others] == [("a", "b"), ("a", "c")]


def test_what_is_not_significant_says_how_small_a_difference_would_have_been_seen():
    close = recorded_run(made("a", GOOD, n_train=90), made("b", FAIR, n_train=90))
    (row,) = compare_within(close).rows
    words = verdict(row)
    assert words == (
        "not significant; the smallest difference this data could show is "
        f"{row['detectable_difference']:.3f} nats"
    )
    assert row["detectable_difference"] > 0
    (single,) = compare_within(recorded_run(made("a", GOOD[:1]), made("b", POOR[:1]))).rows
    assert math.isnan(single["detectable_difference"])
    assert "a single fold" in verdict(single)


def test_a_name_that_is_not_there_gets_the_nearest_one():
    with pytest.raises(MerbenchError, match=r"no system of the run is called 's x f x god'.*good"):
        compare_within(run(), "s x f x god")


def test_two_runs_compare_what_both_have_and_their_best():
    first = recorded_run(
        made("x1", GOOD, model="x"), made("y1", POOR, model="y"), made("z", FAIR), run="first"
    )
    second = recorded_run(
        made("x2", GOOD, model="x"), made("y2", FAIR, model="y"), made("w", POOR), run="second"
    )
    found = compare_between(first, second)
    assert found.identical == ["d: s x f x x"]
    same = [row for row in found.rows if row["across"] == "the same system in both runs"]
    assert [(row["cell_a"], row["cell_b"]) for row in same] == [("y1", "y2")]
    assert (same[0]["run_a"], same[0]["run_b"]) == ("first", "second")
    assert same[0]["kl_difference"] > 0
    # Both runs' best predict the same, so that there is nothing to test.
    assert not [row for row in found.rows if row["across"] == "each run's best"]
    third = recorded_run(made("v", FAIR), run="third")
    (best,) = compare_between(first, third).rows
    assert (best["cell_a"], best["cell_b"], best["across"]) == ("x1", "v", "each run's best")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            {"split_hash": "other"},
            "d: the runs have different splits, so that their",
        ),
        ({"data_hash": "other"}, "d: the runs have different clips or labels, so"),
        ({"dataset": "e"}, r"the runs have no data set in common \(d and e\)"),
    ],
)
def test_other_splits_or_data_are_refused_with_the_reason(change, says):
    other = recorded_run(made("a", GOOD, **change), run="second")
    with pytest.raises(MerbenchError, match=says):
        compare_between(run(), other)


def test_other_evaluators_are_refused():
    other = run(evaluator={"version": "9", "hash": "x"})
    with pytest.raises(MerbenchError, match="the runs have different evaluators"):
        compare_between(run(), other)
