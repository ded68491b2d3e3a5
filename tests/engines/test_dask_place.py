"""Dask's workers and scheduler may end at any moment; steps and runs do not end with them."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import psutil
import pytest

import merbench
from in_process import call_merbench
from merbench.components import EngineOptions
from merbench.engines.dask_engine import Dask
from merbench.engines.schedule import execute_steps
from merbench.leaderboard import run_results
from merbench.steps.store import Store
from tinybench import TinyBench, wait_for
from tinywork import Act, nothing, trace_a_while, work_of

TESTS = Path(__file__).resolve().parents[1]


class Cluster:
    """A Dask scheduler, and workers as processes of their own, as they stand on other machines."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{port}"
        self.processes: list[subprocess.Popen[bytes]] = []
        self.scheduler = self._start(
            "dask_scheduler", "--port", str(port), "--host", "127.0.0.1", "--no-dashboard"
        )

    def add_worker(
        self, path: Path | None = None, environment: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        return self._start(
            "dask_worker", self.address, "--nthreads", "1", "--no-nanny", "--no-dashboard",
            "--memory-limit", "2GB", path=path, environment=environment,
        )  # fmt: skip

    def _start(
        self,
        what: str,
        *arguments: str,
        path: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> subprocess.Popen[bytes]:
        folders = [*([str(path)] if path else []), str(TESTS), *sys.path]
        variables = {
            **(environment or os.environ),
            "PYTHONPATH": os.pathsep.join(folders),
            "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1",
        }
        process = subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.{what}", *arguments],
            env=variables,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.processes.append(process)
        return process

    @property
    def engine(self) -> Dask:
        return Dask.model_validate({"cluster": {"address": self.address}, "patience": 1})


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    made = Cluster()
    try:
        yield made
    finally:
        for process in made.processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                for child in psutil.Process(process.pid).children(recursive=True):
                    child.kill()
            process.kill()
            process.wait()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path / "store")
    made.prepare()
    return made


def test_a_dask_worker_that_is_killed_has_its_steps_done_by_another(
    cluster: Cluster, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINY_TRACE", str(tmp_path / "trace"))
    first = cluster.add_worker()
    with cluster.engine.start(EngineOptions(store.folder, timeout=60)) as place:
        future = place.submit(Act("a", partial(time.sleep, 3)))
        after = [place.submit(Act(f"b{i}", nothing)) for i in range(3)]
        # The worker keeps a process for the step.
        wait_for(lambda: bool(psutil.Process(first.pid).children()))
        time.sleep(1)
        cluster.add_worker()
        first.kill()
        assert future.result(timeout=90) is None
        assert [each.result(timeout=90) for each in after] == [None] * 3
    assert work_of(store, "a")


def test_a_worker_with_another_source_of_merbench_does_nothing(
    cluster: Cluster, store: Store, tmp_path: Path
) -> None:
    other = tmp_path / "src"
    source = Path(merbench.__file__).parent
    shutil.copytree(source, other / "merbench", ignore=shutil.ignore_patterns("__pycache__"))
    with (other / "merbench" / "evaluation" / "metrics.py").open("a") as file:
        file.write("# a line\n")
    cluster.add_worker(other)
    with cluster.engine.start(EngineOptions(store.folder, timeout=60)) as place:
        ends = execute_steps({"a": Act("a", nothing)}, place, lambda _: None)
    assert "with another source than where the plan was made; install the same" in ends["a"].error
    assert not (store.folder / "a").exists()


def test_a_run_whose_scheduler_is_killed_goes_on_with_the_same_command(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = TinyBench.make(tmp_path / "bench")
    out = tmp_path / "out"
    file = bench.folder / "cluster.yaml"
    file.write_text(f"engine: dask\ncluster: {{address: '{cluster.address}'}}\npatience: 1\n")
    cluster.add_worker(environment=bench.environment(sleep=0.2))
    arguments = ["run", bench.spec, "--engine", file, "--out", out]
    monkeypatch.setenv("DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT", "5s")  # then it gives up
    with bench.running(*arguments) as process:
        wait_for(lambda: len(bench.traced()) >= 3, process)
        cluster.scheduler.send_signal(signal.SIGKILL)
        _, stderr = process.communicate(timeout=120)
    assert process.returncode == 1, stderr
    assert "Traceback" not in stderr
    assert "run the same command to go on" in stderr
    kept, done = bench.results(), len(bench.traced())
    again = call_merbench(
        "run", bench.spec, "--out", tmp_path / "again", environment=bench.variables()
    )
    assert again.returncode == 0, again.stderr
    assert not kept & {line.split()[2] for line in bench.traced()[done:]}


def test_tables_are_those_of_a_run_without_workers(tmp_path: Path) -> None:
    tables = []
    for name in ("none", "dask"):
        bench = TinyBench.make(tmp_path / name)
        run = ["run", bench.spec, "--out", tmp_path / f"out-{name}"]
        if name == "dask":
            done = bench.call(*run, "--engine", "dask", "--jobs", "2")
        else:
            done = call_merbench(*run, environment=bench.variables())
        assert done.returncode == 0, done.stderr
        results = run_results.read_results(tmp_path / f"out-{name}")
        timed = [name for name in results.folds if "seconds" in name or "memory" in name]
        tables.append((results.folds.drop(columns=timed).to_csv(), results.predictions.to_csv()))
    assert tables[0] == tables[1]


def test_each_of_several_machines_has_its_device(
    cluster: Cluster, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Steps on a device go to workers that have one, and are not held back for one another."""
    monkeypatch.setenv("TINY_TRACE", str(tmp_path / "trace"))
    cluster._start(
        "dask_worker", cluster.address, "--nthreads", "2", "--no-nanny", "--no-dashboard",
        "--resources", "gpu=1", "--memory-limit", "2GB",
    )  # fmt: skip
    engine = Dask.model_validate({**cluster.engine.model_dump(), "gpu": {"resources": {"gpu": 1}}})
    with engine.start(EngineOptions(store.folder, timeout=60)) as place:
        steps = {f"a{i}": Act(f"a{i}", trace_a_while, device="meta") for i in range(3)}
        ends = execute_steps({**steps, "b": Act("b", nothing)}, place, lambda _: None)
    assert [end.error for end in ends.values()] == [""] * 4
    lines = (tmp_path / "trace").read_text().splitlines()
    spans = sorted(tuple(map(float, line.split())) for line in lines)
    assert len(spans) == 3
    assert all(ended <= began for (_, ended), (began, _) in itertools.pairwise(spans))
