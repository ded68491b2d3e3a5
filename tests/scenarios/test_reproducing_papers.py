"""Papers' benchmarks run whole on made clips, with the smallest budgets, as `--smoke` has it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

MERBENCH = str(Path(sys.executable).with_name("merbench"))


@pytest.mark.parametrize(
    ("paper", "only", "rows", "unready"),
    [
        ("louro2024", "dataset=4qaed", 15, {"8 OpenL3"}),
        ("nguyen2022", "separator=mixed", 4, set()),
        ("chang2024", "dataset=mtg-jamendo", 4, set()),
    ],
)
def test_every_row_of_a_paper_is_run_or_says_what_is_missing(
    paper: str, only: str, rows: int, unready: set[str], tmp_path: Path
) -> None:
    done = subprocess.run(
        [MERBENCH, "reproduce", paper, "--smoke", "--json", "--only", only, "-j", "1"],
        capture_output=True,
        text=True,
        env={**os.environ, "MERBENCH_HOME": str(tmp_path / "home"), "OMP_NUM_THREADS": "1"},
        cwd=tmp_path,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["smoke"]
    assert len(document["rows"]) == rows
    missing = {row["system"]: row["error"] for row in document["rows"] if row["error"]}
    assert missing.keys() <= unready
    assert all("weights" in error for error in missing.values())
    for row in document["rows"]:
        if not row["error"]:
            assert row["folds"] == 2
            assert row["difference"] == pytest.approx(row["ours"] - row["paper"])
