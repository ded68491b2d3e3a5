"""Pairs within a run and between two runs."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from boards import made, recorded_run
from merbench.errors import MerbenchError
from merbench.leaderboard.system_pairs import compare_between, compare_within, verdict

RNG = np.random.default_rng(0)
GOOD, FAIR, POOR = (
    (scale * RNG.uniform(0.5, 1.5, (4, 30))).tolist() for scale in (0.05, 0.051, 0.3)
)


def run(**changes):
    cells = {"good": GOOD, "poor": POOR}
    return recorded_run(*(made(name, kl, n_train=90) for name, kl in cells.items()), **changes)


def test_a_run_is_compared_along_the_axes_its_benchmark_names():
    found = compare_within(run())
    assert [(row.across, row.cell_a, row.cell_b) for row in found.rows] == [
        ("model", "good", "poor")
    ]
    (row,) = found.rows
    assert verdict(row).startswith("s x f x good is better than s x f x poor by ")
    assert row.kl_low < row.kl_difference < row.kl_high < 0


def test_named_systems_are_compared_and_one_alone_with_all_others():
    whole = recorded_run(
        made("a", GOOD), made("b", FAIR, separator="t", features="g"), made("c", POOR)
    )
    (row,) = compare_within(whole, "s x f x c", "t x g x b").rows
    assert (row.cell_a, row.cell_b, row.across) == ("c", "b", "as named")
    assert row.kl_difference > 0
    others = compare_within(whole, "s x f x a").rows
    assert [(row.cell_a, row.cell_b) for row in others] == [("a", "b"), ("a", "c")]


def test_what_is_not_significant_says_how_small_a_difference_would_have_been_seen():
    close = recorded_run(made("a", GOOD, n_train=90), made("b", FAIR, n_train=90))
    (row,) = compare_within(close).rows
    words = verdict(row)
    assert words == (
        "not significant; the smallest difference this data could show is "
        f"{row.detectable_difference:.3f} nats"
    )
    assert row.detectable_difference > 0
    (single,) = compare_within(recorded_run(made("a", GOOD[:1]), made("b", POOR[:1]))).rows
    assert verdict(single).endswith(" nats, for these fitted models")
    one_group = [made("a", [GOOD[0][:2]]), made("b", [POOR[0][:2]])]
    (single,) = compare_within(recorded_run(*one_group)).rows
    assert math.isnan(single.detectable_difference)
    assert "a single group" in verdict(single)


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
    same = [row for row in found.rows if row.across == "the same system in both runs"]
    assert [(row.cell_a, row.cell_b) for row in same] == [("y1", "y2")]
    assert (same[0].run_a, same[0].run_b) == ("first", "second")
    assert same[0].kl_difference > 0
    # Both runs' best predict the same, so that there is nothing to test.
    assert not [row for row in found.rows if row.across == "each run's best"]
    third = recorded_run(made("v", FAIR), run="third")
    (best,) = compare_between(first, third).rows
    assert (best.cell_a, best.cell_b, best.across) == ("x1", "v", "each run's best")


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


# --- what to compare -----------------------------------------------------------------------------


def grid():
    """Two features of two sizes, with two models of which one has two penalties."""
    cells = [
        made(
            f"{n}-{penalty}", (np.asarray(GOOD) * scale).tolist(), n_train=90, model="linear",
            parameters=json.dumps({"features": {"f": {"n": n}}, "model": {"penalty": penalty}}),
        )
        for scale, (n, penalty) in enumerate([(4, 1), (4, 2), (6, 1), (6, 2)], start=1)
    ]  # fmt: skip
    return recorded_run(*cells, made("mean", POOR, separator="none", features="none", n_train=90))


def cells(found):
    return {frozenset((row.cell_a, row.cell_b)) for row in found.rows}


N = {frozenset(("4-1", "6-1")), frozenset(("4-2", "6-2"))}
PENALTY = {frozenset(("4-1", "4-2")), frozenset(("6-1", "6-2"))}


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("features", N), ("feature", N), ("Features", N), ("n", N), ("f.n", N), ("features.n", N),
        ("penalty", PENALTY), ("linear.penalty", PENALTY), ("model.penalty", PENALTY),
        ("separators", set()),
    ],
)  # fmt: skip
def test_pairs_differ_in_the_axis_or_parameter_that_is_named_alone(text, pairs):
    found = compare_within(grid(), across=[text])
    assert cells(found) == pairs
    assert {row.across for row in found.rows} <= {"features", text}


def test_models_are_compared_in_the_singular_and_the_plural_with_those_that_hear_nothing():
    blind = {frozenset((name, "mean")) for name in ("4-1", "4-2", "6-1", "6-2")}
    for text in ("model", "models"):
        assert cells(compare_within(grid(), across=[text])) == PENALTY | blind
    both = compare_within(grid(), across=["features", "penalty"])
    assert [row.across for row in both.rows] == ["features"] * 2 + ["penalty"] * 2


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("dataset", "not paired across data sets, whose clips are others"),
        ("penalti", r"did you mean 'penalty'\? \(there are the axes augmentation, .* n, penalty"),
        ("ridge.penalty", "do not differ in 'ridge.penalty'"),
    ],
)
def test_what_is_no_axis_and_no_parameter_is_refused_with_those_there_are(text, says):
    with pytest.raises(MerbenchError, match=says):
        compare_within(grid(), across=[text])


@pytest.mark.parametrize(
    "name",
    [
        "s x f (n=6) x linear (penalty=2)",
        "s x f x linear (n=6, penalty=2)",
        "f (n=6) x linear (penalty=2)",
        "penalty=2 x n=6",
        "linear (penalty=2) x f (n=6)",
    ],
)
def test_a_system_is_named_by_what_no_other_has(name):
    found = compare_within(grid(), name, "mean")
    assert [(row.cell_a, row.cell_b) for row in found.rows] == [("6-2", "mean")]
    assert found.names["run-1", "6-2"] == "s x f (n=6) x linear (penalty=2)"


def test_a_name_that_several_systems_answer_to_lists_them():
    says = r"'penalty=2' means 2 systems of the run; .* \(s x f \(n=4\) x linear \(penalty=2\); s x"
    with pytest.raises(MerbenchError, match=says):
        compare_within(grid(), "penalty=2")
