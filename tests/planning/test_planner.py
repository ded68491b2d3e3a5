"""A plan is made from a benchmark file, and what cannot be planned is said."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest
import yaml
from plan_names import FOLDS, names

from merbench import devices
from merbench.benchmark.names import NONE
from merbench.errors import MerbenchError, SpecError

# --- cells ---------------------------------------------------------------------------------------


def test_a_name_may_be_given_with_its_parameters(bench):
    grid = {"models": [{"linear": {"penalty": [0.1, 3.0]}}], "separators": ["plain"]}
    left = bench.plan(**grid, exclude=[{"model": "linear (penalty=3.0)"}])
    assert [cell.model.penalty for cell in left.cells] == [0.1]
    bench.write_spec(**grid)
    (cell,) = bench.plan("model=linear (penalty=3.0)").cells
    assert cell.model.penalty == 3.0
    assert len(bench.plan("model=linear").cells) == 2
    halves = {"halves": {"share": 0.5}}
    bench.write_spec(separators=[halves, "halves"], features=[{"levels": {"n": 5}}])
    only = ("separator=halves (share=0.5)", "features=levels (n=5)")
    assert len(bench.plan(*only).cells) == 1
    with pytest.raises(MerbenchError, match=r"no model 'linear \(penalty=4.0\)'; did you mean"):
        bench.plan(**grid, exclude=[{"model": "linear (penalty=4.0)"}])


def test_a_name_without_parameters_can_mean_the_defaults_alone(bench):
    grid = {"models": ["linear", {"linear": {"penalty": 3.0}}], "separators": ["plain"]}
    left = bench.plan(**grid, exclude=[{"model": "linear ()"}])
    assert [cell.model.penalty for cell in left.cells] == [3.0]
    bench.write_spec(**grid)
    assert [cell.model.settings for cell in bench.plan("model=linear ()").cells] == [{}]
    with pytest.raises(MerbenchError, match=r"no model 'linear \(\)'"):
        bench.plan(models=[{"linear": {"penalty": 3.0}}], exclude=[{"model": "linear ()"}])


def test_a_dataset_that_cannot_be_split_is_planned_where_that_is_asked_for(bench):
    protocol = {"stratified-k-fold": {"folds": 50}}
    with pytest.raises(MerbenchError, match=r"noise: .* groups cannot be cut into 50 folds"):
        bench.plan(models=["linear"], protocol=protocol)
    plan = bench.plan(unsplit_too=True)
    reasons = set(plan.unready.values())
    assert len(plan.unready) == len(plan.cells) > 0
    assert {"groups cannot be cut" in reason for reason in reasons} == {True}
    assert f"noise: {reasons.pop()}" in plan.warnings
    assert not plan.tasks


def test_a_dataset_that_is_left_out_need_not_be_there(bench):
    bench.write_spec(datasets=[{"noise": {"root": "data"}}, {"elsewhere": {"root": "gone"}}])
    bench.write_plugin(
        "elsewhere",
        """
from merbench import Dataset, Task, hookimpl

class Elsewhere(Dataset):
    "Somewhere."
    name = "elsewhere"
    task = Task.VA

@hookimpl
def merbench_datasets():
    yield Elsewhere
""",
    )
    with pytest.raises(MerbenchError, match=r"elsewhere: the folder .*gone does not exist"):
        bench.plan()
    assert {cell.data.name for cell in bench.plan("dataset=noise").cells} == {"noise"}


def test_only_keeps_cells_that_match_all_filters(bench):
    assert names(bench.plan("separator=halves", "model=linear")) == [("halves", "levels", "linear")]
    assert names(bench.plan("features=none")) == [(NONE, NONE, "average")]
    assert names(bench.plan("feature=none", "models=average")) == [(NONE, NONE, "average")]
    with pytest.raises(MerbenchError, match="--only model=linaer leaves no cell"):
        bench.plan("model=linaer")
    for wrong in ("linear", "kind=linear", "model"):
        with pytest.raises(MerbenchError, match=f"--only {wrong}: write AXIS=NAME"):
            bench.plan(wrong)


# --- tasks ---------------------------------------------------------------------------------------


def test_what_cannot_be_read_in_the_store_is_a_failed_row_and_is_kept(bench, monkeypatch):
    bench.run()
    plan = bench.plan()
    cell = next(cell for cell in plan.cells if cell.names["model"] == "average")
    folder = bench.store.path(plan.fits[cell.id][0])
    real = Path.open

    def fail(self, *arguments, **named):
        if self.parent == folder:
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE), str(self))
        return real(self, *arguments, **named)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", fail)
        bench.store._verified.clear()  # as in a new process, however long ago it was looked at
        rows = bench.run().leaderboard.set_index("model")
    assert rows["status"]["average"] == "failed"
    assert "cannot be read (Stale file handle); nothing was deleted" in rows["error"]["average"]
    assert (rows["status"].drop("average") == "ok").all()
    assert bench.plan().tasks == {}


# --- what cannot be computed here ----------------------------------------------------------------

UNREADY = """
from merbench import Cost, FeatureKind, Model, Separator, Task, hookimpl
from merbench.errors import MerbenchError

class Weights(Separator):
    "Needs weights."
    name = "weights"
    def ready(self):
        raise MerbenchError("weights: there are none at /nowhere; fetch them")

class Package(Model):
    "Needs a package."
    name = "package"
    inputs = FeatureKind.VECTOR
    tasks = frozenset({Task.VA})
    requires = ("no-such-distribution",)

class Odd(Model):
    "Fails otherwise."
    name = "odd"
    inputs = FeatureKind.VECTOR
    tasks = frozenset({Task.VA})
    def ready(self):
        raise ZeroDivisionError("division by zero")

@hookimpl
def merbench_separators():
    yield Weights

@hookimpl
def merbench_models():
    yield Package
    yield Odd
"""


ASKED = """
from pathlib import Path
from merbench import Separator, hookimpl
from merbench.errors import MerbenchError

class Asked(Separator):
    "Notes that it was asked, and is ready until a file is gone."
    name = "asked"
    stems = ("bass", "vocals")
    def ready(self):
        if not Path(PLACE, "weights").exists():
            raise MerbenchError("asked: the weights are gone")
        with Path(PLACE, "asked").open("a") as file:
            file.write("x")
    def separate(self, waveform, sample_rate, *, device):
        return {"bass": waveform, "vocals": waveform}

@hookimpl
def merbench_separators():
    yield Asked
"""


def test_nobody_need_be_ready_for_what_is_done(bench):
    bench.write_plugin("asked", ASKED.replace("PLACE", repr(str(bench.folder))))
    (bench.folder / "weights").touch()
    spec = {"separators": ["asked"], "models": ["linear"]}
    assert bench.run(**spec).failed == []
    asked = (bench.folder / "asked").read_text()
    assert asked
    (bench.folder / "weights").unlink()
    plan = bench.plan(**spec)
    assert (plan.tasks, plan.unready) == ({}, {})
    assert bench.run(**spec).failed == []
    assert (bench.folder / "asked").read_text() == asked
    (row,) = bench.run(separators=["asked"], models=[{"linear": {"penalty": 7.0}}]).failed
    assert row["error"] == "asked: the weights are gone"


def test_what_is_not_ready_is_a_failed_row_and_costs_nothing(bench):
    bench.write_plugin("unready", UNREADY)
    plan = bench.plan(separators=["weights", "plain"], models=["linear", "package", "odd"])
    by_name = {tuple(c.names.values())[1:]: c for c in plan.cells}
    assert len(by_name) == 6
    assert plan.to_do() == {"extract": 8, "assemble": 1, "fit": FOLDS}
    assert len(plan.unready) == 5
    run = bench.run()
    rows = run.leaderboard.set_index(["separator", "model"])
    assert rows.loc[("plain", "linear"), "status"] == "ok"
    failed = rows[rows["status"] == "failed"]
    assert len(failed) == 5
    assert failed["kl_mean"].isna().all()
    assert (failed["n_failed"] == failed["n_folds"]).all()
    assert failed.loc[("weights", "linear"), "error"] == (
        "weights: there are none at /nowhere; fetch them"
    )
    assert failed.loc[("plain", "package"), "error"] == (
        "package needs the package no-such-distribution, which is not installed; install it with "
        "`pip install no-such-distribution`"
    )
    assert failed.loc[("plain", "odd"), "error"] == (
        "odd is not ready: ZeroDivisionError: division by zero at unready.py:24"
    )


def test_a_missing_true_stem_is_a_failed_row_and_no_crash(bench):
    bench.write_plugin(
        "oracle",
        """
from merbench import Separator, hookimpl

class Oracle(Separator):
    "True stems."
    name = "true-stems"
    stems = ("bass", "drums")
    needs_true_stems = True

    def separate(self, waveform, sample_rate, *, device):
        return {"bass": waveform[0], "drums": waveform[1]}

@hookimpl
def merbench_separators():
    yield Oracle
""",
    )
    run = bench.run(separators=["true-stems", "plain"], models=["linear"])
    rows = run.leaderboard.set_index("separator")
    assert rows["status"].to_dict() == {"plain": "ok", "true-stems": "failed"}
    assert "c0.bass.wav cannot be read (No such file or directory)" in rows["error"]["true-stems"]
    for index in range(8):
        shutil.copy(bench.folder / f"data/c{index}.wav", bench.folder / f"data/c{index}.bass.wav")
    assert bench.run().failed == []


# --- devices -------------------------------------------------------------------------------------


def test_a_device_that_is_not_there_is_named_with_its_line(bench):
    says = r"tiny\.yaml:\d+: device: 'banana' is no torch device \(here there is cpu"
    with pytest.raises(SpecError, match=says):
        bench.plan(device="banana")


def test_auto_is_the_device_it_means_in_keys_and_in_the_record(bench, monkeypatch):
    monkeypatch.setattr(devices, "_count", lambda torch, kind: 0)
    plain, auto = bench.plan(device="cpu"), bench.plan(device="auto")
    assert auto.fits == plain.fits
    assert auto.benchmark.spec.device == "cpu"


USERS = """
import os
from pathlib import Path

import numpy as np
from merbench import FeatureExtractor, FeatureKind, Model, ModelParameter, Separator, Task, hookimpl

def told(what, device):
    with Path(os.environ["TINY_TRACE"]).open("a") as file:
        file.write(f"{what} {device}\\n")

class Splits(Separator):
    "Works on a device."
    name = "splits"
    stems = ("bass", "drums")
    uses_device = True

    def separate(self, waveform, sample_rate, *, device):
        told("splits", device)
        return dict.fromkeys(self.stems, waveform / 2)

class Hears(FeatureExtractor):
    "Works on a device."
    name = "hears"
    kind = FeatureKind.VECTOR
    uses_device = True

    def extract(self, waveform, sample_rate, *, device):
        told("hears", device)
        return np.abs(waveform).mean(axis=1)

class Hums(Hears):
    "Leaves devices alone."
    name = "hums"
    uses_device = False

    def extract(self, waveform, sample_rate, *, device):
        told("hums", device)
        return np.abs(waveform).mean(axis=1)

class Learns(Model):
    "Works on a device."
    name = "learns"
    inputs = FeatureKind.VECTOR
    tasks = frozenset({Task.VA})
    uses_device = True

    def estimator(self, *, task, seed, device):
        told(self.name, device)
        from sklearn.linear_model import Ridge
        return Ridge()

class Guesses(Learns):
    "Leaves devices alone."
    name = "guesses"
    uses_device = False

class Holds(Model):
    "Holds a model."
    name = "holds"
    inputs = FeatureKind.VECTOR
    tasks = frozenset({Task.VA})
    model: ModelParameter

    def estimator(self, *, task, seed, device):
        told("holds", device)
        return self.model.estimator(task=task, seed=seed, device=device)

@hookimpl
def merbench_separators():
    yield Splits

@hookimpl
def merbench_features():
    yield Hears
    yield Hums

@hookimpl
def merbench_models():
    yield Learns
    yield Guesses
    yield Holds
"""


@pytest.fixture
def users(bench, monkeypatch):
    """A benchmark of what uses a device and what does not, where two GPUs seem to be."""
    monkeypatch.setattr(devices, "_count", lambda torch, kind: {"cpu": 1, "cuda": 2}.get(kind, 0))
    monkeypatch.setenv("TINY_TRACE", str(bench.trace))
    bench.write_plugin("users", USERS)
    holds = [{"holds": {"model": name}} for name in ("learns", "guesses")]
    bench.write_spec(
        separators=["splits", "plain"],
        features=["hears", "hums"],
        models=["learns", "guesses", *holds],
        baselines=False,
    )
    return bench


def test_the_kind_of_device_is_part_of_what_uses_one_and_its_number_of_nothing(users):
    settings = yaml.safe_load(users.spec.read_text())
    cpu, first, second = (
        users.plan(**settings | {"device": name}) for name in ("cpu", "cuda", "cuda:1")
    )
    assert first.tasks.keys() == second.tasks.keys()
    assert [cell.id for cell in first.cells] == [cell.id for cell in second.cells]
    for on, off in zip(first.cells, cpu.cells, strict=True):
        uses = bool({"splits", "hears", "learns", "holds(learns)"} & {*on.names.values()})
        assert (on.id != off.id) is uses
        assert on.identity.get("device", "cpu") == ("cuda" if uses else "cpu")
        assert (first.fits[on.id] != cpu.fits[off.id]) is uses
        # The same system is fitted from the same seeds wherever it is.
        assert [on.fold_seed(f) for f in range(3)] == [off.fold_seed(f) for f in range(3)]
    alone = {task.title for task in first.tasks.values() if task.occupies == "cpu"}
    assert {task.occupies for task in second.tasks.values()} == {"cpu", "cuda:1"}
    shared = cpu.tasks.keys() & first.tasks.keys()
    # What leaves devices alone is the same work, unless it is made of what does not.
    assert {cpu.tasks[key].title for key in shared} <= alone
    assert all("splits" not in cpu.tasks[key].title for key in shared)
    assert any("hums" in cpu.tasks[key].title for key in shared)


def test_only_what_uses_the_device_is_told_it(users):
    settings = yaml.safe_load(users.spec.read_text())
    result = users.run(**settings | {"device": "cuda:1"})
    assert not result.failed
    lines = {line for line in users.traced() if not line.startswith(("separate", "extract", "fit"))}
    assert lines == {
        "splits cuda:1", "hears cuda:1", "hums cpu", "learns cuda:1", "guesses cpu",
        "holds cuda:1", "holds cpu",
    }  # fmt: skip
