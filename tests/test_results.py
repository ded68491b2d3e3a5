"""Fold metrics, leaderboard rows and comparisons, against numbers worked out by hand."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from merbench import Task
from merbench.errors import MerbenchError
from merbench.results import (
    compare,
    metric_columns,
    parameter_text,
    predicted_columns,
    rescore_fold,
    score_fold,
    summarise,
    system_name,
    truth_columns,
)

TRUTH = (0.5, 0.5, 0.1, 0.1)


def made(name: str, offsets: list[list[float]], **changes: Any) -> dict[str, Any]:
    """One cell whose predictions miss valence by `offsets`, a list a fold.

    With standard deviations right, KL is (offset / 0.1)^2 / 2 in nats: 0.5 for 0.1, 2 for 0.2.
    """
    settings = {
        "cell": name, "dataset": "d", "augmentation": "none", "separator": "s", "features": "f",
        "model": name, "parameters": "", "role": "system", "n_train": 8, "task": "va",
        "dataset_parameters": "",
        "n_clips": 10, "synthetic": False, "provenance": "", "split_hash": "split",
        "data_hash": "data",
    }  # fmt: skip
    return {"offsets": offsets, "failed": {}, **settings, **changes}


def tables(*cells: dict[str, Any]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The two tables of a run with these cells."""
    folds, predictions = [], []
    for cell in cells:
        fixed = {k: v for k, v in cell.items() if k not in ("offsets", "failed", "n_train")}
        for fold, offsets in enumerate(cell["offsets"]):
            truth = np.tile(TRUTH, (len(offsets), 1))
            predicted = truth.copy()
            predicted[:, 0] += offsets
            clips = [f"c{i}" for i in range(len(offsets))]
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
            frame = pd.DataFrame({"clip": clips, "kl": kl}).assign(
                cell=cell["cell"], fold=fold, model=cell["model"]
            )
            frame[truth_columns(Task.VA)] = truth
            frame[predicted_columns(Task.VA)] = predicted
            predictions.append(frame)
    return pd.DataFrame(folds), pd.concat(predictions, ignore_index=True)


# --- a fold --------------------------------------------------------------------------------------


def test_a_folds_metrics_are_those_of_hand_calculation():
    truth = np.tile(TRUTH, (2, 1))
    predicted = truth + np.array([[0.1, 0, 0, 0], [0, 0.2, 0, 0]])
    predicted[1, 2] *= -1
    kl, metrics = score_fold(Task.VA, truth, predicted, ["a", "b"])
    assert kl.tolist() == pytest.approx([0.5, 2.0])
    assert metrics["kl_mean"] == pytest.approx(1.25)
    assert metrics["kl_median"] == pytest.approx(1.25)
    # Four columns: 0.01 / 2, 0.04 / 2, 0.2^2 / 2 for the turned sign, and 0.
    assert metrics["mse"] == pytest.approx((0.005 + 0.02 + 0.02 + 0) / 4)
    assert metrics["n_nonpositive_std"] == 1


def test_a_fold_is_scored_anew_from_its_rows_alone():
    _, predictions = tables(made("a", [[0.1, 0.2, 0.0]]))
    predictions["kl"] = -1.0
    kl, metrics = rescore_fold(Task.VA, predictions)
    assert kl.tolist() == pytest.approx([0.5, 2.0, 0.0])
    assert metrics["kl_mean"] == pytest.approx(2.5 / 3)
    assert metrics["kl_median"] == pytest.approx(0.5)


def test_rows_without_predictions_count_for_a_human_ceiling_only():
    _, predictions = tables(made("a", [[0.1, 0.2, 0.3]]))
    predictions[predicted_columns(Task.VA)] = np.nan
    with pytest.raises(MerbenchError, match=r"predictions not finite .*c0, c1, c2"):
        rescore_fold(Task.VA, predictions)
    predictions["model"] = "human-ceiling(panel)"
    predictions.loc[2, "kl"] = np.nan
    kl, metrics = rescore_fold(Task.VA, predictions)
    assert kl[:2].tolist() == pytest.approx([0.5, 2.0])
    assert metrics == pytest.approx({"kl_mean": 1.25, "kl_median": 1.25})


# --- a row of the leaderboard --------------------------------------------------------------------


def test_a_row_is_what_hand_calculation_gives():
    folds, _ = tables(made("a", [[0.1, 0.2], [0.0, 0.1, 0.2]], n_train=8))
    (row,) = summarise(folds).to_dict("records")
    first, second = (0.5 + 2) / 2, (0 + 0.5 + 2) / 3
    assert row["kl_mean"] == pytest.approx((first + second) / 2)
    assert row["kl_median"] == pytest.approx((1.25 + 0.5) / 2)
    assert row["mse_valence_mean"] == pytest.approx((0.05 / 2 + 0.05 / 3) / 2)
    # Nadeau and Bengio: the 97.5 % point of Student's t with one degree of freedom is 12.7062.
    variance = ((first - second) / 2) ** 2 * 2
    half = 12.7062047 * math.sqrt((1 / 2 + (2 / 8 + 3 / 8) / 2) * variance)
    assert row["kl_low"] == pytest.approx(row["kl_mean"] - half)
    assert row["kl_high"] == pytest.approx(row["kl_mean"] + half)
    assert (row["status"], row["n_folds"], row["n_clips"]) == ("ok", 2, 10)
    assert row["seconds"] == 5.0
    assert row["peak_memory_mb"] == 200.0


def test_counts_are_summed_over_folds():
    folds, _ = tables(made("a", [[0.1], [0.1], [0.1]]))
    folds["n_nonpositive_std"] = [1, 0, 3]
    (row,) = summarise(folds).to_dict("records")
    assert row["n_nonpositive_std"] == 4
    assert row["n_floored_std"] == 0


def test_one_failed_fold_makes_a_failed_row_without_numbers():
    folds, _ = tables(
        made("whole", [[0.3, 0.4], [0.3, 0.4]]),
        made("broken", [[0.0, 0.1], [0.0, 0.1]], failed={1: "broken: it raised"}),
    )
    table = summarise(folds)
    assert table["model"].tolist() == ["whole", "broken"]
    row = table.iloc[1]
    assert row["status"] == "failed"
    assert row["error"] == "broken: it raised"
    assert row["n_folds"] == 1
    assert row[["kl_low", "kl_high", *metric_columns(folds)]].isna().all()
    assert table.iloc[0][["kl_mean", "kl_low", "kl_median"]].notna().all()


def test_the_best_comes_first_within_a_dataset_and_failures_last():
    folds, _ = tables(
        made("a2", [[0.2]], dataset="b"),
        made("a1", [[0.1]], dataset="b"),
        made("a0", [[0.0]], dataset="b", failed={0: "no"}),
        made("a3", [[0.4]], dataset="a"),
    )
    assert summarise(folds)["cell"].tolist() == ["a3", "a1", "a2", "a0"]


def test_no_folds_make_an_empty_leaderboard():
    table = summarise(pd.DataFrame())
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
    found = compare(*tables(*cells), ["separator", "model", "features", "augmentation"])
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

    found = compare(
        *tables(*[cell(s, p) for s in ("mix", "sep") for p in (0, 1)]), ["separator", "model"]
    )
    assert pairs(found) == {
        ("separator", "mix-0", "sep-0"),
        ("separator", "mix-1", "sep-1"),
        ("model", "mix-0", "mix-1"),
        ("model", "sep-0", "sep-1"),
    }
    stems = [json.dumps({"separator": {"share": share}}) for share in (0.1, 0.2)]
    found = compare(
        *tables(*[made(f"share{i}", NOISE, model="m", parameters=p) for i, p in enumerate(stems)]),
        ["separator", "model", "features"],
    )
    assert pairs(found) == {("separator", "share0", "share1")}


def test_a_model_that_never_looks_at_the_music_is_compared_with_every_system():
    cells = [
        made("blind", NOISE, separator="none", features="none"),
        made("mix", LESS, separator="mix"),
        made("sep", LESS, separator="sep", features="g"),
    ]
    found = compare(*tables(*cells), ["separator", "model"])
    assert pairs(found) == {("model", "blind", "mix"), ("model", "blind", "sep")}


@pytest.mark.parametrize("key", ["split_hash", "data_hash", "dataset"])
def test_cells_of_other_splits_or_data_are_never_compared(key):
    cells = [
        made("a", NOISE),
        made("b", LESS),
        made("c", NOISE, **{key: "another"}),
        made("d", LESS, **{key: "another"}),
    ]
    found = compare(*tables(*cells), ["model"])
    assert pairs(found) == {("model", "a", "b"), ("model", "c", "d")}


def test_incomplete_cells_and_human_ceilings_are_not_compared():
    cells = [
        made("a", NOISE),
        made("b", LESS, failed={1: "no"}),
        made("human-ceiling(panel)", LESS, role="people", separator="none", features="none"),
        made("c", LESS),
    ]
    folds, predictions = tables(*cells)
    ceiling = predictions["cell"] == "human-ceiling(panel)"
    predictions.loc[ceiling, "kl"] = np.nan
    assert pairs(compare(folds, predictions, ["model"])) == {("model", "a", "c")}
    failures = folds[folds["cell"] == "b"]
    assert compare(failures, predictions, ["model"]).empty


def test_cells_are_compared_whatever_other_tasks_the_run_has():
    """A quadrant cell has no count of standard deviations; that must not drop it."""
    folds, predictions = tables(
        made("a", NOISE),
        made("b", LESS),
        made("qa", NOISE, task="quadrant", dataset="q"),
        made("qb", LESS, task="quadrant", dataset="q"),
    )
    folds.loc[folds["task"] == "quadrant", ["n_nonpositive_std", "n_floored_std"]] = np.nan
    found = compare(folds, predictions, ["model"])
    assert pairs(found) == {("model", "a", "b"), ("model", "qa", "qb")}


def test_each_family_is_corrected_for_its_own_size():
    rng = np.random.default_rng(1)
    cells = [
        made(f"m{i}", rng.uniform(0.05, 0.1 + 0.1 * i, (4, 30)).tolist(), n_train=90)
        for i in range(3)
    ]
    found = compare(*tables(*cells), ["model"])
    assert len(found) == 3
    for raw, corrected in (("corrected_p", "corrected_p_holm"), ("clip_p", "clip_p_holm")):
        ordered = found.sort_values(raw)
        holm = np.maximum.accumulate(ordered[raw].to_numpy() * [3, 2, 1]).clip(max=1)
        assert ordered[corrected].to_numpy() == pytest.approx(holm)
    alone = compare(*tables(*cells[:2]), ["model"]).iloc[0]
    assert alone["corrected_p"] == alone["corrected_p_holm"]
    far = found[(found["cell_a"] == "m0") & (found["cell_b"] == "m2")].iloc[0]
    assert far["significant"]
    assert far["better"] == "a"


# --- names ---------------------------------------------------------------------------------------


def test_systems_are_named_with_the_parameters_that_differ():
    parameters = json.dumps({"model": {"penalty": 2}, "features": {"levels": {"n": 3}}})
    row = {
        "augmentation": "noise", "separator": "mix", "features": "levels", "model": "ridge",
        "parameters": parameters,
    }  # fmt: skip
    assert system_name(row) == "noise x mix x levels x ridge (penalty=2, n=3)"
    blind = {
        "augmentation": "none", "separator": "none", "features": "none", "model": "mean",
        "parameters": "",
    }  # fmt: skip
    assert system_name(blind) == "mean"
    assert parameter_text("") == ""
