"""Every model that comes with merbench predicts, read back, what it predicted: to the last bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from merbench import FeatureKind, Model, Task, fit_estimator
from merbench.components.base import plugin_sources
from merbench.errors import MerbenchError
from merbench.kept.classes import Allowed
from merbench.kept.estimator_reading import read_estimator
from merbench.kept.estimator_writing import write_estimator
from merbench.plugins import discovery
from merbench.steps.assembling import ClipRows
from merbench.testing.model import features, labels

REGISTRY = discovery.load_plugins()
OURS = [e.name for e in REGISTRY.of_kind("model") if e.origin.distribution == "merbench"]
SMALL: dict[str, dict[str, Any]] = {
    "random-forest": {"n_estimators": 3},
    "calibrated": {"model": {"random-forest": {"n_estimators": 3}}, "folds": 2},
    "tuned": {"model": "ridge", "over": {"scaling": ["rank", "standard"]}, "folds": 2},
    "crnn": {"preset": "small", "epochs": 1},
}
N = 8


def fitted(model: Model, task: Task) -> tuple[Any, Any]:
    y = labels(task, N)
    parts = [_small(features(kind, y, seed=i), kind) for i, kind in enumerate(model.input_kinds)]
    x = np.empty((N, 0), np.float32) if not parts else parts[0] if len(parts) == 1 else tuple(parts)
    groups = np.array([f"g{i % 4}" for i in range(N)])
    estimator = model.estimator(task=task, seed=1, device="cpu")
    return fit_estimator(estimator, x, y, groups=groups, copy_of=np.arange(N)), x


def _small(rows: Any, kind: FeatureKind) -> Any:
    """Cut images to a quarter of their frames, which the networks here still take."""
    if kind is not FeatureKind.IMAGE:
        return rows
    return ClipRows(rows[np.arange(N)][..., :942], np.arange(N), rates=rows.rates)


@pytest.mark.parametrize("name", OURS)
def test_what_is_read_back_predicts_the_same(name: str, tmp_path: Path) -> None:
    cls: Any = REGISTRY.get("model", name).cls
    model: Any = REGISTRY.build("model", name, SMALL.get(name, dict(cls.check_parameters)))
    task = Task.VA if Task.VA in model.tasks else Task.QUADRANT
    estimator, x = fitted(model, task)
    allowed = Allowed(plugin_sources(model))
    write_estimator(estimator, tmp_path, allowed)
    np.testing.assert_array_equal(
        read_estimator(tmp_path, allowed).predict(x), estimator.predict(x)
    )
    assert not list(tmp_path.glob("*.pkl"))


class _Odd:
    def __init__(self, held: Any) -> None:
        self.held = held


@pytest.mark.parametrize("held", [len, lambda x: x, open, iter([])])
def test_what_cannot_be_kept_is_named(held: Any, tmp_path: Path) -> None:
    package = _Odd.__module__.partition(".")[0]
    with pytest.raises(MerbenchError, match=r"it holds .* at held"):
        write_estimator(_Odd(held), tmp_path, Allowed({package}))


def test_classes_of_nobody_known_are_not_kept(tmp_path: Path) -> None:
    with pytest.raises(MerbenchError, match="a class of neither its plugin nor a library known"):
        write_estimator(_Odd(1), tmp_path, Allowed({"merbench_plugins"}))
