"""A finished run of two systems, whose systems are fitted and used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from merbench.engines.schedule import Outcome, execute_steps
from merbench.kept.new_music import MusicPredictions, estimates_of
from merbench.kept.whole_fit import fit_on_all_clips
from merbench.leaderboard import run_results
from merbench.steps.step import Step
from tinybench import Here, TinyBench


@pytest.fixture(scope="session")
def kept_bench(tmp_path_factory: pytest.TempPathFactory) -> TinyBench:
    """A finished run of two systems, and a baseline."""
    made = TinyBench.make(tmp_path_factory.mktemp("kept") / "bench")
    finished = made.run(models=["average", "linear"], separators=["plain", "halves"])
    run_results.write_results(finished, made.folder / "out")
    return made


def work_in(bench: TinyBench) -> Any:
    def work(tasks: Mapping[str, Step], paths: Sequence[Path]) -> Mapping[str, Outcome]:
        return execute_steps(tasks, Here(bench.store), lambda outcome: None)

    return work


def fit(bench: TinyBench, system: str | None, name: str, **options: Any) -> Any:
    return fit_on_all_clips(
        bench.folder / "out", system, bench.store, work_in(bench), bench.folder / name,
        trusted=True, registry=bench.registry(), **options,
    )  # fmt: skip


def predict(bench: TinyBench, name: str, *recordings: Path, **options: Any) -> MusicPredictions:
    return estimates_of(
        bench.folder / name, recordings, bench.store, work_in(bench),
        **{"trusted": True, "registry": bench.registry()} | options,
    )  # fmt: skip
