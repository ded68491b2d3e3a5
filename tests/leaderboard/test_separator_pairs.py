"""Separators against each other, fold by fold: what stands in separators.csv."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from boards import made, recorded_run
from merbench import Task, evaluation
from merbench.evaluation import Scores
from merbench.leaderboard.building import build_board
from merbench.leaderboard.columns import SEPARATORS
from merbench.leaderboard.separator_pairs import fold_rows
from merbench.runs import row_columns

OFFSETS = [[0.1, 0.2, 0.15, 0.05], [0.2, 0.1, 0.12, 0.3]]
LESS = [[0.05, 0.1, 0.1, 0.01], [0.1, 0.05, 0.1, 0.2]]


def found(*cells) -> pd.DataFrame:
    return build_board([recorded_run(*cells)]).separators


def test_a_row_a_fold_is_what_folds_and_clips_give():
    table = found(
        made("A", OFFSETS, separator="mixed", model="m"),
        made("B", LESS, separator="stems", model="m"),
    )
    assert list(table.columns) == SEPARATORS
    assert table["fold"].tolist() == [0, 1]
    assert set(table["separator_a"]) == {"mixed"}  # first in the run, though it ranks below
    assert set(table["separator_b"]) == {"stems"}
    assert set(table["system"]) == {"f x m"}
    for row, a, b in zip(table.itertuples(), OFFSETS, LESS, strict=True):
        kl = [np.square(np.array(offsets) / 0.1) / 2 for offsets in (a, b)]
        assert [row.kl_mean_a, row.kl_mean_b] == pytest.approx([k.mean() for k in kl])
        assert [row.kl_median_upper_a, row.kl_median_upper_b] == pytest.approx(
            [np.sort(k)[2] for k in kl]
        )
        assert row.wilcoxon_p == pytest.approx(evaluation.signed_rank(kl[0] - kl[1]).p)


def test_the_first_of_a_run_is_what_each_other_one_is_held_against():
    cells = [made(name, OFFSETS, separator=name, model="m") for name in ("one", "two", "three")]
    table = found(*cells).drop_duplicates(["cell_a", "cell_b"])
    pairs = list(zip(table["separator_a"], table["separator_b"], strict=True))
    assert pairs == [("one", "two"), ("one", "three")]


def test_parameters_of_a_separator_are_in_its_name_and_tell_pairs_apart():
    share = '{"separator": {"share": 0.5}}'
    table = found(
        made("A", OFFSETS, separator="halves", model="m"),
        made("B", LESS, separator="halves", model="m", parameters=share),
        made("C", LESS, separator="mixed", model="other"),
    )
    assert set(table["separator_b"]) == {"halves (share=0.5)"}
    assert set(table["system"]) == {"f x m"}


@pytest.mark.parametrize(
    "changes",
    [
        {"model": "other"},
        {"split_hash": "another"},
        {"failed": {1: "no"}},
        {"role": "baseline", "separator": "none", "features": "none"},
        {"parameters": '{"model": {"k": 3}}'},
    ],
)
def test_what_differs_in_more_or_is_incomplete_makes_no_pair(changes):
    other = {"separator": "stems", "model": "m"} | changes
    table = found(made("A", OFFSETS, separator="mixed", model="m"), made("B", LESS, **other))
    assert table.empty
    assert list(table.columns) == SEPARATORS


def test_the_papers_table_comes_out_of_its_predictions(shared: Path):
    """The authors' own predictions give row 1 of their Table 1, to every printed digit."""
    table = pd.read_csv(shared / "golden" / "nguyen2022" / "crnn_fold_0.csv")
    columns = Task.VA.columns
    truth = table[[f"gt_{c}" for c in columns]].to_numpy(float)
    clips = table["song_id"].astype(str).to_numpy()
    kl = []
    for separator in ("mixed", "sep"):
        predicted = table[[f"{separator}_{c}" for c in columns]].to_numpy(float)
        kl.append(row_columns.score_fold(Task.VA, truth, predicted, clips.tolist())[0])
    fold = np.zeros(len(clips), np.int64)
    scores = Scores(("mixed", "sep"), fold, clips, clips, {0: 600}, np.stack(kl))
    rows = [
        dict.fromkeys((*row_columns.AXES, "table", "run", "cell"), "x")
        | {"cell": name, "separator": name, "parameters": {}}
        for name in ("mixed", "sep")
    ]
    (row,) = fold_rows(rows, scores, [(0, 0), (0, 1)])
    printed = ("kl_mean_a", "kl_mean_b", "kl_median_upper_a", "kl_median_upper_b", "wilcoxon_p")
    assert [f"{getattr(row, name):.3f}" for name in printed] == [
        "0.948", "1.783", "0.526", "1.423", "0.000",
    ]  # fmt: skip
