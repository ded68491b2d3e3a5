"""Where tasks run: isolation of whatever a task does to its process, threads, Ctrl-C.

What an engine owes a run is asked of both engines that come with merbench.
"""

from __future__ import annotations

import itertools
import os
import signal
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil
import pytest

from in_process import call_merbench
from merbench import memory, threads
from merbench.components import EngineOptions
from merbench.components.engine import Workplace
from merbench.engines import catalogue
from merbench.engines.local import LocalEngine
from merbench.engines.schedule import execute_steps
from merbench.leaderboard import run_results
from merbench.plugins.registry import Registry
from merbench.runs import execution
from merbench.steps.step import Step
from merbench.steps.store import Store
from merbench.verification import run_check
from tinybench import TinyBench, group_is_gone, wait_for
from tinywork import (
    Act,
    Unreadable,
    be_killed,
    die_soon,
    leave_a_child,
    leave_children,
    nothing,
    trace_a_while,
    wait_for_a_child_that_eats,
    work_of,
)

ENGINES = ["local", "dask"]


@pytest.fixture(params=ENGINES)
def start(
    request: pytest.FixtureRequest, local_store: Store
) -> Callable[..., AbstractContextManager[Workplace]]:
    """What starts an engine: of one worker, where nothing else is said."""

    def started(**options: Any) -> AbstractContextManager[Workplace]:
        chosen = catalogue.engine(Registry(), request.param)
        return chosen.start(EngineOptions(local_store.folder, **{"jobs": 1, **options}))

    return started


# --- what tasks may do to their process ----------------------------------------------------------

HOSTILE = """
import os, signal, sys, time
import numpy as np
from merbench import Model, Task, hookimpl

class Base(Model):
    "Does something, and else predicts the mean."
    inputs = ()
    tasks = frozenset({Task.VA})

    def estimator(self, *, task, seed, device):
        return self

    def fit(self, X, Y):
        self.act()
        object.__setattr__(self, "_mean", Y.mean(axis=0))

    def predict(self, X):
        return np.tile(self._mean, (len(X), 1))

    def act(self):
        pass

class Raises(Base):
    "Raises."
    name = "raises"
    def act(self):
        raise ValueError("three is no number")

class Leaves(Base):
    "Calls sys.exit."
    name = "leaves"
    def act(self):
        sys.exit(4)

class Interrupts(Base):
    "Raises KeyboardInterrupt."
    name = "interrupts"
    def act(self):
        raise KeyboardInterrupt

class Hangs(Base):
    "Hangs, and does not want to be stopped."
    name = "hangs"
    def act(self):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        with open(os.environ["TINY_TRACE"], "a") as trace:
            trace.write("hangs\\n")
        while True:
            time.sleep(1)

class Eats(Base):
    "Eats memory."
    name = "eats"
    def act(self):
        held = []
        while True:
            held.append(np.ones(2 * 2**20))
            time.sleep(0.01)

class Exits(Base):
    "Exits."
    name = "exits"
    def act(self):
        os._exit(7)

class ExitsWell(Base):
    "Exits as if all were well."
    name = "exits-well"
    def act(self):
        os._exit(0)

class Killed(Base):
    "Kills itself."
    name = "killed"
    def act(self):
        os.kill(os.getpid(), signal.SIGKILL)

class Crashes(Base):
    "Crashes."
    name = "crashes"
    def act(self):
        signal.signal(signal.SIGSEGV, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGSEGV)

class Fills(Base):
    "Meets a full disk."
    name = "fills"
    def act(self):
        from pathlib import Path
        real = Path.rename
        def full(self, target):
            Path.rename = real
            raise OSError(28, "No space left on device")
        Path.rename = full

class Threads(Base):
    "Says how many threads its libraries use, in hundredths."
    name = "threads"
    def act(self):
        from threadpoolctl import threadpool_info
        np.ones((100, 100)) @ np.ones((100, 100))
        used = max([pool["num_threads"] for pool in threadpool_info()], default=0)
        told = {int(os.environ[name]) for name in %r}
        assert len(told) == 1
        object.__setattr__(self, "_row", [used / 100, told.pop() / 100, 0.5, 0.5])
    def predict(self, X):
        return np.array([self._row] * len(X))

class Good(Base):
    "Predicts the mean."
    name = "good"

def local():
    class Local(Base):
        "Cannot be sent to another process."
        name = "local"
    return Local

CLASSES = [
    Raises, Leaves, Interrupts, Hangs, Eats, Exits, ExitsWell, Killed, Crashes, Fills, Threads,
    Good, local(),
]

@hookimpl
def merbench_models():
    yield from CLASSES
""" % (threads.VARIABLES,)  # noqa: UP031

NAMES = ["raises", "leaves", "interrupts", "hangs", "eats", "exits", "exits-well", "killed"]
NAMES += ["crashes", "fills", "local", "threads", "good"]
REASONS = {
    "raises": r"^noise: raises, fold 0: ValueError: three is no number at hostile.py:28$",
    "leaves": r"^noise: leaves, fold 0: SystemExit: 4 at hostile.py:34$",
    "interrupts": r"^noise: interrupts, fold 0: KeyboardInterrupt at hostile.py:40$",
    "hangs": r"^noise: hangs, fold 0: took longer than the timeout of 12 s; raise --timeout$",
    "eats": r"^noise: eats, fold 0: needed more than 0.5 GiB of memory; lower --jobs or raise",
    "exits": r"^noise: exits, fold 0: its worker process exited with status 7; run again$",
    "exits-well": r"^noise: exits-well, fold 0: its worker process exited with status 0; run ag",
    "killed": r"^noise: killed, fold 0: its worker process was killed by SIGKILL, perhaps for wan",
    "crashes": r"^noise: crashes, fold 0: its worker process was killed by SIGSEGV; run again$",
    "fills": r"^noise: fills, fold 0: the disk of the store .* is full; free space, or set MERB",
    "local": r"^noise: local, fold 0: cannot be sent to a worker process \(.*Local.*\); define the",
}


@dataclass(frozen=True)
class Ended:
    """What a run with every hostile plugin came to."""

    status: int
    stderr: str
    folder: Path
    bench: TinyBench

    @property
    def rows(self) -> pd.DataFrame:
        return pd.read_csv(self.folder / "leaderboard.csv").set_index("model")


@pytest.fixture(scope="module", params=ENGINES)
def ended(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Ended:
    bench = TinyBench.make(tmp_path_factory.mktemp("hostile") / "bench")
    bench.write_plugin("hostile", HOSTILE)
    bench.write_spec(models=NAMES, protocol={"monte-carlo": {"folds": 1}})
    out = bench.folder / "out"
    done = bench.call(
        "run", bench.spec, "--engine", request.param, "--jobs", "2", "--timeout", "12",
        "--memory", "0.5", "--out", out,
    )  # fmt: skip
    return Ended(done.returncode, done.stderr, out, bench)


@pytest.mark.parametrize(("model", "says"), REASONS.items(), ids=REASONS.keys())
def test_a_task_that_fails_is_a_failed_row_with_its_reason(ended, model, says):
    row = ended.rows.loc[model]
    assert row["status"] == "failed"
    assert np.isnan(row["kl_mean"])
    assert pd.Series(row["error"]).str.contains(says).all(), row["error"]
    # It is said when it happens, and once more at the end.
    assert ended.stderr.count(row["error"]) == 2


def test_the_rest_goes_on_and_the_exit_status_is_1(ended):
    assert ended.status == 1
    assert "Traceback" not in ended.stderr
    assert set(ended.rows.index) == set(NAMES)
    assert ended.rows.loc[["good", "threads"], "status"].tolist() == ["ok", "ok"]
    assert run_check.verify_run(ended.folder) == []
    predictions = run_results.read_results(ended.folder).predictions
    assert set(predictions["model"]) == {"good", "threads"}


def test_worker_threads_are_bounded_so_that_workers_do_not_share_cores(ended):
    predictions = run_results.read_results(ended.folder).predictions
    rows = predictions[predictions["model"] == "threads"]
    used, told = rows["predicted_valence_mean"].iloc[0], rows["predicted_arousal_mean"].iloc[0]
    bound = max(1, threads.cores() // 2)
    assert round(told * 100) == bound
    assert 1 <= round(used * 100) <= bound


def test_a_failed_run_goes_on_where_it_failed(ended):
    plan = ended.bench.plan()
    assert {work.model.name for work in plan.tasks.values()} == set(REASONS)
    assert not list((ended.bench.store.folder / "unfinished").iterdir())


# --- workers -------------------------------------------------------------------------------------


@pytest.fixture
def local_store(tmp_path: Path) -> Store:
    store = Store(tmp_path / "store")
    store.prepare()
    return store


def test_an_idle_worker_that_dies_is_replaced_and_harms_nothing(local_store):
    with LocalEngine(local_store, jobs=1) as engine:
        first = execute_steps({"a": Act("a", die_soon)}, engine, lambda _: None)
        wait_for(lambda: not any(keeper.alive for keeper in engine.keepers))
        second = execute_steps({"b": Act("b", nothing)}, engine, lambda _: None)
    assert [o.error for o in (first["a"], second["b"])] == ["", ""]
    assert work_of(local_store, "a") != work_of(local_store, "b")


def test_a_dead_worker_is_noticed_though_its_child_keeps_the_pipe_open(
    start, tmp_path, monkeypatch
):
    monkeypatch.setenv("TINY_TRACE", str(tmp_path / "child"))
    with start() as engine:
        tasks = {"a": Act("a", leave_a_child), "b": Act("b", nothing)}
        outcomes = execute_steps(tasks, engine, lambda _: None)
        wait_for(lambda: not alive(int((tmp_path / "child").read_text())))
    assert outcomes["a"].error == "act a: its worker process exited with status 6; run again"
    assert outcomes["b"].error == ""


def alive(process: int) -> bool:
    try:
        return psutil.Process(process).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_what_a_task_leaves_running_ends_with_it(start, local_store, tmp_path, monkeypatch):
    monkeypatch.setenv("TINY_TRACE", str(tmp_path / "children"))
    with start() as engine:
        tasks = {"a": Act("a", leave_children), "b": Act("b", nothing)}
        outcomes = execute_steps(tasks, engine, lambda _: None)
        left = [int(word) for word in (tmp_path / "children").read_text().split()]
        assert len(left) == 2
        wait_for(lambda: not any(alive(process) for process in left))
        # Nothing of the worker is used again that those processes may have held.
        assert work_of(local_store, "a") != work_of(local_store, "b")
    assert [outcomes[key].error for key in "ab"] == ["", ""]


def test_memory_of_children_counts(start):
    with start(memory_limit=300 * 2**20) as engine:
        before = set(psutil.Process().children(recursive=True))
        outcomes = execute_steps(
            {"a": Act("a", wait_for_a_child_that_eats)}, engine, lambda _: None
        )
        left = set(psutil.Process().children(recursive=True)) - before
    assert "needed more than 0.3 GiB of memory" in outcomes["a"].error
    assert not left


def test_a_task_that_a_worker_cannot_read_fails_alone(start, local_store):
    with start() as engine:
        tasks = {"a": Act("a", Unreadable()), "b": Act("b", nothing), "c": Act("c", nothing)}
        outcomes = execute_steps(tasks, engine, lambda _: None)
    assert outcomes["a"].error == "act a: ImportError: no such plugin here"
    assert [outcomes[key].error for key in "bc"] == ["", ""]
    # One worker does one task after another; a new process is not paid for each.
    assert work_of(local_store, "b") == work_of(local_store, "c")


def test_a_limit_below_what_a_worker_needs_to_start_is_a_reason_and_no_hang(start):
    with start(memory_limit=2**20) as engine:
        outcomes = execute_steps({"a": Act("a", nothing)}, engine, lambda _: None)
    assert "needed more than 0.0 GiB of memory" in outcomes["a"].error


def test_a_plugin_that_no_worker_can_load_is_a_reason_and_no_hang(start, tmp_path):
    missing = tmp_path / "gone.py"
    with start(plugin_paths=[missing]) as engine:
        tasks = {"a": Act("a", nothing), "b": Act("b", nothing)}
        outcomes = execute_steps(tasks, engine, lambda _: None)
    for outcome in outcomes.values():
        assert f"the plugin {missing} does not exist" in outcome.error


def test_the_environment_is_left_alone_and_all_workers_end(local_store, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.delenv("NUMBA_NUM_THREADS", raising=False)
    me = psutil.Process()
    before = set(me.children())
    with LocalEngine(local_store, jobs=2) as engine:
        execute_steps({key: Act(key, nothing) for key in "abcd"}, engine, lambda _: None)
        assert len(set(me.children()) - before) >= 2
    assert os.environ["OMP_NUM_THREADS"] == "3"
    assert "NUMBA_NUM_THREADS" not in os.environ
    workers = {work_of(local_store, key) for key in "abcd"}
    wait_for(lambda: not any(psutil.pid_exists(worker) for worker in workers))


@pytest.mark.parametrize("jobs", [1, 2, 3, 64])
def test_threads_and_memory_of_all_workers_together_fit_the_machine(local_store, jobs):
    engine = LocalEngine(local_store, jobs=jobs)
    assert engine.slots == jobs
    assert 1 <= engine.threads <= max(1, threads.cores() / jobs)
    assert memory.share(jobs) * jobs <= 0.9 * psutil.virtual_memory().total


def test_a_worker_in_the_middle_of_a_task_leaves_when_the_command_is_killed(tmp_path):
    bench = TinyBench.make(tmp_path / "bench")
    bench.write_plugin("hostile", HOSTILE)
    bench.write_spec(models=["hangs"])
    with bench.running("run", bench.spec, "--jobs", "1", "--out", tmp_path / "out") as process:
        wait_for(lambda: bench.traced() == ["hangs"], process)
        process.kill()
        process.wait()
        wait_for(lambda: group_is_gone(process.pid), seconds=30)


# --- what plugins do to each other ---------------------------------------------------------------

VANDAL = """
from merbench import Model, Task, hookimpl

class Vandal(Model):
    "Predicts the mean, and leaves everyone another one."
    name = "vandal"
    inputs = ()
    tasks = frozenset({Task.VA})

    def estimator(self, *, task, seed, device):
        return _Vandal()

class _Vandal:
    def fit(self, X, Y):
        import numpy as np
        self.mean = np.mean(Y, axis=0) * np.ones(Y.shape[1])
        np.mean = lambda *_, **__: 0.125

    def predict(self, X):
        import numpy as np
        return np.tile(self.mean, (len(X), 1))

@hookimpl
def merbench_models():
    yield Vandal
"""
MEAN = """
import os
from merbench import Model, Task, hookimpl

class Mean(Model):
    "Predicts the mean, and notes the process that does."
    name = "{name}"
    inputs = ()
    tasks = frozenset({{Task.VA}})

    def estimator(self, *, task, seed, device):
        return _Mean()

class _Mean:
    def fit(self, X, Y):
        import numpy as np
        with open(os.environ["TINY_TRACE"], "a") as trace:
            trace.write(f"{name} {{os.getpid()}}\\n")
        self.mean = np.mean(Y, axis=0) * np.ones(Y.shape[1])

    def predict(self, X):
        import numpy as np
        return np.tile(self.mean, (len(X), 1))

@hookimpl
def merbench_models():
    yield Mean
"""


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> tuple[TinyBench, pd.DataFrame]:
    """A run in which one worker has tasks of several plugins, one of them a vandal's."""
    bench = TinyBench.make(tmp_path_factory.mktemp("mixed") / "bench")
    bench.write_plugin("vandal", VANDAL)
    for name in ("one", "two"):
        bench.write_plugin(name, MEAN.format(name=name))
    bench.write_spec(models=["vandal", "one", "two", "average", "linear"])
    out = bench.folder / "out"
    done = bench.call("run", bench.spec, "--jobs", "1", "--out", out)
    assert done.returncode == 0, done.stderr
    return bench, run_results.read_results(out).predictions


def test_what_a_plugin_does_to_a_library_reaches_no_other(mixed):
    _, predictions = mixed
    columns = [name for name in predictions if name.startswith("predicted_")]
    rows = {model: part[columns].to_numpy() for model, part in predictions.groupby("model")}
    np.testing.assert_array_equal(rows["one"], rows["average"])
    np.testing.assert_array_equal(rows["two"], rows["average"])
    # It did do it, to itself: its later folds are of its own mean.
    assert (rows["vandal"] == 0.125).any()


def test_a_worker_does_the_tasks_of_one_plugin_after_another_in_processes_of_their_own(mixed):
    bench, _ = mixed
    processes: dict[str, set[str]] = {"one": set(), "two": set()}
    for line in bench.traced():
        name, process, *_ = line.split()
        if name in processes:
            processes[name].add(process)
    # One process a plugin, for all of its folds.
    assert [len(found) for found in processes.values()] == [1, 1]
    assert not processes["one"] & processes["two"]


@pytest.mark.parametrize("engine_name", ENGINES)
def test_a_plugin_edited_during_a_run_is_refused_where_the_edited_source_would_run(
    tmp_path, engine_name
):
    bench = TinyBench.make(tmp_path / "bench")
    bench.write_plugin("one", MEAN.format(name="one"))
    plan = bench.plan(models=["one", "average"])
    source = bench.folder / "plugins" / "one.py"
    source.write_text(source.read_text().replace("np.mean(Y, axis=0)", "0.25"))
    options = EngineOptions(bench.store.folder, [bench.folder / "plugins"], jobs=1)
    with catalogue.engine(Registry(), engine_name).start(options) as engine:
        run = execution.execute_plan(plan, bench.store, engine)
    rows = run_results.RunResults.of(run).leaderboard.set_index("model")
    assert rows["status"].to_dict() == {"one": "failed", "average": "ok"}
    assert rows["error"]["one"] == (
        "noise: one, fold 0: the source of one, or a file that it names, changed after the plan "
        "was made; run again"
    )
    mine = {key for key, work in plan.tasks.items() if work.plugins[0].name == "one"}
    assert mine
    assert not any(bench.store.has(key) for key in mine)


# --- Ctrl-C --------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ENGINES)
def test_ctrl_c_stops_cleanly_and_the_next_run_goes_on(tmp_path, engine):
    bench = TinyBench.make(tmp_path / "bench")
    out = bench.folder / "out"
    arguments = ["run", bench.spec, "--jobs", "2", "--engine", engine, "--out", out]
    with bench.running(*arguments, sleep=0.15) as process:
        wait_for(lambda: len(bench.traced()) >= 5, process)
        os.killpg(process.pid, signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
        assert process.returncode == 130, stderr
        assert "stopped; finished work is kept, run the same command to go on" in stderr
        assert "Traceback" not in stderr
        assert not (out / "manifest.json").exists()
        wait_for(lambda: group_is_gone(process.pid), seconds=30)
    kept, done = bench.results(), len(bench.traced())
    assert kept
    again = call_merbench("run", bench.spec, "--out", out, environment=bench.variables())
    assert again.returncode == 0, again.stderr
    assert not kept & {line.split()[2] for line in bench.traced()[done:]}
    assert not list((bench.store.folder / "unfinished").iterdir())
    assert run_check.verify_run(out) == []


def test_ctrl_c_while_workers_start_is_as_clean(tmp_path):
    bench = TinyBench.make(tmp_path / "bench")
    with bench.running("run", bench.spec, "--jobs", "2", "--out", tmp_path / "out") as process:
        # The tracker of the workers' resources, and a worker that has just begun.
        wait_for(lambda: len(psutil.Process(process.pid).children()) >= 2, process)
        os.killpg(process.pid, signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
        assert process.returncode == 130
        assert "Traceback" not in stderr
        wait_for(lambda: group_is_gone(process.pid), seconds=30)


def test_a_step_that_ends_its_worker_takes_no_other_of_its_batch_with_it(tmp_path):
    store = Store(tmp_path / "store")
    store.prepare()
    acts = {"a": nothing, "b": be_killed, "c": nothing, "d": nothing}
    with LocalEngine(store, jobs=1, timeout=30) as engine:
        tasks: dict[str, Step] = {k: Act(k, act, alike="m", gains=4) for k, act in acts.items()}
        outcomes = execute_steps(tasks, engine, lambda _: None)
    assert "act b: its worker process was killed by SIGKILL" in outcomes["b"].error
    assert [key for key in tasks if not outcomes[key].error] == ["a", "c", "d"]
    assert all((store.folder / key).exists() for key in "acd")


# --- devices -------------------------------------------------------------------------------------


def test_tasks_on_a_device_take_turns_whatever_runs_them(tmp_path, monkeypatch):
    trace = tmp_path / "trace"
    monkeypatch.setenv("TINY_TRACE", str(trace))
    store = Store(tmp_path / "store")
    store.prepare()
    # Of two engines neither knows what the other has on the device.
    with (
        LocalEngine(store, jobs=1, timeout=1.5) as one,
        LocalEngine(store, jobs=1, timeout=1.5) as other,
    ):
        futures = [
            engine.submit(Act(f"a{i}{name}", trace_a_while, device="meta"))
            for i in range(5)
            for name, engine in (("x", one), ("y", other))
        ]
        # Waiting is no part of a task's time: ten of 0.3 s end within a timeout of 1.5 s each.
        assert [future.result() for future in futures] == [None] * 10
    spans = sorted(tuple(map(float, line.split())) for line in trace.read_text().splitlines())
    assert len(spans) == 10
    assert all(ended <= began for (_, ended), (began, _) in itertools.pairwise(spans))


def test_a_worker_that_is_killed_on_a_device_leaves_it_to_the_next(start):
    with start(jobs=2, timeout=30) as engine:
        tasks: dict[str, Step] = {"a": Act("a", be_killed, device="meta")}
        tasks |= {key: Act(key, nothing, device="meta") for key in "bc"}
        outcomes = execute_steps(tasks, engine, lambda _: None)
    assert "killed by SIGKILL" in outcomes["a"].error
    assert not outcomes["b"].error
    assert not outcomes["c"].error


def test_a_task_that_hangs_on_a_device_is_stopped_at_its_timeout(start):
    with start(timeout=1) as engine:
        tasks: dict[str, Step] = {"a": Act("a", partial(time.sleep, 60), device="meta")}
        outcomes = execute_steps(tasks, engine, lambda _: None)
    assert "took longer than the timeout of 1 s" in outcomes["a"].error
