"""Fitting: labels stay where a model may see them, and predictions are held to the contract."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from stage_plugins import GOOD, fit, recorder

from merbench import Model, Task, machine
from merbench.errors import PluginError
from merbench.steps.fitting import Fit
from merbench.steps.store import Store
from tinybench import TinyBench


def test_a_fit_sees_the_training_rows_and_labels_and_the_test_rows_without(store):
    table = np.arange(8, dtype=np.float32).reshape(4, 2)
    store.put("a" * 64, {"rows": table}, {"kind": "vector"})
    model, seen = recorder(GOOD)
    fit(model, ("a" * 64,)).run(store)
    np.testing.assert_array_equal(seen["train"], table[[3, 0]])
    np.testing.assert_array_equal(seen["test"], table[[1, 2]])
    np.testing.assert_array_equal(seen["labels"], [(0.1, 0.2, 0.3, 0.4), (0.5, 0.6, 0.7, 0.8)])
    assert seen["labels"].dtype == np.float64
    artifact = store.get("e" * 64)
    np.testing.assert_array_equal(artifact.arrays["predictions"], GOOD)
    assert artifact.info["curve"] == [{"loss": 0.5}, {"loss": 0.25}]
    assert artifact.info["peak_memory_mb"] > 1
    assert artifact.info["host"] == machine.host_kind()
    assert artifact.info["seconds"] >= artifact.info["fit_seconds"] >= 0


def test_the_time_of_a_row_is_fitting_and_predicting(store, monkeypatch):
    store.put("a" * 64, {"rows": np.ones((4, 2), np.float32)}, {"kind": "vector"})
    model, _ = recorder(GOOD)
    slow = Store.get

    def get(self, *arguments, **named):
        time.sleep(0.3)
        return slow(self, *arguments, **named)

    monkeypatch.setattr(Store, "get", get)
    work = fit(model, ("a" * 64,))
    work.run(store)
    info = store.info(work.key)
    assert info["seconds"] == info["fit_seconds"] + info["predict_seconds"] < 0.2
    assert info["cpu_seconds"] < 0.2


def test_a_model_with_several_inputs_gets_a_tuple(store):
    store.put("a" * 64, {"rows": np.ones((4, 2), np.float32)}, {"kind": "vector"})
    store.put("b" * 64, {"rows": np.ones((4, 1, 3, 5), np.float32)}, {"kind": "image"})
    model, seen = recorder(GOOD)
    fit(model, ("a" * 64, "b" * 64)).run(store)
    vectors, images = seen["train"]
    assert vectors.shape == (2, 2)
    assert images.shape == (2, 1, 3, 5)


def test_a_model_that_never_looks_at_the_music_gets_only_the_number_of_clips(store):
    model, seen = recorder(GOOD)
    fit(model, ()).run(store)
    assert seen["train"].shape == seen["test"].shape == (2, 0)


BAD = np.full((2, 4), 0.5)


BAD[1, 3] = np.nan


PREDICTIONS: dict[str, tuple[Any, str]] = {
    "NaN": (BAD, r"predicted NaN or infinite values for 1 of 2 clips \(c2\)"),
    "a column too few": (GOOD[:, :3], r"shape \(2, 3\) for 2 clips and 4 columns"),
    "a clip too few": (GOOD[:1], r"shape \(1, 4\) for 2 clips and 4 columns"),
    "a flat row": (GOOD.ravel(), r"shape \(8,\) for 2 clips and 4 columns"),
}


NO_NUMBERS = {
    "complex": (GOOD * (1 + 1j), "the predictions of recorder are complex numbers"),
    "masked": (np.ma.array(GOOD, mask=np.eye(2, 4)), "of recorder are a masked array"),
    "texts": (GOOD.astype(str), "the predictions of recorder are texts"),
    "beyond all scales": (GOOD * 1e99, "recorder predicted 5e\\+98 for clip c., and predictions"),
}


@pytest.mark.parametrize(("predicts", "says"), NO_NUMBERS.values(), ids=NO_NUMBERS.keys())
def test_predictions_that_float64_would_falsify_are_refused(store, predicts, says):
    with pytest.raises(PluginError, match=f"{says}.*; correct the plugin"):
        fit(recorder(predicts)[0], ()).run(store)
    assert not store.has("e" * 64)


@pytest.mark.parametrize(("predicts", "says"), PREDICTIONS.values(), ids=PREDICTIONS.keys())
def test_a_model_that_breaks_its_contract_is_refused(store, predicts, says):
    with pytest.raises(PluginError, match=f"^recorder .*{says}"):
        fit(recorder(predicts)[0], ()).run(store)
    assert not store.has("e" * 64)


def test_no_task_carries_a_label_of_a_clip_it_is_tested_on(bench: TinyBench):
    plan = bench.plan()
    labels = {clip.label: clip.id for clip in plan.datasets[0].clips}
    fits = [work for work in plan.tasks.values() if isinstance(work, Fit)]
    assert len(fits) == 9
    for work in fits:
        assert len(work.labels) == len(work.train) == 6
        assert not {labels[label] for label in work.labels} & set(work.clip_ids)
        assert not set(work.train) & set(work.test)


class Asking(Model):
    """Notes what it is told of its training rows, and leaves trials."""

    name = "asking"
    inputs = ()
    tasks = frozenset({Task.VA})
    told: ClassVar[dict[str, Any]] = {}

    def estimator(self, *, task, seed, device):
        return self

    def fit(self, X, Y, copy_of, groups):
        Asking.told = {"groups": groups, "copy_of": copy_of}

    def predict(self, X):
        return GOOD

    @property
    def trials_(self):
        first = {"C": np.float64(0.5), "layers": (64, np.int64(32)), "where": Path("a/b")}
        second = {"parameters": {"C": None}, "score": float("nan"), "state": "failed"}
        return [{"parameters": first, "score": np.float32(0.25), "chosen": np.True_}, second]


def test_a_fit_tells_of_its_training_rows_what_is_asked_for(store):
    fit(Asking(), ()).run(store)
    np.testing.assert_array_equal(Asking.told["groups"], ["Abba", "Abba"])
    np.testing.assert_array_equal(Asking.told["copy_of"], [0, 0])
    assert Asking.told["copy_of"].dtype == np.intp


def test_the_candidates_that_a_model_tried_are_kept_as_json(store):
    fit(Asking(), ()).run(store)
    first = {"C": 0.5, "layers": [64, 32], "where": str(Path("a/b"))}
    assert store.get("e" * 64).info["trials"] == [
        {"parameters": first, "score": 0.25, "chosen": True},
        {"parameters": {"C": None}, "score": None, "state": "failed"},
    ]
