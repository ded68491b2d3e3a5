"""What of a leaderboard is shown on a screen."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from boards import made, recorded_run
from merbench.cli.leaderboard_rows import show_leaderboard
from merbench.leaderboard.building import build_board
from merbench.leaderboard.run_results import RunResults

RNG = np.random.default_rng(0)
FOLDS = RNG.uniform(0.01, 0.05, (3, 10)).tolist()


@pytest.fixture
def shown(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    def show(*cells: dict[str, Any], columns: int = 80, **changed: Any) -> str:
        monkeypatch.setenv("COLUMNS", str(columns))
        run = RunResults.of(recorded_run(*cells))
        named = run.manifest | {"name": "mine"}
        table = run.leaderboard.assign(**changed)
        show_leaderboard(replace(run, manifest=named, leaderboard=table), Path("out"))
        return capsys.readouterr().out

    return show


def test_cells_of_a_grid_are_told_apart_where_they_differ(shown: Any) -> None:
    cells = [
        made(
            f"c{n}{depth}", FOLDS, model="forest", features="levels",
            parameters=json.dumps(
                {"model": {"depth": depth, "trees": 50}, "features": {"levels": {"n": n}}}
            ),
        )
        for n in (4, 6)
        for depth in (1, 2)
    ]  # fmt: skip
    text = shown(*cells, columns=200)
    text = text[text.index("mine") :]  # what is found stands above
    for n in (4, 6):
        assert sum(f"levels (n={n})" in line for line in text.splitlines()) == 2
    for depth in (1, 2):
        assert sum(f"forest (depth={depth})" in line for line in text.splitlines()) == 2
    assert "trees" not in text


@pytest.mark.parametrize("columns", [60, 80, 160])
def test_a_row_keeps_its_mark_and_its_numbers(shown: Any, columns: int) -> None:
    wild = [(np.asarray(fold) + 0.4).tolist() for fold in FOLDS]
    name = "calibrated(a-model-of-a-long-name)"
    text = shown(made("good", FOLDS), made(name, wild), columns=columns)
    assert "constant" in text
    board = build_board([recorded_run(made("good", FOLDS), made(name, wild))]).leaderboard
    for kl in board["kl_mean"]:
        assert f"{kl:.3f}" in text
    table, says_so, notice = text.partition("no room here for ")
    assert max(map(len, table.splitlines()[:-1])) <= columns
    assert bool(says_so) == (columns < 160)
    assert ("see out/leaderboard.csv" in " ".join(notice.split())) == bool(says_so)


def test_one_dataset_stands_in_the_title_and_two_in_a_column(shown: Any) -> None:
    titles = [line.strip() for line in shown(made("a", FOLDS)).splitlines()]
    assert "mine: d" in titles
    two = shown(made("a", FOLDS), made("b", FOLDS, dataset="e", split_hash="t", data_hash="e"))
    assert "mine" in [line.strip() for line in two.splitlines()]
    assert "dataset" in two


def test_negative_deviations_are_said_with_the_systems_that_predict_them(shown: Any) -> None:
    cells = [made(f"model-{i}", FOLDS) for i in range(8)]
    assert "standard deviations" not in shown(*cells)
    text = shown(*cells, n_nonpositive_std=[0, 1, 2, 3, 4, 5, 6, float("nan")])
    said = text[text.index("predicted standard deviations that are not above 0") :].splitlines()
    assert said[1].startswith("  6 of s x f x model-")
    assert [int(line.split()[0]) for line in said[1:6]] == [6, 5, 4, 3, 2]
    assert said[6] == "  and of 1 more (column n_nonpositive_std)"
