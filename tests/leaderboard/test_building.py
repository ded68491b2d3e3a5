"""Rows, ranks, marks and comparisons, against numbers worked out by hand."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from boards import made, recorded_run
from merbench.errors import MerbenchError
from merbench.leaderboard.building import Board, build
from merbench.leaderboard.columns import COMPARED, LEADING, TRAILING
from merbench.runs.record import RunRecord
from merbench.runs.row_columns import metric_columns

NOISE = [[0.1, 0.2, 0.15, 0.05], [0.2, 0.1, 0.12, 0.3]]
LESS = [[0.05, 0.1, 0.1, 0.01], [0.1, 0.05, 0.1, 0.2]]


def board(*cells: dict[str, Any], **manifest: Any) -> Board:
    return build([recorded_run(*cells, **manifest)])


def across(axes: Sequence[str], *cells: dict[str, Any]) -> pd.DataFrame:
    """Comparisons of a run with these cells along these axes."""
    spec = {"compare": [{"across": axis} for axis in axes]}
    return board(*cells, spec=spec).comparisons


def pairs(found: pd.DataFrame) -> set[tuple[str, str, str]]:
    return {(row.across, *sorted((row.cell_a, row.cell_b))) for row in found.itertuples()}


def noisy(name: str, scale: float, seed: int, **changes: Any) -> dict[str, Any]:
    """A cell with random offsets over 4 folds of 30 clips."""
    rng = np.random.default_rng(seed)
    return made(name, (scale * rng.uniform(0.5, 1.5, (4, 30))).tolist(), n_train=90, **changes)


# --- a row ---------------------------------------------------------------------------------------


def test_a_row_is_what_hand_calculation_gives():
    (row,) = board(made("a", [[0.1, 0.2], [0.0, 0.1, 0.2]], n_train=8)).leaderboard.to_dict(
        "records"
    )
    first, second = (0.5 + 2) / 2, (0 + 0.5 + 2) / 3
    assert row["kl_mean"] == pytest.approx((first + second) / 2)
    assert row["kl_median"] == pytest.approx((1.25 + 0.5) / 2)
    assert row["mse_valence_mean"] == pytest.approx((0.05 / 2 + 0.05 / 3) / 2)
    assert (row["status"], row["n_folds"], row["n_failed"], row["n_clips"]) == ("ok", 2, 0, 10)
    assert (row["rank"], row["tier"], row["rank_low"], row["rank_high"]) == (1, 1, 1, 1)
    assert row["seconds"] == 5.0
    assert row["peak_memory_mb"] == 200.0
    assert np.isnan(row["kl_difference_to_best"])


def test_counts_are_summed_over_folds():
    run = recorded_run(made("a", [[0.1], [0.1], [0.1]]))
    run.folds["n_nonpositive_std"] = [1, 0, 3]
    (row,) = build([run]).leaderboard.to_dict("records")
    assert row["n_nonpositive_std"] == 4
    assert row["n_floored_std"] == 0


def test_one_failed_fold_makes_a_failed_row_without_numbers_or_rank():
    run = recorded_run(
        made("whole", [[0.3, 0.4], [0.3, 0.4]]),
        made("broken", [[0.0, 0.1], [0.0, 0.1]], failed={1: "broken: it raised"}),
    )
    table = build([run]).leaderboard
    assert table["model"].tolist() == ["whole", "broken"]
    row = table.iloc[1]
    assert (row["status"], row["error"]) == ("failed", "broken: it raised")
    assert (row["n_folds"], row["n_failed"]) == (2, 1)
    empty = ["rank", "tier", "rank_low", "kl_mean_low", "corrected_p_holm"]
    assert row[[*empty, *metric_columns(run.folds)]].isna().all()
    assert table.iloc[0]["rank"] == 1


def test_the_columns_are_the_same_whatever_the_run_has():
    whole = list(board(made("a", NOISE)).leaderboard.columns)
    assert whole[: len(LEADING)] == LEADING
    assert whole[-len(TRAILING) :] == TRAILING
    empty = build([RunRecord(recorded_run(made("a", NOISE)).manifest, pd.DataFrame(), pd.DataFrame(
        columns=["cell", "fold", "clip", "group", "kl"]))])  # fmt: skip
    assert list(empty.leaderboard.columns) == [*LEADING, *TRAILING]
    assert list(empty.comparisons.columns) == COMPARED


def test_the_paths_of_a_machine_do_not_reach_the_table():
    parameters = json.dumps({"separator": {"weights": "/home/someone/weights/model-7"}})
    table = board(made("a", NOISE, parameters=parameters)).leaderboard
    assert json.loads(table["parameters"][0]) == {"separator": {"weights": "model-7"}}


# --- places --------------------------------------------------------------------------------------


def test_the_best_comes_first_within_a_table_and_failures_last():
    table = board(
        made("a2", [[0.2]], dataset="b"),
        made("a1", [[0.1]], dataset="b"),
        made("a0", [[0.0]], dataset="b", failed={0: "no"}),
        made("a3", [[0.4]], dataset="a"),
    ).leaderboard
    assert table["cell"].tolist() == ["a3", "a1", "a2", "a0"]
    assert table["rank"].fillna(0).tolist() == [1, 1, 2, 0]


def test_equals_share_a_rank():
    table = board(made("a", LESS), made("b", LESS), made("c", NOISE)).leaderboard
    assert table["rank"].tolist() == [1, 1, 3]
    assert table["tier"].tolist() == [1, 1, 1]


def test_what_can_be_told_apart_is_of_another_tier_and_every_row_is_held_against_the_best():
    found = board(noisy("good", 0.05, 1), noisy("alike", 0.0502, 2), noisy("bad", 0.3, 3))
    rows = found.leaderboard.set_index("cell")
    assert rows["tier"].to_dict() == {"good": 1, "alike": 1, "bad": 2}
    assert rows.loc["bad", "rank"] == 3
    assert (rows["rank_low"] <= rows["rank"]).all()
    assert (rows["rank_high"] >= rows["rank"]).all()
    assert (rows["kl_mean_low"] < rows["kl_mean"]).all()
    difference = rows.loc["bad", "kl_mean"] - rows["kl_mean"].min()
    assert rows.loc["bad", "kl_difference_to_best"] == pytest.approx(difference)
    assert rows.loc["bad", "corrected_p_holm"] < 0.05
    assert rows.loc["bad", "rank_biserial"] == pytest.approx(1.0)
    assert rows.loc["alike" if rows.loc["good", "rank"] == 1 else "good", "corrected_p_holm"] > 0.05
    assert rows.loc["bad", "detectable_difference"] > 0


@pytest.mark.parametrize("key", ["split_hash", "data_hash", "dataset"])
def test_cells_of_other_splits_or_data_are_never_ranked_or_compared_together(key):
    found = board(
        made("a", NOISE),
        made("b", LESS),
        made("c", NOISE, **{key: "another"}),
        made("d", LESS, **{key: "another"}),
        spec={"compare": [{"across": "model"}]},
    )
    assert pairs(found.comparisons) == {("model", "a", "b"), ("model", "c", "d")}
    assert sorted(found.leaderboard["rank"]) == [1, 1, 2, 2]
    assert found.leaderboard["table"].nunique() == 2


@pytest.mark.parametrize(
    "change",
    [{"evaluator": {"version": "2", "hash": "source"}}, {"datasets": None}],
    ids=["evaluator", "dataset version"],
)
def test_other_versions_of_evaluator_or_dataset_never_share_a_table(change):
    old = recorded_run(made("a", NOISE))
    if change == {"datasets": None}:
        change = {"datasets": [entry | {"version": "2"} for entry in old.manifest["datasets"]]}
    new = recorded_run(made("b", LESS), run="run-2", **change)
    found = build([old, new])
    assert found.leaderboard["table"].nunique() == 2
    assert found.leaderboard["rank"].tolist() == [1, 1]
    assert found.comparisons.empty


def test_another_hash_of_the_same_evaluator_version_shares_the_table():
    other = recorded_run(made("b", LESS), run="run-2", evaluator={"version": "1", "hash": "new"})
    assert len(set(build([recorded_run(made("a", NOISE)), other]).leaderboard["table"])) == 1


def test_one_split_hash_over_other_clips_is_an_error_that_names_the_cells():
    short = [NOISE[0][:3], NOISE[1]]
    with pytest.raises(MerbenchError, match="cells b and a of d have one split hash and were not"):
        board(made("a", NOISE), made("b", [LESS[0][:3], LESS[1]]), made("c", short))


def test_cells_are_aligned_whatever_the_order_of_their_rows():
    straight = recorded_run(made("a", NOISE), made("b", LESS))
    shuffled = RunRecord(
        straight.manifest, straight.folds, straight.predictions.sample(frac=1, random_state=1)
    )
    one, other = build([straight]), build([shuffled])
    pd.testing.assert_frame_equal(one.leaderboard, other.leaderboard)
    pd.testing.assert_frame_equal(one.comparisons, other.comparisons)


# --- people and marks ----------------------------------------------------------------------------


def test_people_have_no_rank_and_every_row_says_how_far_from_them_it_is():
    run = recorded_run(
        made("a", NOISE),
        made("panel", LESS, model="human-ceiling(panel)", role="people", separator="none",
             features="none"),
        made("half", NOISE, model="human-ceiling(split-half)", role="people", separator="none",
             features="none"),
    )  # fmt: skip
    rows = build([run]).leaderboard.set_index("cell")
    assert rows["rank"].fillna(0).to_dict() == {"panel": 0, "a": 1, "half": 0}
    expected = rows.loc["a", "kl_mean"] - rows.loc["panel", "kl_mean"]
    assert rows.loc["a", "kl_difference_to_people"] == pytest.approx(expected)
    assert np.isnan(rows.loc["panel", "kl_difference_to_people"])


def test_systems_that_hear_nothing_or_lose_to_a_constant_are_marked():
    rows = board(
        noisy("hears", 0.02, 1),
        noisy("deaf", 0.02, 2, constant=True),
        noisy("loses", 1.0, 3),
        noisy("baseline", 0.02, 4, constant=True, role="baseline"),
    ).leaderboard.set_index("cell")
    assert rows["mark"].to_dict() == {
        "hears": "",
        "deaf": "uncorrelated with truth; worse than a constant",
        "loses": "worse than a constant",
        "baseline": "",
    }


def test_without_labels_a_row_keeps_the_mark_that_it_had_with_them():
    run = recorded_run(noisy("a", 0.02, 1), marks={"a": "uncorrelated with truth"})
    for column in [c for c in run.predictions if c.startswith("truth_")]:
        run.predictions[column] = np.nan
    (row,) = build([run]).leaderboard.to_dict("records")
    assert row["mark"] == "uncorrelated with truth"


# --- many runs -----------------------------------------------------------------------------------


def test_the_order_in_which_runs_are_named_changes_nothing():
    runs = [
        recorded_run(made("a", NOISE), run="2", started="2026-01-01T00:00:00+00:00"),
        recorded_run(made("b", LESS), run="1", started="2026-01-01T00:00:00+00:00"),
        recorded_run(made("c", LESS), run="0", started="2026-01-02T00:00:00+00:00"),
    ]
    one, other = build(runs), build(runs[::-1])
    pd.testing.assert_frame_equal(one.leaderboard, other.leaderboard)
    pd.testing.assert_frame_equal(one.comparisons, other.comparisons)
    assert [run.manifest["run"] for run in one.runs] == ["1", "2", "0"]


def test_what_two_runs_share_with_equal_results_is_one_row_of_the_first():
    first = recorded_run(made("base", NOISE), made("a", LESS), run="first")
    second = recorded_run(
        made("base", NOISE), made("b", LESS), run="second", started="2026-01-02T00:00:00+00:00"
    )
    found = build([second, first])
    rows = found.leaderboard[["cell", "run"]].values.tolist()
    assert sorted(rows) == [["a", "first"], ["b", "second"], ["base", "first"]]
    assert not found.comparisons.duplicated(["cell_a", "cell_b", "across"]).any()


def test_one_cell_with_other_results_is_a_row_for_each_run():
    found = build([
        recorded_run(made("a", NOISE), run="first"), recorded_run(made("a", LESS), run="second")
    ])  # fmt: skip
    assert found.leaderboard["run"].tolist() == ["second", "first"]
    assert found.leaderboard["rank"].tolist() == [1, 2]


# --- comparisons ---------------------------------------------------------------------------------


def test_a_pair_differs_along_one_axis_only():
    found = across(
        ["separator", "model", "features"],
        made("mix-ridge", NOISE, separator="mix", model="ridge"),
        made("sep-ridge", NOISE, separator="sep", model="ridge"),
        made("mix-tree", LESS, separator="mix", model="tree"),
        made("sep-tree", LESS, separator="sep", model="tree"),
        made("mix-tree-g", LESS, separator="mix", model="tree", features="g"),
    )
    assert pairs(found) == {
        ("separator", "mix-ridge", "sep-ridge"),
        ("separator", "mix-tree", "sep-tree"),
        ("model", "mix-ridge", "mix-tree"),
        ("model", "sep-ridge", "sep-tree"),
        ("features", "mix-tree", "mix-tree-g"),
    }
    row = found[(found["across"] == "model") & (found["cell_a"] == "mix-tree")].iloc[0]
    assert row["cell_b"] == "mix-ridge"
    kl = [np.mean([np.square(np.array(x) / 0.1).mean() / 2 for x in c]) for c in (LESS, NOISE)]
    assert row["kl_difference"] == pytest.approx(kl[0] - kl[1])
    assert (row["n_folds"], row["n_clips"]) == (2, 4)
    assert row["rank_biserial"] == -1.0


def test_parameters_belong_to_the_axis_whose_they_are():
    """Two penalties are two models, and never two separators."""

    def cell(separator: str, penalty: int) -> dict[str, Any]:
        return made(
            f"{separator}-{penalty}", NOISE if penalty else LESS, separator=separator,
            model="ridge", parameters=json.dumps({"model": {"penalty": penalty}}),
        )  # fmt: skip

    found = across(["separator", "model"], *(cell(s, p) for s in ("mix", "sep") for p in (0, 1)))
    assert pairs(found) == {
        ("separator", "mix-0", "sep-0"),
        ("separator", "mix-1", "sep-1"),
        ("model", "mix-0", "mix-1"),
        ("model", "sep-0", "sep-1"),
    }
    shares = [
        made(f"share{i}", kl, model="m", parameters=json.dumps({"separator": {"share": i}}))
        for i, kl in enumerate((NOISE, LESS))
    ]
    found = across(["separator", "model", "features"], *shares)
    assert pairs(found) == {("separator", "share0", "share1")}


def test_a_model_that_never_looks_at_the_music_is_compared_with_every_system():
    found = across(
        ["separator", "model"],
        made("blind", NOISE, separator="none", features="none"),
        made("mix", LESS, separator="mix"),
        made("sep", LESS, separator="sep", features="g"),
    )
    assert pairs(found) == {("model", "blind", "mix"), ("model", "blind", "sep")}


def test_incomplete_cells_and_human_ceilings_are_not_compared():
    run = recorded_run(
        made("a", NOISE),
        made("b", LESS, failed={1: "no"}),
        made("human-ceiling(panel)", LESS, role="people", separator="none", features="none"),
        made("c", LESS),
        spec={"compare": [{"across": "model"}]},
    )
    run.predictions.loc[run.predictions["cell"] == "human-ceiling(panel)", "kl"] = np.nan
    assert pairs(build([run]).comparisons) == {("model", "a", "c")}
    failures = dataclasses.replace(run, folds=run.folds[run.folds["cell"] == "b"])
    assert build([failures]).comparisons.empty


def test_each_family_is_corrected_for_its_own_size():
    cells = [noisy(f"m{i}", 0.05 + 0.1 * i, 1 + i) for i in range(3)]
    found = across(["model"], *cells)
    assert len(found) == 3
    for raw, corrected in (("corrected_p", "corrected_p_holm"), ("clip_p", "clip_p_holm")):
        ordered = found.sort_values(raw)
        holm = np.maximum.accumulate(ordered[raw].to_numpy() * [3, 2, 1]).clip(max=1)
        assert ordered[corrected].to_numpy() == pytest.approx(holm)
    alone = across(["model"], *cells[:2]).iloc[0]
    assert alone["corrected_p"] == alone["corrected_p_holm"]
    far = found[(found["cell_a"] == "m0") & (found["cell_b"] == "m2")].iloc[0]
    assert far["significant"]
    assert far["better"] == "a"
