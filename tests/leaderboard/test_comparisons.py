"""Which pairs of cells are compared, and how a family of them is corrected."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from board_cells import LESS, NOISE, board, noisy, pairs

from boards import made, recorded_run
from merbench.leaderboard.building import build_board


def across(axes: Sequence[str], *cells: dict[str, Any]) -> pd.DataFrame:
    """Comparisons of a run with these cells along these axes."""
    spec = {"compare": [{"across": axis} for axis in axes]}
    return board(*cells, spec=spec).comparisons


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
    assert pairs(build_board([run]).comparisons) == {("model", "a", "c")}
    failures = dataclasses.replace(run, folds=run.folds[run.folds["cell"] == "b"])
    assert build_board([failures]).comparisons.empty


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


def test_a_comparison_on_one_fold_says_what_it_holds_for():
    rng = np.random.default_rng(0)
    one = [made(f"m{i}", [(0.1 * i + rng.normal(0, 0.01, 30)).tolist()]) for i in range(2)]
    (row,) = across(["model"], *one).to_dict("records")
    assert (row["n_folds"], row["n_groups"], row["given"]) == (1, 15, "these fitted models")
    assert row["significant"]
    assert np.isnan(row["resampled_p"])
    several = across(["model"], noisy("a", 0.1, 1), noisy("b", 0.2, 2)).iloc[0]
    assert several["given"] == ""
