"""`merbench fit` and `merbench predict`, as they are called."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from merbench.cli import app
from merbench.leaderboard import run_results
from tinybench import TinyBench


def call(*arguments: object, status: int = 0) -> Any:
    done = CliRunner().invoke(app, list(map(str, arguments)))
    assert done.exit_code == status, (done.output, done.exception)
    return done


def test_from_a_run_to_new_music(bench: TinyBench, monkeypatch: pytest.MonkeyPatch) -> None:
    finished = bench.run(models=["linear"], separators=["plain"])
    run, model = bench.folder / "out", bench.folder / "model"
    run_results.write_results(finished, run)
    refused = CliRunner().invoke(app, ["fit", str(run)])
    assert "--trust-plugins" in str(refused.exception)
    monkeypatch.setitem(os.environ, "MERBENCH_OFFLINE", "0")
    said = call("fit", run, "--out", model, "--trust-plugins", "--offline", "--json", "-j", 1)
    assert os.environ["MERBENCH_OFFLINE"] == "1"
    document = json.loads(said.stdout)
    assert document["system"]["model"] == "linear"
    assert document["dataset"]["n_clips"] == 8

    clip, plot = bench.folder / "data" / "c3.wav", bench.folder / "plane.svg"
    use = ("predict", model, clip, "--trust-plugins", "-j", 1)
    document = json.loads(call(*use, "--json", "--plot", plot).stdout)
    (row,) = document["predictions"]
    assert set(document["columns"]) < row.keys()
    assert 0 < row["valence_mean"] < 1
    assert not row["unlike"]
    assert "<svg" in plot.read_text()
    (line,) = csv.DictReader(call(*use, "--csv").stdout.splitlines())
    assert float(line["valence_mean"]) == row["valence_mean"]
    assert str(Path(clip).name) in call(*use).stdout

    broken = bench.folder / "broken.wav"
    broken.write_bytes(b"x")
    done = call("predict", model, broken, "--trust-plugins", "--json", status=1)
    assert json.loads(done.stdout)["predictions"][0]["error"]
    said = [line for line in done.stderr.splitlines() if "broken.wav" in line]
    assert len(said) == 1, "a failure is said once"
    for wrong in (("--json", "--csv"), ("--plot", "x.txt")):
        assert CliRunner().invoke(app, [*map(str, use), *wrong]).exception is not None
