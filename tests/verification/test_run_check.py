"""Every number of a run follows from its predictions, and what was changed is found."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rated_bench import add, ceiling, parquet

from merbench.errors import MerbenchError
from merbench.leaderboard import run_results
from merbench.verification import run_check


def test_an_honest_run_verifies(written):
    assert run_check.verify_run(written[1]) == []


def one_fold_less(folder: Path) -> None:
    """Say of a row of the leaderboard that it has two folds in place of three."""
    path = folder / "leaderboard.csv"
    before = path.read_text()
    after = re.sub(r"(,ok,8,\d+),3,0,", r"\1,2,0,", before, count=1)
    assert after != before
    path.write_text(after)


def text(name: str, old: str, new: str) -> Callable[[Path], None]:
    def do(folder: Path) -> None:
        before = (folder / name).read_text()
        assert old in before
        (folder / name).write_text(before.replace(old, new, 1))

    return do


def no_predictions(table: pd.DataFrame) -> None:
    """Pass every row off as a human ceiling's, whose predictions are not known."""
    table[[c for c in table.columns if c.startswith("predicted_")]] = np.nan


def raise_ceiling(table: pd.DataFrame) -> None:
    table.loc[ceiling(table), "kl"] *= 1.01


TAMPERINGS: dict[str, tuple[Callable[[Path], None], str]] = {
    "a prediction": (
        parquet("predictions")(add("predicted_valence_mean", 4, 1e-6)),
        r"^cell \w+, fold 2: kl_mean is stored as .*, its predictions give",
    ),
    "a prediction by nothing but its KL": (
        parquet("predictions")(add("kl", 0, 1e-6)),
        r"^cell \w+, fold 0, clip c\d: KL is stored as",
    ),
    "a truth": (
        parquet("predictions")(add("truth_arousal_std", 1, 0.01)),
        r"^cell \w+, fold 0: kl_mean is stored as",
    ),
    "a metric": (
        parquet("folds")(add("r2_arousal_mean", 0, 0.01)),
        r"^cell \w+, fold 0: r2_arousal_mean is stored as",
    ),
    "a count": (
        parquet("folds")(add("n_nonpositive_std", 1, 1)),
        r"^cell \w+, fold 1: n_nonpositive_std is stored as 1, its predictions give 0",
    ),
    "a metric taken away": (
        parquet("folds")(lambda t: t.assign(mse=np.where(t.index == 2, np.nan, t["mse"]))),
        r"^cell \w+, fold 2: mse is stored as nan",
    ),
    "predictions that cannot be scored": (
        parquet("predictions")(no_predictions),
        r"^cell \w+, fold 0: predictions not finite .*\(clips c\d, c\d\)",
    ),
    "a human ceiling": (
        parquet("predictions")(raise_ceiling),
        r"^cell human-ceiling-\S+, fold 0: kl_mean is stored as",
    ),
    "a metric a human ceiling cannot have": (
        parquet("folds")(lambda t: t.assign(mse=t["mse"].where(~ceiling(t), 0.1))),
        r"^cell human-ceiling-\S+, fold 0: mse is stored as 0.1, its predictions give nan",
    ),
    "a row of predictions taken away": (
        parquet("predictions")(lambda t: t.drop(index=3)),
        r"^cell \w+, fold 1: its predictions are not one for each of 2 clips",
    ),
    "a row of predictions twice": (
        parquet("predictions")(lambda t: pd.concat([t, t.iloc[[3]]])),
        r"^cell \w+, fold 1: its predictions are not one for each of 2 clips",
    ),
    "one clip passed off as another": (
        parquet("predictions")(lambda t: t.assign(clip=t["clip"].mask(t.index == 1, t["clip"][0]))),
        r"^cell \w+, fold 0: its predictions are not one for each of 2 clips",
    ),
    "a fold's predictions taken away": (
        parquet("predictions")(lambda t: t.iloc[2:]),
        r"^cell \w+, fold 0: its predictions or its row are missing",
    ),
    "a fold's row taken away": (
        parquet("folds")(lambda t: t.iloc[1:]),
        r"^cell \w+, fold 0: its predictions or its row are missing",
    ),
    "a fold's row twice": (
        parquet("folds")(lambda t: pd.concat([t, t.iloc[[0]]])),
        r"^folds.parquet: a fold stands twice",
    ),
    "a cell's rows taken away": (
        parquet("folds")(lambda t: t[t["cell"] != t["cell"].iloc[0]]),
        r"^cell \w+, fold 2: its predictions or its row are missing",
    ),
    "a failed fold made good": (
        parquet("folds")(lambda t: t.assign(status="ok")),
        r"^cell \w+, fold \d: its predictions or its row are missing",
    ),
    "a bad fold called failed": (
        parquet("folds")(lambda t: t.assign(status=t["status"].mask(t.index == 0, "failed"))),
        r"^cell \w+, fold 0: its predictions or its row are missing",
    ),
    "a digit of the leaderboard": (
        one_fold_less,
        r"^leaderboard.csv, line \d+, n_folds: '2' stands where '3' follows",
    ),
    "a line of the leaderboard": (
        lambda f: (f / "leaderboard.csv").write_text(
            "".join((f / "leaderboard.csv").read_text().splitlines(keepends=True)[:-1])
        ),
        r"^leaderboard.csv has 15 rows where the predictions give 16$",
    ),
    "line ends of the leaderboard": (
        lambda f: (f / "leaderboard.csv").write_bytes(
            (f / "leaderboard.csv").read_bytes().replace(b"\n", b"\r\n")
        ),
        "^leaderboard.csv has other line ends than it must have",
    ),
    "a verdict": (
        text("comparisons.csv", "False", "True"),
        "^comparisons.csv, line 2, significant: 'True' stands where 'False' follows",
    ),
    "the leaderboard gone": (
        lambda f: (f / "leaderboard.csv").unlink(), "^leaderboard.csv is missing$",
    ),
    "the comparisons gone": (
        lambda f: (f / "comparisons.csv").unlink(), "^comparisons.csv is missing$",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("tamper", "says"), TAMPERINGS.values(), ids=TAMPERINGS.keys())
def test_verify_finds_what_was_changed(folder, tamper, says):
    import re

    tamper(folder)
    differences = run_check.verify_run(folder)
    assert any(re.search(says, difference) for difference in differences), differences


@pytest.mark.parametrize("name", ["manifest.json", "folds.parquet", "predictions.parquet"])
def test_verify_and_read_say_which_file_is_missing_or_damaged(folder, name):
    path = folder / name
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    for look in (run_results.read_results, run_check.verify_run):
        with pytest.raises(MerbenchError, match=r"cannot be read .* run it again"):
            look(folder)
    path.unlink()
    for look in (run_results.read_results, run_check.verify_run):
        with pytest.raises(MerbenchError, match=rf"is no run: {name} is missing"):
            look(folder)
