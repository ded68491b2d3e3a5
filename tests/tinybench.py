"""A benchmark of seconds: a folder with data, plugins and a benchmark file, and ways to run it."""

from __future__ import annotations

import concurrent.futures
import contextlib
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import yaml

from merbench.benchmark.document import read_document
from merbench.benchmark.resolving import resolve
from merbench.benchmark.schema import parse, plugin_paths
from merbench.engines.schedule import Failure
from merbench.errors import MerbenchError
from merbench.leaderboard import run_results
from merbench.planning.plan import Plan
from merbench.planning.planner import make_plan
from merbench.plugins import discovery, registry, trial
from merbench.runs import execution
from merbench.steps.step import Step
from merbench.steps.store import Store

HERE = Path(__file__).resolve().parent
RATE = 8_000
SPEC: dict[str, Any] = {
    "name": "tiny",
    "datasets": [{"noise": {"root": "data"}}],
    "separators": ["plain", "halves"],
    "features": ["levels"],
    "models": ["average", "linear"],
    "protocol": {"monte-carlo": {"folds": 3, "test_fraction": 0.25}},
    "baselines": False,
}


class TinyBench:
    """A folder with a benchmark file, its data, its plugins, and a store of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.store = Store(self.home / "store")
        self.trace = folder / "trace.txt"

    @classmethod
    def make(cls, folder: Path, *, clips: int = 8) -> TinyBench:
        """Write the data, the plugins and the benchmark file."""
        bench = cls(folder)
        (folder / "data").mkdir(parents=True)
        write_clips(folder / "data", clips)
        shutil.copytree(
            HERE / "tiny", folder / "plugins" / "tiny", ignore=shutil.ignore_patterns("__pycache__")
        )
        bench.write_spec()
        return bench

    @property
    def spec(self) -> Path:
        return self.folder / "tiny.yaml"

    def write_spec(self, **changes: Any) -> None:
        """Write the benchmark file, with some of its keys changed."""
        self.spec.write_text(yaml.safe_dump(SPEC | changes, sort_keys=False))

    def write_plugin(self, name: str, text: str) -> None:
        """Add a plugin file beside the benchmark file."""
        (self.folder / "plugins" / f"{name}.py").write_text(text)

    def with_home(self, name: str) -> TinyBench:
        """Return the same benchmark on another, empty store, with another trace."""
        other = TinyBench(self.folder)
        other.home = self.folder / name
        other.store = Store(other.home / "store")
        other.trace = self.folder / f"{name}.trace"
        return other

    # --- in this process ---

    def registry(self) -> registry.Registry:
        """The plugins in this folder, without those that happen to be installed."""
        document = read_document(self.spec)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(trial, "wanted", lambda: False)  # they are ours, and do no harm
            found = discovery.load_plugins(plugin_paths(document, parse(document)))
        ours = {k: e for k, e in found.entries.items() if str(self.folder) in e.origin.path}
        return registry.Registry(ours, [p for p in found.problems if not p.origin.distribution])

    def plan(
        self,
        *only: str,
        registry: registry.Registry | None = None,
        unsplit_too: bool = False,
        **changes: Any,
    ) -> Plan:
        """Plan as the command line does."""
        if changes:
            self.write_spec(**changes)
        document = read_document(self.spec)
        known = registry or self.registry()
        assert not known.problems, known.problems
        self.store.prepare()
        benchmark = resolve(document, parse(document), known)
        return make_plan(benchmark, self.store, only, unsplit_too=unsplit_too)

    def run(self, *only: str, **changes: Any) -> run_results.RunResults:
        """Plan and run without worker processes."""
        planned = self.plan(*only, **changes)
        where = Here(self.store) if planned.tasks else None
        return run_results.RunResults.of(execution.execute_plan(planned, self.store, where))

    # --- as a command ---

    def command(self, *arguments: str | Path) -> list[str]:
        """A command line of the program that belongs to this interpreter."""
        return [str(Path(sys.executable).with_name("merbench")), *map(str, arguments)]

    def variables(self, *, sleep: float = 0.0) -> dict[str, str]:
        """What a command finds in its environment: its own store and trace."""
        return {
            "MERBENCH_HOME": str(self.home),
            "TINY_TRACE": str(self.trace),
            "TINY_SLEEP": str(sleep),
        }

    def environment(self, *, sleep: float = 0.0) -> dict[str, str]:
        """Environment of a command: this one's, and its own store and trace."""
        return os.environ | self.variables(sleep=sleep)

    def call(
        self, *arguments: str | Path, sleep: float = 0.0, timeout: float = 300
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            self.command(*arguments),
            env=self.environment(sleep=sleep),
            capture_output=True,
            text=True,
            timeout=timeout,
        )

    @contextlib.contextmanager
    def running(
        self, *arguments: str | Path, sleep: float = 0.0
    ) -> Iterator[subprocess.Popen[str]]:
        """Start a command as the leader of a process group, of which nothing is left behind."""
        with subprocess.Popen(
            self.command(*arguments),
            env=self.environment(sleep=sleep),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as process:
            try:
                yield process
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)

    # --- what happened ---

    def traced(self) -> list[str]:
        """What was really done, a line each: stage, component, hash of the result."""
        return self.trace.read_text().splitlines() if self.trace.exists() else []

    def stages(self) -> Counter[str]:
        """How often each stage's work was really done."""
        return Counter(line.split()[0] for line in self.traced())

    def artifacts(self) -> list[Path]:
        """Folders of all whole artifacts."""
        return sorted(path.parent for path in self.store.folder.glob("??/*/artifact.json"))

    def results(self) -> set[str]:
        """Hashes of all arrays in the store: what need not be done again."""
        return {
            hashlib.sha256(np.load(path).tobytes()).hexdigest()
            for folder in self.artifacts()
            for path in folder.glob("*.npy")
        }


class Here:
    """An engine without processes: a task runs when it is handed over."""

    slots = 1

    def __init__(self, store: Store) -> None:
        self.store = store
        self.done: list[str] = []

    def submit(self, work: Step) -> concurrent.futures.Future[Failure | None]:
        future: concurrent.futures.Future[Failure | None] = concurrent.futures.Future()
        self.done.append(work.key)
        try:
            work.run(self.store)
            future.set_result(None)
        except MerbenchError as error:
            future.set_result(Failure(str(error), "trace"))
        except Exception as error:
            future.set_result(Failure(f"{type(error).__name__}: {error}", "trace"))
        return future

    def explain(self, error: BaseException) -> str:
        return str(error)


def write_clips(folder: Path, count: int, samples: int = 400) -> None:
    """Write noise, louder from clip to clip, and labels that follow the loudness."""
    import soundfile

    rng = np.random.default_rng(0)
    lines = ["id,group,valence_mean,arousal_mean,valence_std,arousal_std"]
    for index in range(count):
        loudness = (index + 1) / (count + 1)
        # Lengths differ, so that sequences and waveforms do.
        noise = loudness * rng.uniform(-1, 1, (samples + 20 * index, 1)).astype(np.float32)
        # No float WAV: libsndfile puts the time of day into those.
        soundfile.write(folder / f"c{index}.wav", noise, RATE, subtype="PCM_16")
        numbers = (0.9 - 0.7 * loudness, 0.1 + 0.8 * loudness, 0.1 + 0.01 * index, 0.12)
        lines.append(f"c{index},g{index},{','.join(f'{number:.6f}' for number in numbers)}")
    (folder / "clips.csv").write_text("\n".join(lines) + "\n")


def plan_counts(bench: TinyBench) -> dict[str, dict[str, int]]:
    """What `merbench plan --json` says is still to do and cached."""
    done = bench.call("plan", bench.spec, "--json")
    assert done.returncode == 0, done.stderr
    counts: dict[str, dict[str, int]] = json.loads(done.stdout)["tasks"]
    return counts


def wait_for(
    condition: Callable[[], bool],
    running: subprocess.Popen[str] | None = None,
    *,
    seconds: float = 120,
) -> None:
    """Wait until something is so; fail where the command ends before, or it takes too long."""
    deadline = time.monotonic() + seconds
    while not condition():
        if running is not None and running.poll() is not None:
            raise AssertionError(f"ended with {running.returncode}: {running.communicate()[1]}")
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def group_is_gone(group: int) -> bool:
    """Tell whether no process of a group is alive; one that only waits to be reaped is not."""
    for process in psutil.process_iter(["status"]):
        try:
            alive = process.info["status"] != psutil.STATUS_ZOMBIE
            if alive and os.getpgid(process.pid) == group:
                return False
        except ProcessLookupError:
            continue
    return True
