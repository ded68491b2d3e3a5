"""Every compatible combination is a cell, and the others are listed with the reason."""

from __future__ import annotations

import shutil

from plan_names import FOLDS, names

from merbench import Task
from merbench.benchmark.names import NONE
from merbench.planning.plan import Plan
from merbench.plugins.registry import Entry, Origin


def reasons(plan: Plan) -> dict[tuple[str, ...], str]:
    return {tuple(skip.names.values())[2:]: skip.reason for skip in plan.skipped}


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


def test_what_is_included_alone_is_made_and_baselines_beside_it(bench):
    registry = bench.registry()

    class Guess(registry.get("model", "average").cls):
        """A baseline."""

        name = "guess"
        baseline = True

    registry.entries["model", Guess.name] = Entry("model", Guess, Origin("", "", "here"))
    chosen = [{"separator": "halves", "model": "linear"}]
    plan = bench.plan(registry=registry, include=chosen, baselines=True)
    assert names(plan) == [("halves", "levels", "linear"), (NONE, NONE, "guess")]
    assert reasons(plan) == {
        ("plain", "levels", "linear"): "not among what the benchmark file includes",
        (NONE, NONE, "average"): "not among what the benchmark file includes",
    }


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


def test_vectors_of_several_features_are_one_for_a_model_of_one(bench):
    five = {"levels": {"n": 5}}
    plan = bench.plan(
        separators=["plain"], features=[["levels", five], ["levels", "frames"]], models=["linear"]
    )
    (cell,) = plan.cells
    assert cell.names["features"] == "levels + levels"
    assert cell.full_names["features"] == "levels + levels (n=5)"
    assert cell.settings == {"features": {"levels 2": {"n": 5}}}
    assert cell.kinds == cell.model.input_kinds
    assert cell.joins_features
    assert cell.of_originals == (False, False)
    assert reasons(plan) == {
        ("plain", "levels + frames", "linear"): (
            "linear takes vector, levels + frames gives vector + image"
        )
    }
    (alone,) = bench.plan(separators=["plain"], features=["levels"], models=["linear"]).cells
    assert not alone.joins_features
