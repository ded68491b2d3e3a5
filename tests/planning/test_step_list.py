"""The steps that are left to do, and what an edit invalidates."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from plan_names import FOLDS

from merbench.cli import app
from merbench.steps.assembling import JoinTables
from merbench.steps.fitting import Fit
from tinybench import TinyBench


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


def test_tables_are_joined_once_and_only_where_they_are_needed(bench):
    pair = [["levels", {"levels": {"n": 5}}]]
    changes = {"separators": ["plain"], "models": ["linear"]}
    plan = bench.plan(features=pair, **changes)
    assert plan.to_do() == {"extract": 16, "assemble": 3, "fit": FOLDS}
    (join,) = (work for work in plan.tasks.values() if isinstance(work, JoinTables))
    assert all(work.tables == (join.key,) for work in plan.tasks.values() if isinstance(work, Fit))
    run = bench.run(features=pair, **changes)
    assert run.failed == []
    # What is joined is what a single feature was extracted for, and needs none of it again.
    assert bench.plan(features=["levels"], **changes).to_do() == {"fit": FOLDS}
    other = bench.plan(features=pair, **(changes | {"models": [{"linear": {"penalty": 3}}]}))
    assert other.to_do() == {"fit": FOLDS}


def test_only_what_a_cell_needs_is_done(bench):
    assert bench.plan("model=average").to_do() == {"fit": FOLDS}
    assert bench.plan("separator=plain").to_do() == {"extract": 8, "assemble": 1, "fit": FOLDS}


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


WRAPPED = '''
from merbench import FeatureKind, Model, ModelParameter, Task, hookimpl

class Needy(Model):
    """Needs what nobody has."""
    name = "needy"
    inputs = FeatureKind.VECTOR
    tasks = frozenset({Task.VA})
    requires = ("no-such-distribution",)

class Around(Model):
    """A model around a model."""
    name = "around"
    inputs = FeatureKind.VECTOR
    tasks = frozenset({Task.VA})
    model: ModelParameter

@hookimpl
def merbench_models():
    return [Needy, Around]
'''


def test_a_model_that_wraps_one_that_cannot_work_here_cannot_either(bench):
    bench.write_plugin("wrapped", WRAPPED)
    plan = bench.plan(
        separators=["plain"],
        models=["needy", {"around": {"model": "needy"}}, {"around": {"model": "linear"}}],
    )
    needy, around, sound = plan.cells
    assert "no-such-distribution" in plan.unready[needy.id]
    assert plan.unready[around.id] == plan.unready[needy.id]
    assert sound.id not in plan.unready
