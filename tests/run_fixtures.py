"""A run with everything in it, for the tests of several rooms."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from rated_bench import RATED

from merbench.leaderboard import run_results
from tinybench import TinyBench


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[run_results.RunResults, Path]:
    """A run with everything in it: two datasets, a human ceiling, a failed and an unready cell."""
    bench = TinyBench.make(tmp_path_factory.mktemp("runs") / "bench")
    bench.write_plugin("zrated", RATED.replace("PLACE", repr(str(bench.folder))))
    finished = bench.run(
        datasets=[{"noise": {"root": "data"}}, {"rated": {"root": "data"}}],
        models=["average", "linear", {"linear": {"penalty": 3.0}}, "bad", "unready"],
        baselines=True,
    )
    run_results.write_results(finished, bench.folder / "out")
    return finished, bench.folder / "out"


@pytest.fixture
def folder(written: tuple[run_results.RunResults, Path], tmp_path: Path) -> Path:
    """A copy of the run, to be tampered with."""
    return Path(shutil.copytree(written[1], tmp_path / "run"))
