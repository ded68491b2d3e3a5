"""A paper's numbers beside ours: means, intervals, and why there are none."""

from __future__ import annotations

import numpy as np
import pytest
from papers_table import TABLE

from merbench.evaluation import corrected
from merbench.leaderboard.reproduction import reproduced


def test_our_mean_has_the_interval_of_overlapping_folds(bench):
    run = bench.run(reported=TABLE)
    plan = bench.plan(reported=TABLE)
    rows = reproduced(plan.cells, plan.benchmark.spec.reported, run, {})
    assert [(row.system, row.metric, row.paper) for row in rows] == [
        ("second", "kl_mean", 0.5),
        ("first", "kl_mean", 0.25),
        ("first", "kl_median_upper", 2.0),
    ]
    first = rows[1]
    folds = run.folds[run.folds["cell"] == first.cell]
    values = folds["kl_mean"].to_numpy(float)
    low, high = corrected(values, 2 / 6).interval()
    assert first.folds == 3
    assert (first.ours, first.low, first.high) == pytest.approx((values.mean(), low, high))
    assert first.difference == pytest.approx(values.mean() - 0.25)
    assert first.difference_low == pytest.approx(low - 0.25)
    assert (rows[2].status, first.error) == ("corrected", "")


def test_a_single_fold_has_no_interval(bench):
    protocol = {"monte-carlo": {"folds": 1, "test_fraction": 0.25}}
    run = bench.run(reported=TABLE, protocol=protocol)
    plan = bench.plan(reported=TABLE, protocol=protocol)
    row = reproduced(plan.cells, plan.benchmark.spec.reported, run, {})[0]
    assert np.isfinite(row.difference)
    assert (row.low, row.high, row.difference_low) == (None, None, None)


def test_where_there_is_no_number_it_says_why(bench):
    run = bench.run("separator=plain", reported=TABLE)
    plan = bench.plan(reported=TABLE)
    first = next(cell for cell in plan.cells if cell.names["separator"] == "plain")
    run.folds.loc[run.folds["cell"] == first.id, "status"] = "failed"
    run.folds.loc[run.folds["cell"] == first.id, "error"] = "broken"
    rows = reproduced(plan.cells, plan.benchmark.spec.reported, run, {})
    assert [row.error for row in rows] == ["it was not run", "broken", "broken"]
    assert {row.ours for row in rows} == {None}
    unready = {cell.id: "the weights are not here" for cell in plan.cells}
    rows = reproduced(plan.cells, plan.benchmark.spec.reported, None, unready)
    assert {row.error for row in rows} == {"the weights are not here"}


def test_what_speaks_against_a_number_stands_beside_it(bench):
    run = bench.run(reported=TABLE)
    plan = bench.plan(reported=TABLE)
    first = next(cell for cell in plan.cells if cell.names["separator"] == "plain")
    run.leaderboard["mark"] = ""
    run.leaderboard.loc[run.leaderboard["cell"] == first.id, "mark"] = "untrained weights"
    rows = reproduced(plan.cells, plan.benchmark.spec.reported, run, {})
    assert {(row.cell == first.id, row.mark) for row in rows} == {
        (True, "untrained weights"),
        (False, ""),
    }
