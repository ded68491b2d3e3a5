"""Papers' benchmarks run whole on made clips, with the smallest budgets, as `--smoke` has it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from in_process import call_merbench


@pytest.mark.parametrize(
    ("paper", "only", "rows", "untrained"),
    [
        ("louro2024", "dataset=4qaed", 15, 3),
        ("nguyen2022", "separator=mixed", 4, 0),
        ("chang2024", "dataset=mtg-jamendo", 4, 0),
    ],
)
def test_every_row_of_a_paper_is_run(
    paper: str,
    only: str,
    rows: int,
    untrained: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    done = call_merbench(
        "reproduce",
        paper,
        "--smoke",
        "--json",
        "--only",
        only,
        environment={"MERBENCH_HOME": str(tmp_path / "home")},
    )
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["smoke"]
    assert len(document["rows"]) == rows
    for row in document["rows"]:
        assert not row["error"]
        assert row["folds"] == 2
        assert row["difference"] == pytest.approx(row["ours"] - row["paper"])
    assert sum("untrained weights" in row["mark"] for row in document["rows"]) == untrained
