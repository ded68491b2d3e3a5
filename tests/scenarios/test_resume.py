"""Runs that are killed, damaged or doubled: the result is always that of an undisturbed run.

Tiny plugins leave a line for everything they really do, with the hash of its result, so that a
task done twice is seen. A task counts as completed once its artifact is in the store.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest

from in_process import call_merbench
from merbench.leaderboard import run_results
from merbench.steps.store import Store
from merbench.verification import run_check
from tinybench import TinyBench, group_is_gone, wait_for

JOBS = 2


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> TinyBench:
    """The benchmark of this module; each test works on a store of its own."""
    return TinyBench.make(tmp_path_factory.mktemp("resume") / "bench")


@pytest.fixture(scope="module")
def undisturbed(bench: TinyBench) -> TinyBench:
    """A run with worker processes that nothing disturbed; its results are in `out-undisturbed`."""
    run_to_the_end(bench.with_home("undisturbed"))
    return bench.with_home("undisturbed")


def out(bench: TinyBench) -> Path:
    return bench.folder / f"out-{bench.home.name}"


def arguments(bench: TinyBench, jobs: int = JOBS) -> list[str | Path]:
    return ["run", bench.spec, "--jobs", str(jobs), "--out", out(bench)]


def run_to_the_end(bench: TinyBench, jobs: int = JOBS) -> None:
    done = bench.call(*arguments(bench, jobs))
    assert done.returncode == 0, done.stderr


def finish(bench: TinyBench) -> None:
    """Run what is left in this process, which is quicker to start than workers are."""
    command = ["run", bench.spec, "--out", out(bench)]
    done = call_merbench(*command, environment=bench.variables())
    assert done.returncode == 0, done.stderr


def predictions(bench: TinyBench) -> bytes:
    return (out(bench) / "predictions.parquet").read_bytes()


def assert_undisturbed(bench: TinyBench, undisturbed: TinyBench) -> None:
    """The result is the undisturbed run's, byte for byte, and the store holds the same."""
    assert predictions(bench) == predictions(undisturbed)
    assert run_check.verify_run(out(bench)) == []
    assert [a.name for a in bench.artifacts()] == [a.name for a in undisturbed.artifacts()]
    assert bench.results() == undisturbed.results()
    assert list((bench.store.folder / "unfinished").iterdir()) == []


def done_since(bench: TinyBench, lines: int) -> set[str]:
    """Hashes of the results of all that was done after so many lines of trace."""
    return {line.split()[2] for line in bench.traced()[lines:]}


def kill_group(process: subprocess.Popen[str]) -> None:
    """Kill the command and its workers in the same instant."""
    os.killpg(process.pid, signal.SIGKILL)


def kill_parent(process: subprocess.Popen[str]) -> None:
    """Kill the command only; its workers must see that and leave."""
    os.kill(process.pid, signal.SIGKILL)


# --- killed --------------------------------------------------------------------------------------


def test_killed_at_random_moments_a_run_ends_as_if_undisturbed(bench, undisturbed):
    """Killed from early to late, each time after a random number of tasks."""
    here = bench.with_home("killed")
    rng = random.Random(1)
    whole = len(undisturbed.traced())
    kept: set[str] = set()
    kills = [kill_group, kill_parent, kill_group, kill_parent]
    for part, kill in enumerate(kills):
        before = len(here.traced())
        moment = rng.randrange(part * whole // len(kills), (part + 1) * whole // len(kills))
        target = min(whole - 8, max(before, moment))
        with here.running(*arguments(here), sleep=0.06) as process:
            wait_for(lambda goal=target: len(here.traced()) >= goal, process)
            time.sleep(rng.uniform(0, 0.1))
            kill(process)
            process.wait()
            wait_for(lambda group=process.pid: group_is_gone(group), seconds=30)
        # Nothing that was in the store when this run began has been done again.
        assert not kept & done_since(here, before)
        assert here.results() >= kept
        kept = here.results()
    before = len(here.traced())
    assert kept
    assert kept < undisturbed.results()
    finish(here)
    assert not kept & done_since(here, before)
    assert_undisturbed(here, undisturbed)
    # Each kill cost what its workers had in hand, and no more: at most one task a worker, whose
    # two stems may already have been traced.
    assert len(here.traced()) <= whole + len(kills) * JOBS * 2


def test_killed_while_it_starts_a_run_ends_as_if_undisturbed(bench, undisturbed):
    """At random times, most of them before the first task is done."""
    here = bench.with_home("starting")
    rng = random.Random(3)
    for _ in range(3):
        with here.running(*arguments(here)) as process:
            time.sleep(rng.uniform(0.0, 1.5))
            kill_group(process)
    finish(here)
    assert_undisturbed(here, undisturbed)


# --- damaged -------------------------------------------------------------------------------------


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-2] ^= 0x10
    path.write_bytes(content)


DAMAGES = {
    "a flipped bit": lambda artifact: flip(next(artifact.glob("*.npy"))),
    "an array cut short": lambda artifact: os.truncate(next(artifact.glob("*.npy")), 70),
    "an array gone": lambda artifact: next(artifact.glob("*.npy")).unlink(),
    "a damaged index": lambda artifact: flip(artifact / "artifact.json"),
    "no index": lambda artifact: (artifact / "artifact.json").unlink(),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_artifact_is_found_and_made_again(bench, undisturbed, damage):
    """One artifact of each stage; the fits that need them are gone too, so that they are met."""
    here = bench.with_home(f"damaged-{list(DAMAGES.values()).index(damage)}")
    shutil.copytree(undisturbed.home, here.home)
    by_stage: dict[str, list[Path]] = {}
    for artifact in here.artifacts():
        arrays = {path.name for path in artifact.glob("*.npy")}
        stage = "table" if "rows.npy" in arrays else here.store.info(artifact.name)["component"]
        by_stage.setdefault(stage, []).append(artifact)
    assert by_stage.keys() == {"table", "halves", "stem-levels", "levels", "average", "linear"}
    for artifact in by_stage["linear"][1:]:
        shutil.rmtree(artifact)
    for stage in by_stage:
        damage(by_stage[stage][0])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TINY_TRACE", str(here.trace))
        run = here.run()
    run_results.write_results(run, out(here))
    assert run.failed == []
    stages = Counter(line.split()[1] for line in here.traced())
    # A damaged table is met when a fit is made anew, damaged features when their table is.
    assert stages["linear"] == len(by_stage["linear"])
    assert stages["average"] == 1
    assert predictions(here) == predictions(undisturbed)
    # Whatever is still damaged was not needed; asked for, it is thrown away.
    sound = {artifact.name for artifact in here.artifacts() if here.store.has(artifact.name)}
    assert {artifact.name for artifact in by_stage["linear"] + by_stage["average"]} <= sound
    assert here.results() <= undisturbed.results()


def test_damaged_features_are_made_again_with_what_follows_from_them(bench, undisturbed):
    """All that is left of a chain is a damaged first link."""
    here = bench.with_home("chain")
    shutil.copytree(undisturbed.home, here.home)
    for artifact in here.artifacts():
        component = here.store.info(artifact.name).get("component")
        if component in ("halves", "levels"):
            flip(next(artifact.glob("*.npy")))
        elif component != "average":
            shutil.rmtree(artifact)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TINY_TRACE", str(here.trace))
        run_results.write_results(here.run(), out(here))
    assert here.stages() == {"separate": 8, "extract": 24, "fit": 6}
    assert_undisturbed(here, undisturbed)


# --- doubled -------------------------------------------------------------------------------------


def test_two_runs_at_once_on_one_store_do_not_harm_each_other(bench, undisturbed):
    here = bench.with_home("doubled")
    second = bench.with_home("doubled")
    outs = [out(here), here.folder / "out-second"]
    with contextlib.ExitStack() as stack:
        running = [
            stack.enter_context(b.running("run", b.spec, "--jobs", "1", "--out", o, sleep=0.02))
            for b, o in zip((here, second), outs, strict=True)
        ]
        for process in running:
            _, stderr = process.communicate(timeout=300)
            assert process.returncode == 0, stderr
            assert "failed" not in stderr
    for folder in outs:
        assert (folder / "predictions.parquet").read_bytes() == predictions(undisturbed)
        assert run_check.verify_run(folder) == []
    assert_undisturbed(here, undisturbed)
    # They really ran at once: some things were done by both.
    assert len(here.traced()) > len(undisturbed.traced())


# --- repeated ------------------------------------------------------------------------------------


def test_the_same_command_on_two_fresh_stores_gives_the_same_bytes(bench, undisturbed):
    """Once more with another number of workers, and with none."""
    one = bench.with_home("one-worker")
    run_to_the_end(one, jobs=1)
    assert_undisturbed(one, undisturbed)
    here = bench.with_home("no-worker")
    run_results.write_results(here.run(), out(here))
    assert_undisturbed(here, undisturbed)


def test_the_result_does_not_depend_on_where_things_lie(undisturbed, tmp_path):
    moved = TinyBench.make(tmp_path / "moved")
    run_results.write_results(moved.run(), out(moved))
    assert predictions(moved) == predictions(undisturbed)


def test_a_finished_run_is_not_done_again(bench, undisturbed):
    here = bench.with_home("finished")
    shutil.copytree(undisturbed.home, here.home)
    finish(here)
    assert here.traced() == []
    assert_undisturbed(here, undisturbed)


def test_another_model_in_the_file_changes_no_other_cells_predictions(bench, tmp_path):
    def rows(run: run_results.RunResults) -> dict[str, list[float]]:
        columns = ["fold", "clip", *[c for c in run.predictions if c.startswith("predicted_")]]
        parts = run.predictions.groupby("cell")
        return {cell: part[columns].to_numpy().tolist() for cell, part in parts}

    few = bench.with_home("few").run(models=["linear"], separators=["halves"])
    many = bench.with_home("many").run(
        models=[{"linear": {"penalty": [0.5, 7.0]}}, "average", "linear"],
        separators=["plain", {"halves": {"share": 0.4}}, "halves"],
    )
    bench.write_spec()
    assert len(rows(few)) == 1
    assert len(rows(many)) == 1 + 3 * 3
    assert rows(few).items() <= rows(many).items()
    # And yet the seed decides: what differs between folds and cells is not only the data.
    reseeded = bench.with_home("reseeded").run(models=["linear"], separators=["halves"], seed=2)
    bench.write_spec()
    assert list(rows(reseeded).values()) != list(rows(few).values())


def test_a_store_without_its_scratch_folder_is_still_a_store(undisturbed, bench):
    here = bench.with_home("scratchless")
    shutil.copytree(undisturbed.home, here.home)
    shutil.rmtree(here.store.folder / "unfinished")
    assert Store(here.store.folder).has(here.artifacts()[0].name)
    assert here.plan().tasks == {}
