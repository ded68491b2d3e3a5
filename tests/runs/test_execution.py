"""A plan is executed: cells that fail say why, and what is cached gives the same."""

from __future__ import annotations

import pandas as pd

from merbench.leaderboard import run_results
from merbench.verification import run_check

# --- what is in it -------------------------------------------------------------------------------


def test_a_cell_with_a_failed_fold_has_no_numbers_and_says_why(written):
    run, _ = written
    rows = run.leaderboard[run.leaderboard["model"] == "bad"]
    assert (rows["status"] == "failed").all()
    assert rows["kl_mean"].isna().all()
    assert (rows["n_folds"] == 3).all()
    assert rows["n_failed"].between(1, 2).all()
    assert rows["error"].str.contains("ValueError: the first clip is not there").all()
    assert rows["error"].str.startswith(("noise: bad, fold", "rated: bad, fold")).all()
    assert {row["model"] for row in run.failed} == {"bad", "unready"}
    assert run.manifest["failures"]
    assert all(entry["cell"] for entry in run.manifest["errors"])


def test_a_run_in_which_everything_failed_is_written_and_verified(bench):
    bench.write_plugin(
        "fails",
        """
from merbench import Model, Task, hookimpl

class Fails(Model):
    "Raises."
    name = "fails"
    inputs = ()
    tasks = frozenset({Task.VA})
    def estimator(self, *, task, seed, device):
        raise RuntimeError("never")

@hookimpl
def merbench_models():
    yield Fails
""",
    )
    run = bench.run(models=["fails"])
    run_results.write_results(run, bench.folder / "out")
    assert run_check.verify_run(bench.folder / "out") == []
    back = run_results.read_results(bench.folder / "out")
    assert back.predictions.empty
    assert [row["error"] for row in back.failed] == ["noise: fails, fold 0: RuntimeError: never"]


def test_a_cached_run_gives_the_same_tables(bench):
    first, again = bench.run(), bench.run()
    assert again.manifest["tasks"] == {"done": 0, "cached": {"fit": 9, "measure": 8}}
    pd.testing.assert_frame_equal(first.folds, again.folds)
    pd.testing.assert_frame_equal(first.predictions, again.predictions)


# --- writing -------------------------------------------------------------------------------------


def test_one_fold_has_verdicts_that_hold_for_its_fitted_models(bench):
    run = bench.run(protocol={"monte-carlo": {"folds": 1}}, separators=["plain"])
    best, other = run.leaderboard.to_dict("records")
    assert best["status"] == "ok"
    assert best["kl_mean_low"] <= best["kl_mean"] <= best["kl_mean_high"]
    assert 0 < other["corrected_p_holm"] <= 1
    assert set(run.comparisons["given"]) == {"these fitted models"}
    assert run.comparisons["resampled_p"].isna().all()
    run_results.write_results(run, bench.folder / "out")
    assert run_check.verify_run(bench.folder / "out") == []
