"""Clips laid out by t-SNE: from the store, by the keys of the manifest, the same each time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from merbench.leaderboard import embedding
from merbench.leaderboard.embedding import _principal_components, layouts, tsne
from merbench.leaderboard.results import Results
from merbench.pages import report
from merbench.pages.figure_sections import clips_section
from merbench.pages.view import View
from merbench.runs import row_columns
from merbench.steps.store import Store
from tinybench import TinyBench

CLASSES = ("Q1", "Q2", "Q3", "Q4")
CLIPS = 60
IDS = [f"c{i:02}" for i in range(CLIPS)]
TRUTH = np.arange(CLIPS) % 4
KEY = "ab" * 32


def clusters(d: int = 20) -> Any:
    """Vectors of four classes that lie far apart, in the order of `IDS`."""
    rng = np.random.default_rng(0)
    return (8 * rng.standard_normal((4, d))[TRUTH] + rng.standard_normal((CLIPS, d))).astype("f4")


def row(**changes: Any) -> dict[str, Any]:
    return {
        "dataset": "songs", "task": "quadrant", "augmentation": "none", "separator": "mixed",
        "features": "f", "model": "m", "parameters": None, "role": "system", "status": "ok",
        "table": "t", "cell": "a", "kl_mean": 1.0,
    } | changes  # fmt: skip


def content(rows: list[dict[str, Any]], keys: dict[str, list[str]]) -> Results:
    """A run that tested its clips in another order than its dataset has them."""
    tested = np.random.default_rng(1).permutation(CLIPS)
    parts = []
    for made in rows:
        table = pd.DataFrame(
            {"cell": made["cell"], "fold": 0, "clip": [IDS[i] for i in tested], "group": "g",
             "kl": 1.0}
        )  # fmt: skip
        table[row_columns.truth_columns(CLASSES)] = np.eye(4)[TRUTH[tested]]
        table[row_columns.predicted_columns(CLASSES)] = 0.25
        parts.append(table)
    manifest = {
        "cells": [{"id": r["cell"], "data_hash": "d", "tables": keys.get(r["cell"], [])}
                  for r in rows],
        "datasets": [{"data_hash": "d", "task": r["task"], "clips": {"id": IDS}} for r in rows],
    }  # fmt: skip
    return Results("c", rows, [], pd.DataFrame(), pd.concat(parts), manifest=manifest)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path / "store")
    made.prepare()
    made.put(KEY, {"rows": clusters()}, {"kind": "vector"})
    return made


def test_classes_that_lie_apart_are_seen_to(store: Store):
    (one,) = layouts(content([row()], {"a": [KEY]}), store)
    assert one.points.shape == (CLIPS, 2)
    np.testing.assert_array_equal(one.classes, TRUTH)  # in the table's order
    assert one.names == CLASSES
    assert one.alike == 1
    assert one.chance == pytest.approx(14 / 59)
    again = layouts(content([row()], {"a": [KEY]}), store)[0]
    np.testing.assert_array_equal(one.points, again.points)
    html = str(clips_section(View(content([row()], {}), layouts=[one])))
    assert "of a clip&#39;s own class for 100 % of the clips, where 24 % would be" in html
    assert "60 clips laid out by their features, by t-SNE" in html
    assert all(f"{name} (15)" in html for name in CLASSES)


def test_what_has_no_class_shows_none(store: Store):
    store.put(
        "cd" * 32,
        {"rows": np.random.default_rng(0).standard_normal((CLIPS, 5))},
        {"kind": "vector"},
    )
    (one,) = layouts(content([row()], {"a": ["cd" * 32]}), store)
    assert abs(one.alike - one.chance) < 0.15


def test_of_sequences_mean_and_deviation_over_time_are_taken(store: Store):
    lengths = 3 + np.arange(CLIPS) % 5
    steps = np.repeat(clusters(6), lengths, axis=0)
    arrays = {"rows": steps, "lengths": lengths.astype(np.int64)}
    store.put("ef" * 32, arrays, {"kind": "sequence"})
    (one,) = layouts(content([row()], {"a": ["ef" * 32]}), store)
    assert one.alike == 1
    images = np.repeat(clusters(6)[:, None, :, None], 9, axis=3)
    store.put("fe" * 32, {"rows": images}, {"kind": "image"})
    (one,) = layouts(content([row()], {"a": ["fe" * 32]}), store)
    assert one.alike == 1


def test_one_view_a_table_of_features_and_none_of_what_is_gone_or_not_the_clips(store: Store):
    rows = [row(), row(cell="b", model="n"), row(cell="c", table="other")]
    keys = {cell: [KEY] for cell in "abc"}
    assert len(layouts(content(rows, keys), store)) == 2  # a table of the board has its own
    assert layouts(content([row()], {"a": ["12" * 32]}), store) == []  # pruned
    assert layouts(content([row()], {}), store) == []  # a run of an earlier release
    assert layouts(content([row(task="va")], {"a": [KEY]}), store) == []
    assert layouts(content([row(augmentation="noise")], {"a": [KEY]}), store) == []
    assert layouts(content([row()], {"a": [KEY, KEY]}), store) == []
    store.put("34" * 32, {"rows": clusters()[:-1]}, {"kind": "vector"})  # of other clips
    assert layouts(content([row()], {"a": ["34" * 32]}), store) == []


def test_of_many_clips_some_are_drawn_and_that_is_said(
    store: Store, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(embedding, "CLIPS", 25)
    made = content([row()], {"a": [KEY]})
    (one,) = layouts(made, store)
    assert one.points.shape == (25, 2)
    assert one.n_clips == CLIPS
    html = str(clips_section(View(made, layouts=[one])))
    assert "25 of 60 tested clips, drawn at random." in html
    monkeypatch.setattr(embedding, "VIEWS", 1)
    rows = [row(), row(cell="c", table="other")]
    assert len(layouts(content(rows, {cell: [KEY] for cell in "ac"}), store)) == 1


def test_components_are_those_of_standardised_features(monkeypatch: pytest.MonkeyPatch):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((30, 70)) * np.logspace(-3, 3, 70) + 5
    X[:, 3] = 2.0  # tells nothing
    monkeypatch.setattr(embedding, "_BLOCK", 16)
    found = _principal_components(X)
    expected = PCA(29).fit_transform(StandardScaler().fit_transform(X))
    np.testing.assert_allclose(np.abs(found[:, :29]), np.abs(expected), atol=1e-6)


SURE = """
from merbench import FeatureKind, Model, Task, hookimpl

class Sure(Model):
    "Always the same quadrant."
    name = "sure"
    inputs = FeatureKind.VECTOR
    tasks = frozenset({Task.QUADRANT})

    def estimator(self, *, task, seed, device):
        return self

    def fit(self, X, Y):
        return self

    def predict(self, X):
        return [[0.7, 0.1, 0.1, 0.1]] * len(X)

@hookimpl
def merbench_models():
    yield Sure
"""


def test_a_run_s_report_has_them_as_long_as_the_store_has_the_features(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    bench = TinyBench.make(tmp_path / "bench", clips=20)
    monkeypatch.setenv("TINY_TRACE", str(bench.trace))
    bench.write_plugin("zsure", SURE)
    run = bench.run(
        datasets=[{"noise": {"root": "data", "task": "quadrant"}}],
        models=["sure"],
        protocol={"stratified-k-fold": {"folds": 2, "grouped": False}},
    )
    for cell in run.manifest["cells"]:
        (key,) = cell["tables"]
        assert bench.store.has(key)
    (page,) = report.write_report(run, tmp_path / "with", store=bench.store)
    text = page.read_text()
    assert text.count("20 clips laid out by their features, by t-SNE") == 2  # of both separators
    assert "noise, levels, by t-SNE." in text or "noise, plain x levels, by t-SNE." in text
    assert "ROC curves of" in text
    (again,) = report.write_report(run, tmp_path / "again", store=bench.store)
    assert again.read_bytes() == page.read_bytes()
    (without,) = report.write_report(run, tmp_path / "without", store=Store(tmp_path / "empty"))
    assert "t-SNE" not in without.read_text()


@pytest.mark.parametrize("shape", [(8, 1), (9, 3), (40, 2)])
def test_few_clips_and_few_features_have_a_layout_too(shape: tuple[int, int]):
    points = tsne(np.random.default_rng(0).standard_normal(shape))
    assert points.shape == (shape[0], 2)
    assert np.isfinite(points).all()
    assert np.isfinite(tsne(np.zeros(shape))).all()
