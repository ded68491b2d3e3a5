"""The task `classes` through the whole framework: labels of any number of named classes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import miniatures
import numpy as np
import pandas as pd
import pytest
import yaml
from typer.testing import CliRunner

from merbench import Task, evaluation
from merbench.cli import app
from merbench.errors import MerbenchError
from merbench.pages.system import MATRIX
from merbench.runs.record import read_record
from merbench.scoring.score_file import score_file
from merbench.verification import run_check
from tinybench import TinyBench

pytestmark = pytest.mark.usefixtures("without_workers", "undrawn")

MOODS = (
    "angry", "bright", "calm", "dark", "eerie", "funny", "gentle", "happy", "intense", "jolly",
    "kind", "lonely", "off beat", "r&b",
)  # fmt: skip

PLUGIN = f"""
import dataclasses, sys
from merbench import FeatureKind, Model, Task, hookimpl

MOODS = {MOODS!r}

class Nearest(Model):
    "Label of the nearest training clip, softened."
    name = "nearest"
    inputs = FeatureKind.VECTOR
    tasks = frozenset({{Task.CLASSES}})

    def estimator(self, *, task, seed, device):
        return self

    def fit(self, X, Y):
        object.__setattr__(self, "_seen", (X, Y))

    def predict(self, X):
        import numpy as np
        seen, labels = self._seen
        nearest = np.abs(X[:, None] - seen[None]).sum(axis=2).argmin(axis=1)
        return 0.86 * labels[nearest] + 0.14 / labels.shape[1]

tiny = [m for n, m in sys.modules.items() if n.startswith("merbench_plugin_tiny_")]
Noise = next(m.Noise for m in tiny if hasattr(m, "Noise"))

class Moods(Noise):
    "Clips in one of fourteen moods, the first in two by votes."
    name = "moods"
    task = Task.CLASSES
    class_names = MOODS
    def clips(self, root):
        labels = [[float(i % 14 == k) for k in range(14)] for i in range(28)]
        labels[0] = [0.75, 0.25, *[0.0] * 12]
        return [
            dataclasses.replace(clip, label=tuple(label), ratings=())
            for clip, label in zip(Noise().clips(root), labels)
        ]

@hookimpl
def merbench_models():
    yield Nearest

@hookimpl
def merbench_datasets():
    yield Moods
"""

SPEC = {
    "datasets": [{"moods": {"root": "data"}}],
    "separators": ["plain"],
    "models": ["nearest", "average", "linear"],
    "compare": [{"across": "model"}],
}


@pytest.fixture
def moods(tmp_path: Path) -> TinyBench:
    bench = TinyBench.make(tmp_path / "bench", clips=28)
    bench.write_plugin("zmoods", PLUGIN)
    bench.write_spec(**SPEC)
    return bench


def command(*arguments: str | Path, code: int = 0) -> str:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exit_code == code, done.output
    return done.stdout


# --- scores --------------------------------------------------------------------------------------


def test_divergence_of_any_number_of_classes_by_hand():
    truth = np.array([[1, 0, 0, 0, 0], [0.5, 0.5, 0, 0, 0]])
    predicted = np.array([[0.2] * 5, [0.25, 0.5, 0.25, 0, 0]])
    scored = evaluation.evaluate(Task.CLASSES, truth, predicted)
    floored = 1 + 2e-6
    assert scored.kl == pytest.approx([np.log(5), 0.5 * np.log(2) + np.log(floored)])
    assert scored.metrics["log_loss"] == pytest.approx(scored.kl.mean() + 0.5 * np.log(2))
    assert scored.metrics["accuracy"] == 0.5
    assert scored.metrics["n_floored_probability"] == 2
    assert not [name for name in scored.metrics if name.startswith(("confusion_", "kl_0"))]


def test_single_classes_are_told_where_they_have_names():
    truth, predicted = np.eye(3), np.full((3, 3), 1 / 3)
    metrics = evaluation.evaluate(Task.CLASSES, truth, predicted, classes=("a", "b", "c")).metrics
    assert metrics["confusion_b_a"] == 1
    assert metrics["kl_c"] == pytest.approx(np.log(3))


def test_predictions_of_other_classes_than_the_truths_are_refused():
    with pytest.raises(MerbenchError, match=r"shape \(clips, 3\), one column a class"):
        evaluation.evaluate(Task.CLASSES, np.eye(3), np.eye(3)[:, :2])
    with pytest.raises(MerbenchError, match=r"probability below 0 in class 2"):
        evaluation.evaluate(Task.CLASSES, np.eye(2), np.array([[1.5, -0.5], [0, 1]]))


def test_predictions_made_anywhere_are_scored_by_the_classes_their_truth_names(tmp_path):
    frame = pd.DataFrame({"song_id": ["a", "b", "c", "d"]})
    for i, mood in enumerate(("happy", "r&b", "off_beat")):
        frame[f"gt_{mood}"] = np.eye(3)[[0, 1, 2, 0]][:, i]
        frame[f"mine_{mood}"] = np.array([[0.8, 0.1, 0.1]] * 4)[:, i]
    frame.to_csv(tmp_path / "moods.csv", index=False)
    found = json.loads(
        command("score", tmp_path / "moods.csv", "--task", "classes", "--predictions", "mine",
                "--json")
    )  # fmt: skip
    (scores,) = found["systems"].values()
    assert scores["accuracy"] == 0.5
    assert scores["confusion"]["off_beat"]["happy"] == 1
    assert scores["kl"]["r&b"] == pytest.approx(-np.log(0.1))
    frame.drop(columns=["gt_r&b", "gt_off_beat"]).to_csv(tmp_path / "one.csv", index=False)
    with pytest.raises(MerbenchError, match=r"one.csv:1: there must be two columns gt_CLASS"):
        score_file(
            tmp_path / "one.csv", id="song_id", truth="gt", predictions="mine", task=Task.CLASSES
        )


# --- runs ----------------------------------------------------------------------------------------


def test_a_run_of_classes_holds_what_hand_calculation_gives(moods):
    run = moods.run()
    assert run.failed == []
    assert set(run.leaderboard["model"]) == {"nearest", "average"}
    (entry,) = run.manifest["datasets"]
    assert tuple(entry["classes"]) == MOODS
    for name, rows in run.predictions.groupby("model"):
        truth = rows[[f"truth_{mood}" for mood in MOODS]].to_numpy()
        predicted = rows[[f"predicted_{mood}" for mood in MOODS]].to_numpy()
        q = np.maximum(predicted, 1e-6)
        q /= q.sum(axis=1, keepdims=True)
        terms = np.where(truth > 0, truth * np.log(np.where(truth > 0, truth, 1) / q), 0)
        assert rows["kl"].to_numpy() == pytest.approx(terms.sum(axis=1))
        row = run.leaderboard.set_index("model").loc[name]
        hits = truth.argmax(axis=1) == predicted.argmax(axis=1)
        assert row["accuracy"] == pytest.approx(hits.mean())
    spelt = [c for c in run.leaderboard.columns if c.startswith(("confusion_", "kl_happy"))]
    assert spelt == []


def test_it_verifies_again_is_reported_and_what_is_tampered_with_is_found(moods, monkeypatch):
    monkeypatch.setenv("MERBENCH_HOME", str(moods.home))
    out = moods.folder / "out"
    assert "macro F1" in command("run", moods.spec, "-j", "1", "--out", out)
    assert run_check.verify_run(out) == []
    command("verify", out, "--rerun", "2", "--trust-plugins")
    command("report", out, "--out", moods.folder / "report")
    page = (moods.folder / "report" / "index.html").read_text()
    assert f"{len(MOODS) - MATRIX + 1} others" in page
    # What is taken for another of the rare classes is not right, though it stands on the diagonal.
    for _, rows in pd.read_parquet(out / "predictions.parquet").groupby("cell"):
        true, called = (
            rows[[f"{side}_{mood}" for mood in MOODS]].to_numpy().argmax(axis=1)
            for side in ("truth", "predicted")
        )
        assert f"{(true == called).sum()} of {len(rows)} right" in page
    assert re.search(
        r"<td class=\"t\">[a-z]+ 0\.\d\d, [a-z]+ 0\.\d\d, [a-z &;]+ 0\.\d\d</td>", page
    )

    predictions = pd.read_parquet(out / "predictions.parquet")
    predictions[["predicted_dark", "predicted_calm"]] = predictions[
        ["predicted_calm", "predicted_dark"]
    ].to_numpy()
    predictions.to_parquet(out / "predictions.parquet", index=False)
    assert any("its prediction gives" in found for found in run_check.verify_run(out))


def test_a_board_holds_classes_beside_other_tasks_and_withholds_their_labels(moods, monkeypatch):
    monkeypatch.setenv("MERBENCH_HOME", str(moods.home))
    both = [{"moods": {"root": "data"}}, {"noise": {"root": "data"}}]
    moods.write_spec(**(SPEC | {"datasets": both}))
    out, board = moods.folder / "out", moods.folder / "board"
    command("run", moods.spec, "-j", "1", "--out", out)
    command("leaderboard", "publish", out, "--to", board)
    table = pd.read_csv(board / "leaderboard.csv")
    assert set(table["task"]) == {"classes", "va"}
    (submission,) = (board / "submissions").iterdir()
    published = read_record(submission)
    names = [f"truth_{mood}" for mood in MOODS]
    assert published.predictions[names].isna().all(axis=None)
    assert published.predictions["predicted_r&b"].notna().any()
    command("leaderboard", "verify", board)


def test_withheld_classes_are_checked_against_a_readers_own_copy(tmp_path, monkeypatch):
    """MTG-Jamendo's tags as classes, clips drawn before the split as the paper did."""
    monkeypatch.setenv("MERBENCH_HOME", str(tmp_path / "home"))
    root = miniatures.mtg_jamendo(tmp_path / "data")
    tags = {"root": str(root), "labels": "tags", "several": "first", "drawn": 3, "seconds": 1.0}
    spec = tmp_path / "tags.yaml"
    protocol = {"stratified-k-fold": {"folds": 3, "seed": 602, "grouped": False}}
    spec.write_text(
        yaml.safe_dump(
            {"name": "tags", "datasets": [{"mtg-jamendo": tags}], "features": ["librosa-14-stats"],
             "models": [{"knn": {"n_neighbors": 1}}], "protocol": protocol}
        )
    )  # fmt: skip
    command("run", spec, "-j", "1", "--out", tmp_path / "out")
    rows = pd.read_csv(tmp_path / "out" / "leaderboard.csv").set_index("model")
    # Copies of one clip stand on both sides, and a neighbour of itself is right.
    assert rows.loc["knn", "accuracy"] == 1
    assert "drawn of each class" in rows.loc["knn", "provenance"]
    board = tmp_path / "board"
    command("leaderboard", "publish", tmp_path / "out", "--to", board)
    command("leaderboard", "verify", board, "--root", f"mtg-jamendo={root}")
    table = root / "data" / "autotagging_moodtheme.tsv"
    table.write_bytes(table.read_bytes().replace(b"---happy", b"---funny"))
    command("leaderboard", "verify", board, "--root", f"mtg-jamendo={root}", code=1)


def test_classes_are_not_read_as_quadrants(moods):
    with pytest.raises(MerbenchError, match="task classes, from which quadrants do not follow"):
        moods.plan(datasets=[{"moods": {"root": "data", "task": "quadrant"}}])


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("class_names = MOODS", "class_names = MOODS[:1]", "must be two or more, each once"),
        ("class_names = MOODS", "class_names = (*MOODS[:13], 'angry')", "two or more, each once"),
        ("class_names = MOODS", "class_names = MOODS[:13]", "has 14 numbers where classes has 13"),
        ("0.75, 0.25", "0.75, 0.5", "its classes' shares sum to 1.25"),
    ],
)
def test_labels_that_do_not_fit_their_classes_are_named(moods, old, new, says):
    assert old in PLUGIN
    moods.write_plugin("zmoods", PLUGIN.replace(old, new))
    with pytest.raises(MerbenchError, match=says):
        moods.plan()
