"""The plan: cells, the tasks that are left, what an edit invalidates, what it will cost."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
from pathlib import Path

import pytest
import yaml

from merbench import Clip, Dataset, Task, devices
from merbench.benchmark.names import NONE, means
from merbench.cli import app
from merbench.errors import MerbenchError, SpecError
from merbench.leaderboard import run_results
from merbench.planning.datasets import check_clips
from merbench.planning.estimate import estimate
from merbench.planning.plan import Plan
from merbench.plugins.registry import Entry, Origin
from merbench.steps.fitting import Fit, Prepare
from merbench.verification import run_check
from tinybench import TinyBench, write_clips

FOLDS = 3


def names(plan: Plan) -> list[tuple[str, ...]]:
    return [tuple(cell.names.values())[2:] for cell in plan.cells]


def reasons(plan: Plan) -> dict[tuple[str, ...], str]:
    return {tuple(skip.names.values())[2:]: skip.reason for skip in plan.skipped}


# --- cells ---------------------------------------------------------------------------------------


def test_every_compatible_combination_is_a_cell_and_a_blind_model_is_one_only(bench):
    plan = bench.plan(features=["levels", {"levels": {"n": 5}}])
    assert names(plan) == [
        (NONE, NONE, "average"),
        ("plain", "levels", "linear"),
        ("plain", "levels", "linear"),
        ("halves", "levels", "linear"),
        ("halves", "levels", "linear"),
    ]
    assert len({cell.id for cell in plan.cells}) == 5
    assert plan.cells[1].settings == {}
    assert plan.cells[2].settings == {"features": {"levels": {"n": 5}}}


def test_incompatible_combinations_are_listed_with_the_reason(bench):
    bench.write_plugin(
        "more",
        """
from merbench import FeatureKind, Model, Separator, Task, hookimpl

class Quadrants(Model):
    "For another task."
    name = "quadrants"
    inputs = FeatureKind.VECTOR
    tasks = frozenset({Task.QUADRANT})

class Two(Model):
    "Takes two kinds."
    name = "two"
    inputs = (FeatureKind.VECTOR, FeatureKind.IMAGE)
    tasks = frozenset({Task.VA})

@hookimpl
def merbench_models():
    yield Quadrants
    yield Two
""",
    )
    plan = bench.plan(
        separators=["plain"],
        features=["levels", "frames", ["levels", "frames"], ["frames", "levels"]],
        models=["linear", "quadrants", "two"],
    )
    assert names(plan) == [("plain", "levels", "linear"), ("plain", "levels + frames", "two")]
    assert reasons(plan) == {
        ("plain", "frames", "linear"): "linear takes vector, frames gives image",
        ("plain", "levels + frames", "linear"): (
            "linear takes vector, levels + frames gives vector + image"
        ),
        ("plain", "frames + levels", "linear"): (
            "linear takes vector, frames + levels gives image + vector"
        ),
        ("plain", "levels", "two"): "two takes vector + image, levels gives vector",
        ("plain", "frames", "two"): "two takes vector + image, frames gives image",
        ("plain", "frames + levels", "two"): (
            "two takes vector + image, frames + levels gives image + vector"
        ),
    } | {
        ("plain", features, "quadrants"): "quadrants cannot be fitted for the task va"
        for features in ("levels", "frames", "levels + frames", "frames + levels")
    }


def test_a_separator_of_true_stems_is_skipped_where_there_are_none(bench):
    oracle = """
import sys
from merbench import Separator, hookimpl

class Oracle(Separator):
    "True stems."
    name = "true-stems"
    needs_true_stems = True

tiny = [m for n, m in sys.modules.items() if n.startswith("merbench_plugin_tiny_")]
Noise = next(m.Noise for m in tiny if hasattr(m, "Noise"))

class Stemless(Noise):
    "The same without stems."
    name = "stemless"
    has_true_stems = False

@hookimpl
def merbench_separators():
    yield Oracle

@hookimpl
def merbench_datasets():
    yield Stemless
"""
    bench.write_plugin("zoracle", oracle)
    plan = bench.plan(
        datasets=[{"noise": {"root": "data"}}, {"stemless": {"root": "data"}}],
        separators=["true-stems"],
        models=["linear"],
    )
    assert [tuple(c.names.values()) for c in plan.cells] == [
        ("noise", NONE, "true-stems", "levels", "linear")
    ]
    (skip,) = plan.skipped
    assert skip.names["dataset"] == "stemless"
    assert skip.reason == "true-stems needs true stems, which stemless does not have"


def test_exclusions_match_every_axis_they_name(bench):
    plan = bench.plan(exclude=[{"separator": "halves", "model": "linear"}, {"model": "average"}])
    assert names(plan) == [("plain", "levels", "linear")]
    assert reasons(plan) == {
        ("halves", "levels", "linear"): "excluded by the benchmark file",
        (NONE, NONE, "average"): "excluded by the benchmark file",
    }


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


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("net", True),
        ("net (lr=0.1)", True),
        ("net (layers=[7, 5])", True),
        ("net (layers=[7, 5], lr=0.1)", True),
        ("net (lr=0.1, layers=[7, 5])", True),
        ("net (lr=0.2)", False),
        ("net (lr=0.1, deep=True)", False),
        ("net ()", False),
        ("net(lr=0.1)", False),
        ("net (lr=0.1", False),
        ("nets (lr=0.1)", False),
    ],
)
def test_a_name_with_parameters_means_what_has_these_and_others(name, expected):
    assert means(name, "net", "net (lr=0.1, layers=[7, 5])") is expected


def test_a_name_means_a_dataset_whatever_its_title_adds():
    title = "my-songs (fixed_std=0.1)"
    assert means("my-songs", title, title)
    assert means(title, title, title)
    assert not means("my", title, title)


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


def test_lists_of_parameters_become_a_grid(bench):
    plan = bench.plan(
        separators=[{"halves": {"share": [0.1, 0.2]}}],
        features=[{"levels": {"n": [3, 4]}}],
        models=[{"linear": {"penalty": [0.1, 1.0, 10.0], "blur": [0.0, 0.5]}}],
    )
    assert len(plan.cells) == len({cell.id for cell in plan.cells}) == 2 * 2 * 6
    assert {cell.model.penalty for cell in plan.cells} == {0.1, 1.0, 10.0}
    assert plan.to_do() == {
        "separate": 16, "extract": 32, "assemble": 4, "measure": 16, "fit": 24 * FOLDS,
    }  # fmt: skip


def test_baselines_are_added_once_a_dataset_and_never_skipped_aloud(bench):
    registry = bench.registry()
    average, linear = (registry.get("model", name).cls for name in ("average", "linear"))

    class Guess(average):
        """A baseline that is also named by the file."""

        name = "guess"
        baseline = True

    class Line(linear):
        """A baseline that looks at the music."""

        name = "line"
        baseline = True

    class Quadrants(average):
        """A baseline for another task."""

        name = "quadrant-guess"
        baseline = True
        tasks = frozenset({Task.QUADRANT})

    for cls in (Guess, Line, Quadrants):
        registry.entries["model", cls.name] = Entry("model", cls, Origin("", "", "here"))
    shutil.copytree(bench.folder / "data", bench.folder / "more")
    data = [{"noise": {"root": "data"}}, {"noise": {"root": "more"}}]
    lines = (bench.folder / "more" / "clips.csv").read_text()
    (bench.folder / "more" / "clips.csv").write_text(lines.replace("0.12", "0.13"))

    with_them = bench.plan(
        registry=registry, datasets=data, models=["guess", "average"], baselines=True
    )
    for dataset in with_them.datasets:
        assert [c.names["model"] for c in with_them.cells if c.data is dataset] == [
            "guess", "average", "line", "line",
        ]  # fmt: skip
    assert with_them.skipped == []
    without = bench.plan(registry=registry, datasets=data, models=["average"], baselines=False)
    assert [c.names["model"] for c in without.cells] == ["average"] * 2


def test_two_folders_of_one_dataset_are_two_datasets(bench):
    """Their cells differ by nothing but the data; one must not be given the other's predictions."""
    write_clips_at = bench.folder / "more"
    write_clips_at.mkdir()
    write_clips(write_clips_at, 8)
    table = write_clips_at / "clips.csv"
    head, *rows = table.read_text().splitlines()
    turned = [",".join([*row.split(",")[:2], "0.9", "0.1", "0.2", "0.3"]) for row in rows]
    table.write_text("\n".join([head, *turned]) + "\n")
    run = bench.run(
        datasets=[{"noise": {"root": "data"}}, {"noise": {"root": "more"}}], models=["average"]
    )
    assert run.leaderboard["cell"].nunique() == 2
    assert len(run.predictions) == 2 * FOLDS * 2
    again = bench.with_home("alone").run(datasets=[{"noise": {"root": "data"}}], models=["average"])
    first = run.predictions[run.predictions["cell"] == run.folds["cell"].iloc[0]]
    assert first["kl"].tolist() == again.predictions["kl"].tolist()
    second = run.predictions[run.predictions["cell"] == run.folds["cell"].iloc[-1]]
    assert second["predicted_valence_mean"].to_list() == pytest.approx([0.9] * 6)


# --- tasks ---------------------------------------------------------------------------------------


def test_tasks_are_what_the_store_lacks_and_in_an_order_that_can_be_done(bench):
    plan = bench.plan()
    assert plan.to_do() == {
        "separate": 8, "extract": 16, "assemble": 2, "measure": 8, "fit": 3 * FOLDS,
    }  # fmt: skip
    assert sum(plan.cached.values()) == 0
    seen: set[str] = set()
    for key, work in plan.tasks.items():
        assert key == work.key
        assert set(work.needs) <= seen
        seen.add(key)
    bench.run()
    again = bench.plan()
    assert again.tasks == {}
    assert again.cached == {"fit": 3 * FOLDS, "measure": 8}


def test_equal_clips_are_extracted_once(bench):
    data = bench.folder / "data"
    shutil.copy(data / "c0.wav", data / "c1.wav")
    assert bench.plan().to_do() == {
        "separate": 7, "extract": 14, "assemble": 2, "measure": 7, "fit": 9,
    }  # fmt: skip
    run = bench.run()
    assert run.failed == []


def test_only_what_a_cell_needs_is_done(bench):
    assert bench.plan("model=average").to_do() == {"fit": FOLDS}
    assert bench.plan("separator=plain").to_do() == {"extract": 8, "assemble": 1, "fit": FOLDS}


def test_preparation_is_done_once_a_table_and_only_for_models_that_prepare(bench):
    bench.write_plugin(
        "prepares",
        """
from merbench import FeatureKind, Model, Task, hookimpl

class Sorted(Model):
    "Wants the order of its features."
    name = "sorted"
    inputs = FeatureKind.VECTOR
    tasks = frozenset({Task.VA})

    def estimator(self, *, task, seed, device):
        return self

    def prepare(self, X):
        return X.argsort(axis=0)

    def fit(self, X, Y):
        rows, order = X
        assert rows.shape == order.shape
        object.__setattr__(self, "_mean", Y.mean(axis=0))

    def predict(self, X):
        import numpy as np
        return np.tile(self._mean, (len(X[0]), 1))

@hookimpl
def merbench_models():
    yield Sorted
""",
    )
    plan = bench.plan(models=["linear", "sorted"])
    prepares = [work for work in plan.tasks.values() if isinstance(work, Prepare)]
    assert len(prepares) == 2
    for work in plan.tasks.values():
        if isinstance(work, Fit):
            assert (work.prepared in {p.key for p in prepares}) == (work.model.name == "sorted")
    run = bench.run()
    assert run.failed == []
    # With the fits gone, but not what they were made from, nothing is prepared anew.
    for cell, keys in plan.fits.items():
        if cell == plan.cells[-1].id:
            shutil.rmtree(bench.store.path(keys[0]))
    assert bench.plan().to_do() == {"fit": 1}


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
        rows = bench.run().leaderboard.set_index("model")
    assert rows["status"]["average"] == "failed"
    assert "cannot be read (Stale file handle); nothing was deleted" in rows["error"]["average"]
    assert (rows["status"].drop("average") == "ok").all()
    assert bench.plan().tasks == {}


# --- clips that are the same ---------------------------------------------------------------------


def test_the_same_audio_in_other_groups_is_said_in_plan_run_and_on_the_board(bench):
    data = bench.folder / "data"
    for one, other in (("c1", "c4"), ("c2", "c6")):
        shutil.copy(data / f"{one}.wav", data / f"{other}.wav")
    plan = bench.plan()
    assert plan.warnings[1:] == [  # the first says that they are few
        "noise: 4 clips have the audio of a clip in another group, byte for byte (c1 and c4, …): "
        "one may be trained on and the other tested; give them one group"
    ]
    note = "the same audio, byte for byte, as a clip of another group (4 clips)"
    assert {data.provenance for data in plan.datasets} == {note}
    out = bench.folder / "out"
    for arguments in (["plan", bench.spec], ["run", bench.spec, "--jobs", "1", "--out", out]):
        done = bench.call(*arguments)
        assert done.returncode == 0, done.stderr
        assert f"warning: {plan.warnings[1]}" in " ".join(done.stderr.split())
    run = run_results.read(out)
    assert run.manifest["datasets"][0]["provenance"] == note
    assert set(run.leaderboard["provenance"]) == {note}
    assert run_check.verify(out) == []


def test_the_same_audio_within_a_group_is_nobodys_leak(bench):
    data = bench.folder / "data"
    shutil.copy(data / "c1.wav", data / "c4.wav")
    table = data / "clips.csv"
    table.write_text(table.read_text().replace("c4,g4,", "c4,g1,"))
    plan = bench.plan()
    assert not any("audio" in warning for warning in plan.warnings)
    assert plan.datasets[0].provenance == ""


# --- what an edit invalidates --------------------------------------------------------------------


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which a run with two features was finished."""
    made = TinyBench.make(tmp_path_factory.mktemp("finished") / "bench")
    made.run(features=["levels", "frames"], separators=["plain", "halves"])
    return made.folder


@pytest.fixture
def planned(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Return a copy of the finished folder, and what `merbench plan --json` says of it."""
    from typer.testing import CliRunner

    shutil.copytree(finished, tmp_path / "bench")
    bench = TinyBench(tmp_path / "bench")
    monkeypatch.setenv("MERBENCH_HOME", str(bench.home))

    def to_do() -> dict[str, int]:
        done = CliRunner().invoke(app, ["plan", str(bench.spec), "--json"])
        assert done.exit_code == 0, done.output
        tasks = json.loads(done.stdout)["tasks"]
        return {stage: count["to_do"] for stage, count in tasks.items() if count["to_do"]}

    return bench, to_do


ALL_FITS = 3 * FOLDS
EDITS = {
    "nothing": ("", {}),
    "one model": ("linear.py", {"fit": 2 * FOLDS}),
    "a model that never looks at the music": ("average.py", {"fit": FOLDS}),
    "an extractor": ("levels.py", {"extract": 16, "assemble": 2, "fit": 2 * FOLDS}),
    "an extractor that no cell uses": ("shapes.py", {}),
    "a separator": (
        "halves.py",
        {"separate": 8, "extract": 8, "assemble": 1, "measure": 8, "fit": FOLDS},
    ),
    "a separator that keeps no stems": ("plain.py", {"extract": 8, "assemble": 1, "fit": FOLDS}),
    "a dataset that decodes as all do": ("noise.py", {}),
    "what decides no result": ("trace.py", {}),
}


@pytest.mark.parametrize(("file", "expected"), EDITS.values(), ids=EDITS.keys())
def test_an_edited_plugin_invalidates_exactly_what_depends_on_it(planned, file, expected):
    bench, to_do = planned
    if file:
        edited = bench.folder / "plugins" / "tiny" / file
        edited.write_text(edited.read_text() + "\n# edited\n")
    assert to_do() == expected


def test_edited_data_invalidates_exactly_what_depends_on_it(planned):
    bench, to_do = planned
    with (bench.folder / "data" / "c3.wav").open("ab") as handle:
        handle.write(b"LIST\x04\x00\x00\x00abcd")
    assert to_do() == {
        "separate": 1, "extract": 2, "assemble": 2, "measure": 1, "fit": 2 * FOLDS,
    }  # fmt: skip


def test_an_edited_label_invalidates_the_fits_that_learn_from_it(planned):
    bench, to_do = planned
    table = bench.folder / "data" / "clips.csv"
    clip = table.read_text().splitlines()[1]
    table.write_text(table.read_text().replace(clip, clip.replace("0.12", "0.13")))
    splits = bench.plan().datasets[0].splits
    learn = sum(0 in split.train for split in splits)
    assert 0 < learn < FOLDS
    assert to_do() == {"fit": 3 * learn}


def test_another_parameter_or_seed_invalidates_fits_only(planned):
    bench, to_do = planned
    bench.write_spec(features=["levels"], models=[{"linear": {"penalty": 5.0}}])
    assert to_do() == {"fit": 2 * FOLDS}
    bench.write_spec(features=["levels"], seed=2)
    assert to_do() == {"fit": ALL_FITS}
    bench.write_spec(features=["levels"], device="cpu:0")
    assert to_do() == {}  # it is the processor, whatever its number


def test_moving_everything_invalidates_nothing(planned, finished):
    bench, to_do = planned
    assert bench.folder != finished
    (bench.folder / "data").rename(bench.folder / "moved")
    bench.write_spec(features=["levels"], datasets=[{"noise": {"root": "moved"}}])
    assert to_do() == {}


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
        "odd is not ready: ZeroDivisionError: division by zero"
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


# --- datasets ------------------------------------------------------------------------------------


def test_a_dataset_that_is_not_there_is_one_clear_error(bench):
    with pytest.raises(MerbenchError, match=r"noise: the folder .*absent does not exist; set data"):
        bench.plan(datasets=[{"noise": {"root": "absent"}}])


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda d: (d / "c3.wav").unlink(), r"noise: clip c3: its file .*c3\.wav is missing"),
        (lambda d: (d / "clips.csv").unlink(), r"noise: .*No such file.*clips\.csv"),
        (
            lambda d: (d / "clips.csv").write_text("id,group\nc0,g0\n"),
            r"noise: its plugin failed on .* \(KeyError: 'valence_mean'\)",
        ),
    ],
    ids=["a clip", "the labels", "a column"],
)
def test_data_that_is_incomplete_is_one_clear_error(bench, damage, says):
    damage(bench.folder / "data")
    with pytest.raises(MerbenchError, match=says):
        bench.plan()


class Anything(Dataset):
    """Holds what it is given."""

    name = "anything"
    task = Task.VA


class Quadrants(Dataset):
    """Holds quadrants."""

    name = "quadrants"
    task = Task.QUADRANT


CLIPS = {
    "too few": (Anything, [{}], "it has 1 labelled clips; a benchmark needs two at least"),
    "twice": (Anything, [{"id": "a"}, {"id": "a"}], "clip a: its id stands twice"),
    "short label": (Anything, [{"label": (0.1,)}, {}], "has 1 numbers where va has 4"),
    "NaN": (Anything, [{"label": (0.1, float("nan"), 0.1, 0.1)}, {}], "arousal_mean is nan"),
    "too large": (Anything, [{"label": (7, 0.1, 0.1, 0.1)}, {}], r"_mean is 7, outside \[0, 1\]"),
    "no spread": (Anything, [{"label": (0.1, 0.1, 0.1, 0)}, {}], "arousal_std is 0"),
    "a rating": (
        Anything,
        [{"ratings": ((0.1, 0.2), (0.3, 1.2))}, {}],
        r"clip c0: the rating \(0.3, 1.2\) is no valence and arousal on \[0, 1\]",
    ),
    "a rating of NaN": (Anything, [{"ratings": ((0.1, float("nan")),)}, {}], "the rating"),
    "half a rating": (Anything, [{"ratings": ((0.1,),)}, {}], "the rating"),
    "no group": (Anything, [{"group": ""}, {}], "it has no group"),
    "shares": (Quadrants, [{"label": (0.5, 0.5, 0.5, 0)}, {}], "shares sum to 1.5, not 1"),
}


@pytest.mark.parametrize(("cls", "rows", "says"), CLIPS.values(), ids=CLIPS.keys())
def test_clips_that_break_the_contract_are_refused(tmp_path, cls, rows, says):
    (tmp_path / "a.wav").write_bytes(b"x")
    labels = {Anything: (0.5, 0.5, 0.1, 0.1), Quadrants: (0.25, 0.25, 0.25, 0.25)}
    clips = [
        Clip(**{"id": f"c{i}", "group": "g", "label": labels[cls], "audio": tmp_path / "a.wav"} | r)
        for i, r in enumerate(rows)
    ]
    with pytest.raises(MerbenchError, match=says):
        check_clips(cls(), clips)


# --- what results will not be able to say ---------------------------------------------------------


@pytest.mark.parametrize(
    ("clips", "says"),
    [
        (8, "noise: systems are tested on 6 clips of 6 groups, which is too few to say which is"),
        (80, ""),
    ],
)
def test_too_few_clips_or_groups_are_one_warning(tmp_path, clips, says):
    bench = TinyBench.make(tmp_path / "many", clips=clips)
    plan = bench.plan(protocol={"monte-carlo": {"folds": 5, "test_fraction": 0.25}})
    (warning,) = plan.warnings or [""]
    assert warning.startswith(says)
    assert bool(warning) == bool(says)


def test_many_clips_of_few_groups_are_too_few_however_often_they_are_read(tmp_path):
    bench = TinyBench.make(tmp_path / "few", clips=80)
    table = bench.folder / "data" / "clips.csv"
    head, *rows = table.read_text().splitlines()
    at = head.split(",").index("group")
    for i, row in enumerate(rows):
        cells = row.split(",")
        cells[at] = f"artist {i % 4}"
        rows[i] = ",".join(cells)
    table.write_text("\n".join([head, *rows]) + "\n")
    datasets = [{"noise": {"root": "data", "task": ["va", "quadrant"]}}]
    (warning,) = bench.plan(datasets=datasets, models=["average"]).warnings[:1]
    assert re.search(r"tested on \d\d clips of [34] groups, which is too few", warning)
    assert len(bench.plan(datasets=datasets).warnings) == 1


def test_baselines_alone_are_said_to_be_alone(bench):
    bench.write_plugin(
        "dull",
        """
from merbench import Model, Task, hookimpl

class Dull(Model):
    "Never listens."
    name = "dull"
    inputs = ()
    tasks = frozenset(Task)
    baseline = True

    def estimator(self, *, task, seed, device):
        return None

@hookimpl
def merbench_models():
    yield Dull
""",
    )
    plan = bench.plan(features=["frames"], models=["linear"], baselines=True)
    assert [cell.names["model"] for cell in plan.cells] == ["dull"]
    assert "no system makes a cell: baselines alone are scored" in plan.warnings
    plan = bench.plan(features=["levels"], models=["linear"], baselines=True)
    assert len(plan.warnings) == 1


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


# --- estimates -----------------------------------------------------------------------------------


def test_the_estimate_is_what_plugins_declare_until_something_was_measured(bench):
    bench.write_spec(features=["levels", "frames"], models=["average", "linear"])
    plan = bench.plan()
    expected = estimate(plan, bench.store)
    # halves: 8 x 2 s; levels: 8 x 1 stem and 8 x 2 stems of 3 s; average 3 x 5 s, linear 6 x 7 s.
    assert expected.seconds == 8 * 2 + (8 + 16) * 3 + 3 * 5 + 6 * 7
    assert expected.megabytes == 8 * 1 + (8 + 16) * 0.5 + 3 * 0.25 + 6 * 0.25
    assert expected.unknown == ()
    bench.run()
    assert estimate(bench.plan(), bench.store).seconds == 0
    bench.write_spec(seed=9)
    after = estimate(bench.plan(), bench.store)
    assert 0 < after.seconds < 5
    assert 0 < after.megabytes < 0.1


def test_the_estimate_says_of_what_it_knows_nothing(bench):
    plan = bench.plan(features=["frames"], models=["average"])
    assert estimate(plan, bench.store).unknown == ()
    bench.write_plugin(
        "image",
        """
from merbench import FeatureKind, Model, Task, hookimpl

class Looker(Model):
    "Takes images."
    name = "looker"
    inputs = FeatureKind.IMAGE
    tasks = frozenset({Task.VA})

@hookimpl
def merbench_models():
    yield Looker
""",
    )
    plan = bench.plan(features=["frames"], models=["looker"])
    assert estimate(plan, bench.store).unknown == ("frames", "looker")


# --- seeds ---------------------------------------------------------------------------------------


def test_seeds_come_from_the_cell_and_nothing_else(bench):
    alone = {cell.id: [cell.fold_seed(f) for f in range(FOLDS)] for cell in bench.plan().cells}
    more = bench.plan(
        models=[{"linear": {"penalty": 3.0}}, "linear", "average"],
        separators=["halves", {"halves": {"share": 0.5}}, "plain"],
    )
    together = {cell.id: [cell.fold_seed(f) for f in range(FOLDS)] for cell in more.cells}
    assert alone.items() <= together.items()
    every = [seed for seeds in together.values() for seed in seeds]
    assert len(set(every)) == len(every)
    assert all(0 <= seed < 2**31 for seed in every)
    other = bench.plan(models=["linear", "average"], separators=["halves", "plain"], seed=2)
    assert not {s for c in other.cells for s in map(c.fold_seed, range(FOLDS))} & set(every)
