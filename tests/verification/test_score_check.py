"""Scores that follow from predictions, and CSV files from tables: what differs is said."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from boards import made, recorded_run
from merbench.runs.record import RunRecord
from merbench.verification.score_check import (
    close,
    csv_differences,
    rows_of_folds,
    score_differences,
)


def run(**manifest: object) -> RunRecord:
    """Two cells; valence is missed by 0.1 and 0.2: 0.5 and 2 nats."""
    cells = made("a", [[0.1, 0.2], [0.2, 0.1]]), made("b", [[0.2, 0.2], [0.1, 0.1]])
    return recorded_run(*cells, **manifest)


def changed(table: str, change: Callable[[pd.DataFrame], pd.DataFrame]) -> RunRecord:
    honest = run()
    tables = {"folds": honest.folds, "predictions": honest.predictions}
    tables[table] = change(tables[table].copy())
    return RunRecord(honest.manifest, tables["folds"], tables["predictions"])


def add(column: str, row: int, amount: float) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def change(table: pd.DataFrame) -> pd.DataFrame:
        table.loc[row, column] += amount
        return table

    return change


def test_honest_scores_differ_in_nothing():
    assert score_differences(run()) == []


def test_a_number_that_differs_is_said_with_both():
    assert score_differences(changed("folds", add("kl_median", 1, 0.25))) == [
        "cell a, fold 1: kl_median is stored as 1.5, its predictions give 1.25"
    ]
    assert score_differences(changed("predictions", add("kl", 5, 1.0))) == [
        "cell b, fold 0, clip c1: KL is stored as 3, its prediction gives 2"
    ]


def test_rounding_of_another_machine_is_no_difference():
    assert score_differences(changed("folds", add("kl_mean", 0, 1e-11))) == []
    assert score_differences(changed("folds", add("kl_mean", 0, 1e-8))) != []


@pytest.mark.parametrize(
    ("table", "change", "says"),
    [
        (
            "predictions", lambda t: t[t["cell"] == "a"],
            ["cell b, fold 0: its predictions or its row are missing",
             "cell b, fold 1: its predictions or its row are missing"],
        ),
        (
            "folds", lambda t: t.iloc[1:],
            ["cell a, fold 0: its predictions or its row are missing"],
        ),
        ("folds", lambda t: t.iloc[[0, 0, 1, 2, 3]], ["folds.parquet: a fold stands twice"]),
        ("folds", lambda t: t.iloc[:0], ["folds.parquet is empty and there are predictions"]),
    ],
)  # fmt: skip
def test_what_has_no_counterpart_is_named(table: str, change: Callable, says: list[str]):
    assert score_differences(changed(table, change)) == says


def test_predictions_that_cannot_be_scored_are_said_with_their_clip():
    (found,) = score_differences(changed("predictions", add("predicted_valence_std", 3, np.inf)))
    assert found.startswith("cell a, fold 1: predictions not finite")
    assert "c1" in found


def withheld(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(**{c: np.nan for c in table if c.startswith("truth_")})


def test_without_labels_kl_stands_and_what_follows_from_it_is_checked():
    hidden = changed("predictions", withheld)
    assert score_differences(hidden) == []
    hidden.folds.loc[0, "mse"] += 1  # needs the labels
    assert score_differences(hidden) == []
    hidden.folds.loc[0, "n_nonpositive_std"] += 1  # needs predictions alone
    hidden.predictions.loc[2, "kl"] += 2
    assert score_differences(hidden) == [
        "cell a, fold 0: n_nonpositive_std is stored as 1, its predictions give 0",
        "cell a, fold 1: kl_mean is stored as 1.25, its predictions give 2.25",
        "cell a, fold 1: kl_median is stored as 1.25, its predictions give 2.25",
        "cell a, fold 1: kl_median_upper is stored as 2, its predictions give 4",
    ]


def test_of_cells_whose_predictions_were_left_out_so_too():
    blank = changed(
        "predictions",
        lambda t: t.assign(**{c: t[c].where(t["cell"] != "a") for c in t if c.startswith("pred")}),
    )
    assert any("not finite" in line for line in score_differences(blank))
    said = RunRecord(
        blank.manifest | {"predictions_withheld": ["a"]}, blank.folds, blank.predictions
    )
    assert score_differences(said) == []
    said.folds.loc[0, "kl_mean"] += 1
    assert score_differences(said) == [
        "cell a, fold 0: kl_mean is stored as 2.25, its predictions give 1.25"
    ]


def test_numbers_are_close_but_for_rounding_and_where_both_are_undefined():
    stored = np.array([1.0, 1.0, np.nan, np.nan, 0.0])
    computed = np.array([1 + 1e-10, 1 + 1e-8, np.nan, 0.0, 1e-13])
    assert close(stored, computed).tolist() == [True, False, True, False, True]


def test_rows_of_a_fold_keep_their_order_wherever_they_stand():
    table = pd.DataFrame({"cell": list("babab"), "fold": [0, 1, 1, 0, 0]})
    found = {key: rows.tolist() for key, rows in rows_of_folds(table).items()}
    assert found == {("b", 0): [0, 4], ("b", 1): [2], ("a", 0): [3], ("a", 1): [1]}
    assert rows_of_folds(table.iloc[:0]) == {}


CSV = "model,kl,note\nridge,0.5,\nforest,2,fine\n"


@pytest.mark.parametrize(
    ("stored", "says"),
    [
        (CSV, []),
        (CSV.replace("0.5", "0.5000000001"), []),
        (CSV.replace("0.5", "0.50001"),
         ["t.csv, line 2, kl: '0.50001' stands where '0.5' follows from the predictions"]),
        (CSV.replace("fine", ""),
         ["t.csv, line 3, note: nothing stands where 'fine' follows from the predictions"]),
        (CSV.replace("fine", "x" * 61),
         [f"t.csv, line 3, note: '{'x' * 60}…' stands where 'fine' follows from the predictions"]),
        (CSV.replace("forest,2,fine\n", ""), ["t.csv has 1 rows where the predictions give 2"]),
        (CSV.replace(",fine", ""), ["t.csv, line 3: it has 2 cells where 3 belong"]),
        (CSV.replace("kl,", "KL,"), ["t.csv has other columns than follow from the predictions"]),
        (CSV.replace("\n", "\r\n"), ["t.csv has other line ends than it must have"]),
        ("", ["t.csv has other columns than follow from the predictions"]),
    ],
)  # fmt: skip
def test_a_csv_file_is_held_against_its_tables(stored: str, says: list[str]):
    assert csv_differences("t.csv", stored.encode(), CSV) == says


def test_a_csv_file_that_is_missing_or_no_text_is_named():
    assert csv_differences("t.csv", None, CSV) == ["t.csv is missing"]
    assert csv_differences("t.csv", b"\xff\xfe", CSV) == ["t.csv is no text"]
