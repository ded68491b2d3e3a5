"""Who touches global random state: a plugin's own lines, or a library for them."""

from __future__ import annotations

import inspect
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checked_plugins import (
    HoldsAForest,
    HoldsSupport,
    Linear,
    Ridge,
    SeedsNumpysChance,
    Support,
    UsesNumpysChance,
    UsesPythonsChance,
    UsesTorchsChance,
    failed,
)
from sklearn.base import BaseEstimator

from merbench import FeatureKind, Model, Task
from merbench.testing import chance

HERE = (__file__,)


def by_a_function_of_its_own() -> None:
    unrelated = 1
    draws()
    assert unrelated


def draws() -> None:
    random.shuffle([1, 2])


def by_a_method_that_was_kept() -> None:
    kept = np.random.mtrand._rand  # type: ignore[attr-defined]
    kept.normal()


def seeds_torch() -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(4)


@pytest.mark.parametrize(
    ("work", "generator", "line"),
    [
        (by_a_function_of_its_own, "random", "random.shuffle([1, 2])"),
        (by_a_method_that_was_kept, "numpy", "kept.normal()"),
        (seeds_torch, "torch", "torch.manual_seed(4)"),
    ],
)
def test_the_line_and_the_generator_are_named(
    work: Callable[[], None], generator: str, line: str
) -> None:
    with chance.preserved():
        touch = chance.touched_by(work, HERE)
    assert touch is not None
    assert touch.generator == generator
    assert Path(__file__).read_text().splitlines()[touch.line - 1].strip() == line
    assert str(touch) == f"of {generator} at {__file__}:{touch.line} (`{line}`)"


def test_what_is_put_back_is_no_touch() -> None:
    torch = pytest.importorskip("torch")

    def by_hand() -> None:
        state = random.getstate()
        random.seed(3)
        random.random()
        random.setstate(state)

    def by_torch() -> None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(3)
            torch.rand(2)

    def not_all_of_it() -> None:
        by_torch()
        torch.rand(3)

    with chance.preserved():
        assert chance.touched_by(by_hand, HERE) is None
        assert chance.touched_by(by_torch, HERE) is None
        touch = chance.touched_by(not_all_of_it, HERE)
    assert touch is not None
    assert "torch.rand(3)" in str(touch)


def test_a_library_that_a_line_calls_is_nobodys_fault() -> None:
    from sklearn.svm import SVR

    def work() -> None:
        SVR().fit([[0.0], [1.0]], [0.0, 1.0])
        assert sys.version

    with chance.preserved():
        before = chance.states()["numpy"]
        assert chance.touched_by(work, HERE) is None
        assert chance.states()["numpy"] != before


def test_what_runs_under_another_tracer_goes_on_under_it() -> None:
    seen = []

    def tracer(*arguments: object) -> None:
        seen.append(arguments)

    before = sys.gettrace()
    sys.settrace(tracer)
    try:
        chance.touched_by(lambda: None, HERE)
        assert sys.gettrace() is tracer
    finally:
        sys.settrace(before)


def test_disturbed_changes_each_generator_and_puts_it_back() -> None:
    pytest.importorskip("torch")
    before = chance.states()
    with chance.disturbed():
        within = chance.states()
    assert all(within[name] != state for name, state in before.items())
    assert chance.states() == before
    with chance.disturbed("numpy"):
        changed = [name for name, state in chance.states().items() if state != before[name]]
    assert changed == ["numpy"]


def test_torchs_chance_is_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    monkeypatch.setattr(Linear, "regressor", UsesTorchsChance)
    assert "random state of torch" in failed(Linear)["predicts finite rows (va)"]


@pytest.mark.parametrize(
    ("regressor", "call", "generator"),
    [
        (UsesNumpysChance, "np.random.rand()", "numpy"),
        (SeedsNumpysChance, "np.random.seed(self.seed + 12_345)", "numpy"),
        (UsesPythonsChance, "random.random()", "random"),
    ],
)
def test_the_line_that_touched_global_chance_is_named(
    regressor: type[Ridge], call: str, generator: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Linear, "regressor", regressor)
    detail = failed(Linear)["predicts finite rows (va)"]
    file = inspect.getfile(regressor)
    lines = Path(file).read_text().splitlines()
    (number,) = [n for n, line in enumerate(lines, 1) if line.strip().startswith(call)]
    assert f"global random state of {generator} at {file}:{number} (`{call}" in detail


def test_a_librarys_draw_that_decides_nothing_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    assert failed(Support) == {}
    monkeypatch.setattr(Linear, "regressor", HoldsSupport)
    assert failed(Linear) == {}


def test_a_librarys_draw_that_decides_a_result_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Linear, "regressor", HoldsAForest)
    detail = failed(Linear)["is deterministic under a seed (va)"]
    assert "follow the global random state of numpy" in detail
    assert "hand the seed on" in detail


class Network(Model):
    """skorch's own, whose data loader draws a seed that decides nothing."""

    name = "network"
    inputs = FeatureKind.VECTOR
    tasks = frozenset({Task.VA})

    def estimator(self, *, task: Task, seed: int, device: str) -> Any:
        return SeededNet(seed)


class SeededNet(BaseEstimator):
    def __init__(self, seed: int) -> None:
        self.seed = seed

    def fit(self, X: Any, Y: Any) -> SeededNet:
        import torch
        from skorch import NeuralNetRegressor

        if not np.isfinite(X).all() or not np.isfinite(Y).all():
            raise ValueError("bad input")
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            self.net_ = NeuralNetRegressor(
                torch.nn.Linear,
                module__in_features=X.shape[1],
                module__out_features=Y.shape[1],
                optimizer=torch.optim.Adam,
                lr=0.02,
                max_epochs=60,
                train_split=None,
                verbose=0,
            ).fit(X.astype(np.float32), Y.astype(np.float32))
        return self

    def predict(self, X: Any) -> Any:
        return self.net_.predict(X.astype(np.float32))


def test_skorchs_draw_in_predict_is_no_fault() -> None:
    pytest.importorskip("skorch")
    found = {name: text for name, text in failed(Network).items() if "random" in text}
    assert found == {}
