"""`merbench cache` knows what a run uses, from the run on."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from merbench.cli import app
from tinybench import TinyBench


def said(*arguments: object) -> Any:
    done = CliRunner().invoke(app, ["cache", *map(str, arguments)])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout) if "--json" in arguments else done.stdout


def test_what_a_run_uses_and_what_may_go(bench: TinyBench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "300")  # the paths of temporary folders are long
    run = bench.folder / "out"
    bench.write_spec(models=["linear"], separators=["halves"])
    arguments = ["run", str(bench.spec), "--out", str(run), "-j", "1"]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    bench.store.put("f" * 64, {}, {})

    whole, used = said("--json"), said("--run", run, "--json")
    assert whole["artifacts"] == used["artifacts"] + 1
    stages = {row["stage"]: row["artifacts"] for row in used["by_stage"]}
    assert stages == {"separate": 8, "extract": 8, "measure": 8, "assemble": 1, "fit": 3}
    assert [row["dataset"] for row in used["by_dataset"]] == ["noise"]
    assert {row["plugin"] for row in used["by_plugin"]} >= {"levels", "halves", "linear"}
    assert whole["runs"][0]["state"] == "finished"
    assert str(run) in said()

    dry = said("prune", "--unreferenced", "--dry-run", "--json")
    assert dry["keys"] == ["f" * 64]
    assert "1 artifacts, 0 MB, taken out" in said("prune", "--unreferenced")
    assert said("prune", "--run", run, "--json")["artifacts"] == used["artifacts"]
    assert bench.artifacts() == []

    again = CliRunner().invoke(app, [*arguments, "--overwrite"])
    assert again.exit_code == 0, (again.output, again.exception)
    assert len(said("--json")["runs"]) == 1


def test_nothing_goes_unasked(bench: TinyBench) -> None:
    done = CliRunner().invoke(app, ["cache", "prune"])
    assert "say what may go" in str(done.exception)
    done = CliRunner().invoke(app, ["cache", "--json", "prune", "--unreferenced"])
    assert "behind its name" in str(done.exception)
