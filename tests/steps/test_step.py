"""What all steps share: what changed since the plan is refused, and whose fault it was is said."""

from __future__ import annotations

import shutil
import textwrap
from pathlib import Path

import pytest
from stage_plugins import GOOD, Files, Whole, extraction, fit, measured, recorder, rewrite

from merbench import digests
from merbench.errors import ChangedError
from merbench.leaderboard.run_results import RunResults
from merbench.runs import execution
from tinybench import Here


def test_a_source_that_is_not_the_plans_is_refused(clip, store, monkeypatch):
    work = extraction(Files(), clip, Whole())
    # As in a worker process that imported an edited file.
    monkeypatch.setitem(digests._imported, Files.__module__, "another")
    with pytest.raises(ChangedError, match="the source of files or whole or mean-magnitude"):
        work.run(store)
    for task in (fit(recorder(GOOD)[0], ()), measured(clip)):
        monkeypatch.setitem(digests._imported, Files.__module__, f"another than {task.key}")
        with pytest.raises(ChangedError, match=r"the source of .* changed after the plan"):
            task.run(store)


def test_a_wrong_remembered_digest_costs_a_failed_row_once_and_never_a_wrong_number(
    bench, monkeypatch
):
    monkeypatch.setattr(digests, "_WORTH_BYTES", 1)
    monkeypatch.setattr(digests, "_SETTLED_NS", -(10**15))
    bench.plan()
    # As if a file system had shown another file of the same times and inode.
    (bench.folder / "data" / "c3.wav").unlink()
    shutil.copy(bench.folder / "data" / "c5.wav", bench.folder / "data" / "c3.wav")
    name, wrong = str((bench.folder / "data" / "c3.wav").absolute()), "f" * 64
    signature = digests._signature(Path(name))
    digests._append(bench.store.folder / "digests.txt", {name: (signature, wrong)})
    monkeypatch.setattr(digests, "_known", {})
    run = bench.run()
    errors = set(run.leaderboard["error"]) - {""}
    assert len(errors) == 2  # of two separators
    assert all(f"{name} changed after the plan was made; run again" in e for e in errors)
    again = bench.run()
    assert again.failed == []


def test_a_failed_row_names_the_clip_whose_file_changed(bench):
    plan = bench.plan()
    rewrite(bench.folder / "data" / "c3.wav")
    run = RunResults.of(execution.execute_plan(plan, bench.store, Here(bench.store)))
    rows = run.leaderboard.set_index(["separator", "model"])
    name = bench.folder / "data" / "c3.wav"
    assert rows["error"]["plain", "linear"] == (
        f"clip c3 of noise: levels of plain: {name} changed after the plan was made; run again"
    )
    assert rows["error"]["halves", "linear"] == (
        f"clip c3 of noise: halves: {name} changed after the plan was made; run again"
    )
    assert rows["status"]["none", "average"] == "ok"
    assert bench.run().failed == []


# --- as plugins of a benchmark -------------------------------------------------------------------

HOSTILE = """
import numpy as np
from merbench import FeatureExtractor, FeatureKind, Model, Separator, Task, hookimpl

class Half(Separator):
    "Loses half of every second clip's vocals."
    name = "half"
    stems = ("bass", "vocals")
    def separate(self, waveform, sample_rate, *, device):
        vocals = waveform if waveform.shape[1] % 40 == 0 else waveform[:, ::2]
        return {"bass": waveform, "vocals": vocals}

class Holes(FeatureExtractor):
    "NaN for loud clips."
    name = "holes"
    kind = FeatureKind.VECTOR
    def extract(self, waveform, sample_rate, *, device):
        loud = np.abs(waveform).max()
        return np.array([loud, np.nan if loud > 0.85 else 0.0])

class Growing(FeatureExtractor):
    "As long as the clip."
    name = "growing"
    kind = FeatureKind.VECTOR
    def extract(self, waveform, sample_rate, *, device):
        return waveform[0]

class Crash(FeatureExtractor):
    "Raises."
    name = "crash"
    kind = FeatureKind.VECTOR
    def extract(self, waveform, sample_rate, *, device):
        raise KeyError("no such thing")

class Lost(Model):
    "NaN for a clip."
    name = "lost"
    inputs = FeatureKind.VECTOR
    tasks = frozenset({Task.VA})
    def estimator(self, *, task, seed, device):
        return self
    def fit(self, X, Y):
        return self
    def predict(self, X):
        return np.full((len(X), 4), np.nan)

@hookimpl
def merbench_separators():
    yield Half

@hookimpl
def merbench_features():
    yield from (Holes, Growing, Crash)

@hookimpl
def merbench_models():
    yield Lost
"""


def test_a_plugin_that_breaks_its_contract_is_a_failed_row_that_names_clip_and_stem(bench):
    bench.write_plugin("hostile", textwrap.dedent(HOSTILE))
    run = bench.run(
        separators=["plain", "halves", "half"],
        features=["levels", "holes", "growing", "crash"],
        models=["linear", "lost"],
    )
    rows = run.leaderboard.set_index(["separator", "features", "model"])
    errors = rows["error"]
    assert errors["half", "levels", "linear"] == (
        "clip c1 of noise: half: stem vocals: half returned the shape (1, 210) for a clip of "
        "shape (1, 420); correct the plugin"
    )
    assert errors["plain", "holes", "linear"].startswith(
        "clip c7 of noise: holes of plain: stem mixed: holes returned 1 values that are NaN"
    )
    assert errors["plain", "growing", "linear"].startswith(
        "table of noise: plain x growing: clip c1 of noise: plain x growing has features of shape "
        "(420,) where the first clip has (400,)"
    )
    assert errors["plain", "crash", "linear"].startswith("clip c0 of noise: crash of plain: ")
    assert "KeyError: 'no such thing'" in errors["plain", "crash", "linear"]
    assert (
        "lost predicted NaN or infinite values for 2 of 2 clips (c"
        in (errors["plain", "levels", "lost"])
    )
    # Everything that does not depend on a broken plugin is as it should be.
    good = rows[rows["status"] == "ok"]
    assert set(good.index) == {(s, f, "linear") for s, f in [
        ("plain", "levels"), ("halves", "levels"), ("halves", "holes"),
    ]}  # fmt: skip
    assert good["kl_mean"].notna().all()
    assert rows.loc[rows["status"] == "failed", "kl_mean"].isna().all()
