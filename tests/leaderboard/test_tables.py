"""Rows of a leaderboard and comparisons, against numbers worked out by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from merbench import Task
from merbench.errors import MerbenchError
from merbench.evaluation import Scores, bootstrap, corrected, tiers
from merbench.leaderboard.tables import Board, build
from merbench.recorded import Recorded
from merbench.results import predicted_columns, score_fold, truth_columns

TRUTH = (0.5, 0.5, 0.1, 0.1)


def made(name: str, offsets: Sequence[Sequence[float]], **changes: Any) -> dict[str, Any]:
    """One cell whose predictions miss valence by `offsets`, a list a fold.

    With standard deviations right, KL is (offset / 0.1)^2 / 2 in nats: 0.5 for 0.1, 2 for 0.2.
    """
    settings = {
        "cell": name, "dataset": "d", "augmentation": "none", "separator": "s", "features": "f",
        "model": name, "parameters": "", "role": "system", "n_train": 8, "task": "va",
        "dataset_parameters": "", "n_clips": 10, "synthetic": False, "provenance": "",
        "split_hash": "split", "data_hash": "data",
    }  # fmt: skip
    return {"offsets": offsets, "failed": {}, **settings, **changes}


def recorded(*cells: dict[str, Any], compare: Sequence[str] = (), group: int = 1) -> Recorded:
    """A run with these cells; `group` clips in a row are one group."""
    folds, predictions = [], []
    for cell in cells:
        fixed = {k: v for k, v in cell.items() if k not in ("offsets", "failed", "n_train")}
        for fold, offsets in enumerate(cell["offsets"]):
            truth = np.tile(TRUTH, (len(offsets), 1))
            predicted = truth.copy()
            predicted[:, 0] += offsets
            clips = [f"c{i:02}" for i in range(len(offsets))]
            kl, metrics = score_fold(Task.VA, truth, predicted, clips)
            row = fixed | {
                "fold": fold, "seed": 0, "n_train": cell["n_train"], "n_test": len(offsets),
                "seconds": 2.0 + fold, "cpu_seconds": 1.0, "peak_memory_mb": 100.0 * (fold + 1),
                "curve": "", "status": "ok", "error": "",
            }  # fmt: skip
            if fold in cell["failed"]:
                folds.append(row | {"status": "failed", "error": cell["failed"][fold]})
                continue
            folds.append(row | metrics)
            frame = pd.DataFrame({"clip": clips, "kl": kl}).assign(cell=cell["cell"], fold=fold)
            frame["group"] = [f"g{i // group:02}" for i in range(len(offsets))]
            frame[truth_columns(Task.VA)] = truth
            frame[predicted_columns(Task.VA)] = predicted
            predictions.append(frame)
    manifest = {
        "merbench": "0", "run": "one", "started": "2026", "packages": {}, "protocol": {},
        "spec_hash": "spec", "evaluator": {"version": "1", "hash": "e"}, "hardware": {},
        "datasets": [], "spec": {"compare": [{"across": axis} for axis in compare]},
    }  # fmt: skip
    nothing = pd.DataFrame({name: [] for name in ("cell", "fold", "clip", "group", "kl")})
    parts = pd.concat(predictions, ignore_index=True) if predictions else nothing
    return Recorded(manifest, pd.DataFrame(folds), parts)


def board(*cells: dict[str, Any], compare: Sequence[str] = (), group: int = 1) -> Board:
    return build([recorded(*cells, compare=compare, group=group)])


# --- a row of the leaderboard --------------------------------------------------------------------


def test_a_row_is_what_hand_calculation_gives():
    (row,) = board(made("a", [[0.1, 0.2], [0.0, 0.1, 0.2]])).leaderboard.to_dict("records")
    first, second = (0.5 + 2) / 2, (0 + 0.5 + 2) / 3
    assert row["kl_mean"] == pytest.approx((first + second) / 2)
    assert row["kl_median"] == pytest.approx((1.25 + 0.5) / 2)
    assert row["mse_valence_mean"] == pytest.approx((0.05 / 2 + 0.05 / 3) / 2)
    assert (row["status"], row["n_folds"], row["n_failed"], row["n_clips"]) == ("ok", 2, 0, 10)
    assert (row["tier"], row["rank"], row["rank_low"], row["rank_high"]) == (1, 1, 1, 1)
    assert row["seconds"] == 5.0
    assert row["peak_memory_mb"] == 200.0


def test_intervals_and_tiers_are_those_of_the_statistics():
    rng = np.random.default_rng(0)
    offsets = [rng.uniform(0.05 * i, 0.1 + 0.05 * i, (4, 30)) for i in range(3)]
    cells = [made(f"m{i}", o.tolist(), n_train=90) for i, o in enumerate(offsets)]
    found = board(*cells, group=3).leaderboard
    clip = [f"c{i:02}" for i in range(30)] * 4
    group = [f"g{i // 3:02}" for i in range(30)] * 4
    kl = np.stack([(o.ravel() / 0.1) ** 2 / 2 for o in offsets])
    scores = Scores(
        ("m0", "m1", "m2"), np.repeat(range(4), 30), clip, group, dict.fromkeys(range(4), 90), kl
    )
    drawn = bootstrap(scores)
    assert found["cell"].tolist() == ["m0", "m1", "m2"]
    assert found["kl_mean_low"].tolist() == pytest.approx(drawn.mean_low.tolist())
    assert found["kl_mean_high"].tolist() == pytest.approx(drawn.mean_high.tolist())
    assert found["kl_median_low"].tolist() == pytest.approx(drawn.median_low.tolist())
    assert found["rank_high"].tolist() == drawn.rank_high.tolist()
    assert found["tier"].tolist() == tiers(scores).tolist() == [1, 2, 3]
    d = scores.fold_means[1] - scores.fold_means[0]
    assert found["kl_difference_to_best"][1] == pytest.approx(d.mean())
    assert found["detectable_difference"][1] == pytest.approx(
        float(corrected(d, 1 / 3).detectable())
    )
    assert np.isnan(found["corrected_p_holm"][0])


def test_counts_are_summed_over_folds():
    run = recorded(made("a", [[0.1], [0.1], [0.1]]))
    run.folds["n_nonpositive_std"] = [1, 0, 3]
    (row,) = build([run]).leaderboard.to_dict("records")
    assert row["n_nonpositive_std"] == 4
    assert row["n_floored_std"] == 0


def test_one_failed_fold_makes_a_failed_row_without_numbers():
    table = board(
        made("whole", [[0.3, 0.4], [0.3, 0.4]]),
        made("broken", [[0.0, 0.1], [0.0, 0.1]], failed={1: "broken: it raised"}),
    ).leaderboard
    assert table["model"].tolist() == ["whole", "broken"]
    row = table.iloc[1]
    assert row["status"] == "failed"
    assert row["error"] == "broken: it raised"
    assert (row["n_folds"], row["n_failed"]) == (2, 1)
    numbers = ["tier", "rank", "kl_mean", "kl_mean_low", "kl_mean_high", "kl_median", "rmse"]
    assert row[numbers].isna().all()
    assert table.iloc[0][numbers].notna().all()


def test_the_best_comes_first_within_a_dataset_and_failures_last():
    table = board(
        made("a2", [[0.2]], dataset="b"),
        made("a1", [[0.1]], dataset="b"),
        made("a0", [[0.0]], dataset="b", failed={0: "no"}),
        made("a3", [[0.4]], dataset="a"),
    ).leaderboard
    assert table["cell"].tolist() == ["a3", "a1", "a2", "a0"]


def test_no_folds_make_an_empty_leaderboard():
    table = board().leaderboard
    assert table.empty
    assert "status" in table


# --- comparisons ---------------------------------------------------------------------------------


def pairs(found: pd.DataFrame) -> set[tuple[str, str, str]]:
    return {(row.across, *sorted((row.cell_a, row.cell_b))) for row in found.itertuples()}


NOISE = [[0.1, 0.2, 0.15, 0.05], [0.2, 0.1, 0.12, 0.3]]
LESS = [[0.05, 0.1, 0.1, 0.01], [0.1, 0.05, 0.1, 0.2]]


def test_a_pair_differs_along_one_axis_only():
    cells = [
        made("mix-ridge", NOISE, separator="mix", model="ridge"),
        made("sep-ridge", NOISE, separator="sep", model="ridge"),
        made("mix-tree", LESS, separator="mix", model="tree"),
        made("sep-tree", LESS, separator="sep", model="tree"),
        made("mix-tree-g", LESS, separator="mix", model="tree", features="g"),
        made("noisy", NOISE, separator="mix", model="ridge", augmentation="noise"),
    ]
    found = board(*cells, compare=["separator", "model", "features", "augmentation"]).comparisons
    assert pairs(found) == {
        ("augmentation", "mix-ridge", "noisy"),
        ("separator", "mix-ridge", "sep-ridge"),
        ("separator", "mix-tree", "sep-tree"),
        ("model", "mix-ridge", "mix-tree"),
        ("model", "sep-ridge", "sep-tree"),
        ("features", "mix-tree", "mix-tree-g"),
    }
    row = found[(found["across"] == "model") & (found["cell_a"] == "mix-tree")].iloc[0]
    assert row["cell_b"] == "mix-ridge"
    difference = np.mean([np.square(np.array(x) / 0.1).mean() / 2 for x in LESS]) - np.mean(
        [np.square(np.array(x) / 0.1).mean() / 2 for x in NOISE]
    )
    assert row["kl_difference"] == pytest.approx(difference)
    assert (row["n_folds"], row["n_clips"]) == (2, 4)
    assert row["rank_biserial"] == -1.0


def test_parameters_belong_to_the_axis_whose_they_are():
    """Two penalties are two models, and never two separators."""

    def cell(separator: str, penalty: int) -> dict[str, Any]:
        parameters = json.dumps({"model": {"penalty": penalty}})
        return made(
            f"{separator}-{penalty}", NOISE if penalty else LESS,
            separator=separator, model="ridge", parameters=parameters,
        )  # fmt: skip

    cells = [cell(s, p) for s in ("mix", "sep") for p in (0, 1)]
    found = board(*cells, compare=["separator", "model"]).comparisons
    assert pairs(found) == {
        ("separator", "mix-0", "sep-0"),
        ("separator", "mix-1", "sep-1"),
        ("model", "mix-0", "mix-1"),
        ("model", "sep-0", "sep-1"),
    }
    stems = [json.dumps({"separator": {"share": share}}) for share in (0.1, 0.2)]
    cells = [made(f"share{i}", NOISE, model="m", parameters=p) for i, p in enumerate(stems)]
    found = board(*cells, compare=["separator", "model", "features"]).comparisons
    assert pairs(found) == {("separator", "share0", "share1")}


def test_a_model_that_never_looks_at_the_music_is_compared_with_every_system():
    cells = [
        made("blind", NOISE, separator="none", features="none"),
        made("mix", LESS, separator="mix"),
        made("sep", LESS, separator="sep", features="g"),
    ]
    found = board(*cells, compare=["separator", "model"]).comparisons
    assert pairs(found) == {("model", "blind", "mix"), ("model", "blind", "sep")}


@pytest.mark.parametrize("key", ["split_hash", "data_hash", "dataset"])
def test_cells_of_other_splits_or_data_are_never_compared(key):
    cells = [
        made("a", NOISE),
        made("b", LESS),
        made("c", NOISE, **{key: "another"}),
        made("d", LESS, **{key: "another"}),
    ]
    found = board(*cells, compare=["model"]).comparisons
    assert pairs(found) == {("model", "a", "b"), ("model", "c", "d")}


def test_incomplete_cells_and_human_ceilings_are_not_compared():
    cells = [
        made("a", NOISE),
        made("b", LESS, failed={1: "no"}),
        made("human-ceiling(panel)", LESS, role="people", separator="none", features="none"),
        made("c", LESS),
    ]
    run = recorded(*cells, compare=["model"])
    ceiling = run.predictions["cell"] == "human-ceiling(panel)"
    run.predictions.loc[ceiling, "kl"] = np.nan
    assert pairs(build([run]).comparisons) == {("model", "a", "c")}
    failures = Recorded(run.manifest, run.folds[run.folds["cell"] == "b"], run.predictions)
    assert build([failures]).comparisons.empty


def test_cells_are_compared_whatever_other_tasks_the_run_has():
    """A quadrant cell has no count of standard deviations; that must not drop it."""
    run = recorded(
        made("a", NOISE),
        made("b", LESS),
        made("qa", NOISE, dataset="q", role="baseline"),
        made("qb", LESS, dataset="q", role="baseline"),
        compare=["model"],
    )
    run.folds.loc[run.folds["dataset"] == "q", ["n_nonpositive_std", "n_floored_std"]] = np.nan
    assert pairs(build([run]).comparisons) == {("model", "a", "b"), ("model", "qa", "qb")}


def test_cells_that_say_they_share_a_split_and_do_not_are_named():
    run = recorded(made("a", NOISE), made("b", [*LESS[:1], LESS[1][:3]]))
    with pytest.raises(MerbenchError, match="the cells b and a of d have one split hash"):
        build([run])


def test_each_family_is_corrected_for_its_own_size():
    rng = np.random.default_rng(1)
    cells = [
        made(f"m{i}", rng.uniform(0.05, 0.1 + 0.1 * i, (4, 30)).tolist(), n_train=90)
        for i in range(3)
    ]
    found = board(*cells, compare=["model"]).comparisons
    assert len(found) == 3
    for raw, holm_p in (("corrected_p", "corrected_p_holm"), ("clip_p", "clip_p_holm")):
        ordered = found.sort_values(raw)
        holm = np.maximum.accumulate(ordered[raw].to_numpy() * [3, 2, 1]).clip(max=1)
        assert ordered[holm_p].to_numpy() == pytest.approx(holm)
    alone = board(*cells[:2], compare=["model"]).comparisons.iloc[0]
    assert alone["corrected_p"] == alone["corrected_p_holm"]
    far = found[(found["cell_a"] == "m0") & (found["cell_b"] == "m2")].iloc[0]
    assert far["significant"]
    assert far["better"] == "a"
