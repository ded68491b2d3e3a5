"""`merbench reproduce`, and `--smoke` of `run` and `plan`, on numpy-only plugins."""

from __future__ import annotations

from typing import Any

import pytest
from papers_table import TABLE

from tinybench import TinyBench

SMOKE = {"protocol": {"monte-carlo": {"folds": 2, "test_fraction": 0.25}}, "models": ["linear"]}
MINIATURE = """

    def miniature(self, root):
        import shutil
        from pathlib import Path
        shutil.copytree(Path("DATA"), root, dirs_exist_ok=True)
"""


@pytest.fixture
def tiny(call: Any, bench: TinyBench) -> TinyBench:
    bench.write_spec(reported=TABLE, smoke=SMOKE)
    return bench


def test_the_papers_table_and_ours_side_by_side(call: Any, tiny: TinyBench) -> None:
    done = call("reproduce", tiny.spec, "--json", "--out", "out")
    assert done.status == 0, done.stderr
    assert done.json["source"] == "A paper, Table 1"
    assert not done.json["smoke"]
    rows = done.json["rows"]
    assert [(row["system"], row["folds"]) for row in rows] == [
        ("second", 3), ("first", 3), ("first", 3),
    ]  # fmt: skip
    for row in rows:
        assert row["difference"] == pytest.approx(row["ours"] - row["paper"])
        assert row["low"] < row["ours"] < row["high"]
    text = " ".join(call("reproduce", tiny.spec, "--out", "out").stdout.split())
    assert "A paper, Table 1" in text
    assert "(corrected)" in text
    assert "written to out" in text


def test_smoke_runs_on_made_clips_with_the_files_smallest_budgets(
    call: Any, tiny: TinyBench
) -> None:
    plugin = tiny.folder / "plugins/tiny/noise.py"
    made = MINIATURE.replace("DATA", str(tiny.folder / "data"))
    plugin.write_text(plugin.read_text() + made)
    tiny.write_spec(reported=TABLE, smoke=SMOKE, datasets=[{"noise": {"root": "nowhere"}}])
    done = call("reproduce", tiny.spec, "--smoke", "--json")
    assert done.status == 0, done.stderr
    assert done.json["smoke"]
    assert {row["folds"] for row in done.json["rows"]} == {2}
    assert "the numbers mean nothing" in call("reproduce", tiny.spec, "--smoke").stdout


def test_what_cannot_be_run_here_is_a_row_and_no_failure(call: Any, tiny: TinyBench) -> None:
    tiny.write_plugin(
        "unready",
        """
from merbench import FeatureKind, MerbenchError, Model, Task, hookimpl

class Unready(Model):
    "Lacks weights."
    name = "unready"
    inputs = FeatureKind.VECTOR
    tasks = frozenset(Task)
    def ready(self):
        raise MerbenchError("unready: the weights are not here")

@hookimpl
def merbench_models():
    yield Unready
""",
    )
    system = {"system": "theirs", "cells": {"model": "unready"}, "values": {"noise": 1.0}}
    table = {"source": "A paper", "systems": [*TABLE["systems"], system]}
    tiny.write_spec(reported=table, models=["linear", "unready"])
    done = call("reproduce", tiny.spec, "--json")
    assert done.status == 0, done.stderr
    errors = {row["error"] for row in done.json["rows"] if row["system"] == "theirs"}
    assert errors == {"unready: the weights are not here"}


def test_what_has_no_table_or_is_not_there_is_an_error(call: Any, tiny: TinyBench) -> None:
    assert "noise makes no miniature of itself" in call("reproduce", tiny.spec, "--smoke").error
    message = call("reproduce", "louro2042").error
    assert "nor a benchmark of this name; did you mean 'louro2024'" in message
    tiny.write_spec(smoke=SMOKE)
    assert "it has no `reported`" in call("reproduce", tiny.spec).error
    tiny.write_spec()
    assert "it has no values under `smoke`" in call("plan", tiny.spec, "--smoke").error


def test_a_plan_shows_the_papers_numbers_and_takes_the_smallest_budgets(
    call: Any, tiny: TinyBench
) -> None:
    document = call("plan", tiny.spec, "--smoke", "--json").json
    assert [cell["folds"] for cell in document["cells"]] == [2, 2]
    plain, halves = document["cells"]
    assert [figure["value"] for figure in plain["reported"]] == [0.25, 2.0]
    assert [figure["system"] for figure in halves["reported"]] == ["second"]
    text = " ".join(call("plan", tiny.spec).stdout.split())
    assert "second: kl_mean 0.5" in text
