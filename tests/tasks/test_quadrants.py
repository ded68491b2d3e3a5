"""The task `quadrant` through the whole framework, and valence and arousal read as quadrants."""

from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from merbench import Task
from merbench.cli import app
from merbench.errors import MerbenchError
from merbench.tasks.quadrants import one_hot, quadrant
from merbench.verification import run_check
from tinybench import TinyBench

CLASSIFIER = """
import sys
from merbench import FeatureKind, Model, Task, hookimpl
from merbench.tasks.quadrants import one_hot, quadrant

class Nearest(Model):
    "Label of the nearest training clip, softened."
    name = "nearest"
    inputs = FeatureKind.VECTOR
    tasks = frozenset({Task.QUADRANT})

    def estimator(self, *, task, seed, device):
        return self

    def fit(self, X, Y):
        object.__setattr__(self, "_seen", (X, Y))

    def predict(self, X):
        import numpy as np
        seen, labels = self._seen
        nearest = np.abs(X[:, None] - seen[None]).sum(axis=2).argmin(axis=1)
        return 0.8 * labels[nearest] + 0.05

tiny = [m for n, m in sys.modules.items() if n.startswith("merbench_plugin_tiny_")]
Noise = next(m.Noise for m in tiny if hasattr(m, "Noise"))

class Named(Noise):
    "Clips whose quadrants people named, the first by votes."
    name = "named"
    task = Task.QUADRANT
    def clips(self, root):
        import dataclasses
        labels = [one_hot(f"Q{1 + i % 4}") for i in range(20)]
        labels[0] = (0.5, 0.3, 0.2, 0.0)
        return [
            dataclasses.replace(clip, label=label)
            for clip, label in zip(VA(self, root), labels)
        ]

def VA(self, root):
    copy = Noise()
    return copy.clips(root)

@hookimpl
def merbench_models():
    yield Nearest

@hookimpl
def merbench_datasets():
    yield Named
"""


@pytest.fixture
def quads(bench: TinyBench) -> TinyBench:
    bench.write_plugin("zclassifier", CLASSIFIER)
    return bench


def read_as(task, name="noise"):
    return [{name: {"root": "data", "task": task}}]


SPEC = {"separators": ["plain"], "models": ["nearest", "average", "linear"]}


# --- quadrants -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("valence", "arousal", "name"),
    [(0.9, 0.9, "Q1"), (0.1, 0.9, "Q2"), (0.1, 0.1, "Q3"), (0.9, 0.1, "Q4"), (0.5, 0.5, "Q1"),
     (0.5, 0.49, "Q4"), (0.49, 0.5, "Q2")],
)  # fmt: skip
def test_quadrants_are_numbered_as_russells(valence, arousal, name):
    assert quadrant(valence, arousal) == name
    label = one_hot(name)
    assert dict(zip(Task.QUADRANT.columns, label, strict=True))[name] == sum(label) == 1


# --- a dataset of quadrants ----------------------------------------------------------------------


def test_a_run_of_quadrants_holds_what_hand_calculation_gives(quads):
    run = quads.run(datasets=[{"named": {"root": "data"}}], **SPEC)
    assert run.failed == []
    assert set(run.leaderboard["model"]) == {"nearest", "average"}
    for name, rows in run.predictions.groupby("model"):
        truth = rows[[f"truth_Q{i}" for i in range(1, 5)]].to_numpy()
        predicted = rows[[f"predicted_Q{i}" for i in range(1, 5)]].to_numpy()
        assert np.allclose(predicted.sum(axis=1), 1)
        row = run.leaderboard.set_index("model").loc[name]
        hits = truth.argmax(axis=1) == predicted.argmax(axis=1)
        assert row["accuracy"] == pytest.approx(hits.mean())
        counts = [[row[f"confusion_Q{i}_Q{j}"] for j in range(1, 5)] for i in range(1, 5)]
        expected = np.zeros((4, 4))
        np.add.at(expected, (truth.argmax(axis=1), predicted.argmax(axis=1)), 1)
        assert np.array_equal(counts, expected)  # summed over folds
        known = truth.max(axis=1) == 1
        q = np.maximum(predicted[known], 1e-6)
        q /= q.sum(axis=1, keepdims=True)
        assert rows["kl"][known].to_numpy() == pytest.approx(-np.log(q[truth[known] == 1]))


@pytest.mark.usefixtures("without_workers")
def test_such_a_run_verifies_and_its_table_shows_the_tasks_metrics(quads, monkeypatch):
    quads.write_spec(datasets=[{"named": {"root": "data"}}], **SPEC)
    monkeypatch.setenv("MERBENCH_HOME", str(quads.home))
    out = quads.folder / "out"
    done = CliRunner().invoke(app, ["run", str(quads.spec), "-j", "1", "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert "macro F1" in done.output
    assert "R²" not in done.output
    assert run_check.verify_run(out) == []
    assert json.loads((out / "manifest.json").read_text())["datasets"][0]["task"] == "quadrant"


def test_a_run_without_predictions_has_the_tasks_columns(quads):
    broken = CLASSIFIER.replace("return 0.8 * labels[nearest] + 0.05", "raise ValueError('no')")
    quads.write_plugin("zclassifier", broken)
    run = quads.run(datasets=[{"named": {"root": "data"}}], separators=["plain"],
                    models=["nearest"])  # fmt: skip
    assert len(run.failed) == 1
    assert "truth_Q4" in run.predictions.columns
    assert "truth_valence_mean" not in run.predictions.columns


# --- valence and arousal read as quadrants -------------------------------------------------------


def test_means_become_the_quadrant_they_lie_in(quads):
    plan = quads.plan(datasets=read_as("quadrant"), **SPEC)
    (data,) = plan.datasets
    va = quads.plan(datasets=read_as("va"), separators=["plain"]).datasets[0]
    assert va.task is Task.VA
    for clip, source in zip(data.clips, va.clips, strict=True):
        assert clip.label == one_hot(quadrant(*source.label[:2]))
    assert data.provenance == "quadrant of mean valence and arousal, cut at 0.5 (8 clips)"
    assert va.provenance == ""
    assert data.settings == {"task": "quadrant"}
    assert data.data_hash != va.data_hash
    assert data.split_hash == va.split_hash


def test_both_readings_of_one_dataset_stand_in_one_run_and_in_two_tables(quads):
    quads.write_spec(datasets=read_as(["va", "quadrant"]), **SPEC, compare=[{"across": "model"}])
    run = quads.run()
    assert run.failed == []
    tables = run.leaderboard.groupby("data_hash")["task"].agg(set).tolist()
    assert sorted(map(tuple, tables)) == [("quadrant",), ("va",)]
    assert set(run.leaderboard.loc[run.leaderboard["task"] == "va", "model"]) == {
        "linear", "average",
    }  # fmt: skip
    stated = run.leaderboard.set_index("task")["dataset_parameters"]
    assert set(stated["quadrant"]) == {'{"task": "quadrant"}'}
    assert set(stated["va"]) == {""}
    models = run.leaderboard.set_index("cell")["data_hash"]
    for row in run.comparisons.to_dict("records"):
        assert models[row["cell_a"]] == models[row["cell_b"]]


def test_reading_what_it_is_changes_nothing(quads):
    spelled = quads.plan(datasets=read_as("va"), separators=["plain"])
    plain = quads.plan(datasets=[{"noise": {"root": "data"}}], separators=["plain"])
    assert [c.id for c in spelled.cells] == [c.id for c in plain.cells]
    same = quads.plan(datasets=read_as("quadrant", "named"), separators=["plain"])
    assert same.datasets[0].settings == {}


@pytest.mark.parametrize(
    ("name", "task", "says"),
    [
        ("noise", "valence", r"tiny.yaml:\d+: task must be va or quadrant, not 'valence'"),
        ("noise", 3, "task must be va or quadrant, not 3"),
        ("named", "va", "named has labels of the task quadrant, from which valence and arousal"),
        ("noise", ["quadrant", "quadrant"], "names the same component"),
    ],
)
def test_a_wrong_reading_is_named_with_its_line(quads, name, task, says):
    with pytest.raises(MerbenchError, match=says):
        quads.plan(datasets=read_as(task, name), separators=["plain"])
