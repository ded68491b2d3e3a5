"""`merbench compare`."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from merbench.cli import compare
from merbench.leaderboard import run_results, system_pairs
from merbench.leaderboard.columns import Comparison
from merbench.leaderboard.system_pairs import Pairs
from merbench.runs import record
from tinybench import TinyBench


@pytest.fixture
def ran(call: Any, bench: TinyBench) -> Path:
    run_results.write_results(bench.run(), bench.folder / "first")
    return bench.folder / "first"


@pytest.fixture
def other(bench: TinyBench, ran: Path) -> Path:
    run_results.write_results(
        bench.run(models=[{"linear": {"penalty": 9.0}}]), bench.folder / "second"
    )
    return bench.folder / "second"


def test_compare_of_one_run(call, ran):
    done = call("compare", ran)
    assert done.status == 0
    assert "across separator" in done.stdout
    assert "across model" in done.stdout
    document = call("compare", ran, "--json").json
    assert document["identical"] == []
    for row in document["comparisons"]:
        assert row["verdict"]
        assert row["kl_low"] <= row["kl_difference"] <= row["kl_high"]
    named = call("compare", ran, "--a", "average", "--b", "plain x levels x linear", "--json").json
    assert [(r["a"], r["b"]) for r in named["comparisons"]] == [
        ("average", "plain x levels x linear")
    ]
    assert "did you mean 'average'" in call("compare", ran, "--a", "avreage").error


def test_compare_by_another_loss(call, ran):
    document = call("compare", ran, "--by", "squared-error", "--json").json
    for row in document["comparisons"]:
        assert row["squared_error_low"] <= row["squared_error_difference"]
        assert "kl_difference" not in row
        assert " nats" not in row["verdict"]
    text = " ".join(call("compare", ran, "--by", "squared-error").stdout.split())
    assert "difference: squared error, a less b" in text
    error = call("compare", ran, "--by", "macro-f1").error
    assert "cannot be compared by 'macro-f1'; choose from kl, squared-error" in error


def test_compare_of_two_runs(call, ran, other):
    document = call("compare", ran, other, "--json").json
    assert {row["across"] for row in document["comparisons"]} == {"each run's best"}
    (row,) = document["comparisons"]
    assert row["run_a"] != row["run_b"]
    assert "each run's best" in call("compare", ran, other).stdout
    assert "without a second run" in call("compare", ran, other, "--a", "average").error


def test_compare_refuses_another_split(call, ran, bench):
    finished = bench.run(protocol={"monte-carlo": {"folds": 3, "test_fraction": 0.25, "seed": 9}})
    run_results.write_results(finished, bench.folder / "elsewhere")
    error = call("compare", ran, bench.folder / "elsewhere").error
    assert error.startswith("noise: the runs have different splits, so that their numbers do not")


# --- what is printed -----------------------------------------------------------------------------


def pair(**changes: Any) -> Comparison:
    known = {field.name: 0 for field in fields(Comparison)} | {
        "dataset": "d", "across": "model", "run_a": "r", "run_b": "r", "cell_a": "1",
        "cell_b": "2", "a": "ridge", "b": "forest", "better": "ridge", "significant": True,
        "kl_difference": -0.25, "kl_low": -0.4, "kl_high": -0.1, "detectable_difference": 0.15,
        "corrected_p_holm": 0.02, "rank_biserial": -0.8, "given": "",
    }  # fmt: skip
    return Comparison(**known | changes)


NAMES = {("r", "1"): "ridge", ("r", "2"): "forest"}


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal that has room for every column."""
    monkeypatch.setenv("COLUMNS", "200")


def printed(
    capsys: pytest.CaptureFixture[str], *rows: Comparison, identical: tuple[str, ...] = ()
) -> str:
    compare._print(Pairs(list(rows), list(identical), NAMES), "kl", as_json=False)
    return " ".join(capsys.readouterr().out.split())


def test_a_pair_is_printed_with_its_numbers_and_what_they_are(capsys):
    text = printed(capsys, pair())
    assert text.startswith("d: across model a b difference 95 % interval detectable p")
    assert "ridge forest -0.250 -0.400 to -0.100 0.150 0.020 -0.80 ridge is better" in text
    assert text.endswith(
        "difference: KL in nats, a less b; below 0, a is better. detectable: the smallest that "
        "this data could show"
    )


def test_what_decides_nothing_says_why(capsys):
    assert "not significant" in printed(capsys, pair(significant=False))
    nan = float("nan")
    single = pair(significant=False, kl_low=nan, kl_high=nan, detectable_difference=nan,
                  corrected_p_holm=nan)  # fmt: skip
    text = printed(capsys, single)
    assert "ridge forest -0.250 – – – -0.80 a single group shows nothing" in text


def test_pairs_stand_by_their_data_and_axis(capsys):
    text = printed(capsys, pair(), pair(dataset="e"), pair(across="separator"), pair())
    titles = ("d: across model", "e: across model", "d: across separator")
    assert [text.count(title) for title in titles] == [1, 1, 1]
    assert text.count("ridge is better") == 4


def test_predictions_that_are_the_same_in_both_runs_are_said(capsys):
    assert printed(capsys, identical=("ridge",)) == "the same predictions in both runs: ridge"


def test_that_there_is_nothing_to_compare_is_said(call, bench):
    run_results.write_results(bench.run("separator=plain", models=["linear"]), bench.folder / "one")
    done = call("compare", bench.folder / "one")
    assert (done.status, done.stdout) == (0, "there is no pair of systems to compare\n")
    document = call("compare", bench.folder / "one", "--json").json
    assert document == {"comparisons": [], "identical": []}


def test_an_interval_without_0_beside_what_is_not_significant_is_explained(call, ran, monkeypatch):
    said = "an interval is of its pair by itself"
    pairs = system_pairs.compare_within(record.read_record(ran), "", "", (), "kl")
    row = replace(pairs.rows[0], kl_low=0.1, kl_high=0.2, significant=False)
    for changed, explained in ((row, True), (replace(row, significant=True), False)):
        found = replace(pairs, rows=[changed])
        monkeypatch.setattr(system_pairs, "compare_within", lambda *_, found=found: found)
        text = " ".join(call("compare", ran).stdout.split())
        assert (said in text) is explained
