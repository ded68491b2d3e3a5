"""A model's folder is taken as it was written, or not at all."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from merbench import FeatureKind, Model, Task
from merbench.errors import MerbenchError
from merbench.evaluation.novelty import Familiar
from merbench.identity import digest
from merbench.kept.folder import KeptModel, read_model, write_model
from merbench_plugins.models.ridge import Ridge

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((12, 3)), RNG.uniform(0.1, 0.9, (12, 4))
SAID: dict[str, Any] = {
    "system": {}, "identity": {}, "task": "va", "columns": [], "spec": {}, "base": "", "inputs": [],
}  # fmt: skip


def kept(folder: Path, model: Model | None = None) -> tuple[KeptModel, Any]:
    model = model or Ridge()
    estimator = model.estimator(task=Task.VA, seed=1, device="cpu").fit(X, Y)
    familiar = Familiar.of(X, np.arange(12))
    return write_model(folder, estimator, model, familiar, SAID), estimator


def test_it_comes_back(tmp_path: Path) -> None:
    _, estimator = kept(tmp_path / "model")
    back = read_model(tmp_path / "model")
    np.testing.assert_array_equal(back.estimator(Ridge()).predict(X), estimator.predict(X))
    np.testing.assert_allclose(back.familiar().distances(X), 0, atol=1e-6)
    with pytest.raises(MerbenchError, match="is there already"):
        kept(tmp_path / "model")
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def altered(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Have a stranger change the manifest, who knows how its digest is made."""
    document = json.loads((folder / "manifest.json").read_text())
    change(document)
    document["digest"] = digest({k: v for k, v in document.items() if k != "digest"})
    (folder / "manifest.json").write_text(json.dumps(document))


HOSTILE: dict[str, Callable[[Path], object]] = {
    "a changed file": lambda f: (f / "estimator.json").write_text("{}"),
    "a missing file": lambda f: (f / "estimator.json").unlink(),
    "a pickle beside": lambda f: (f / "x.pkl").write_bytes(pickle.dumps(1)),
    "a pickle that is stated": lambda f: (
        (f / "x.pkl").write_bytes(b"x"),
        altered(f, lambda d: d["files"].update({"x.pkl": "0" * 64})),
    ),
    "a path out of it": lambda f: altered(
        f, lambda d: d["files"].update({"../../etc/passwd": "0" * 64})
    ),
    "a link out of it": lambda f: (
        (f / "arrays.safetensors").unlink(missing_ok=True),
        (f / "arrays.safetensors").symlink_to("/etc/passwd"),
    ),
    "a manifest changed": lambda f: (f / "manifest.json").write_text(
        (f / "manifest.json").read_text().replace('"task": "va"', '"task": "xx"')
    ),
    "a manifest of another kind": lambda f: (f / "manifest.json").write_text("[]"),
    "no manifest": lambda f: (f / "manifest.json").unlink(),
    "another schema": lambda f: altered(f, lambda d: d.update(schema=99)),
    "files that are no mapping": lambda f: altered(f, lambda d: d.update(files=7)),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_folder_that_is_not_as_it_was_written_is_refused(what: str, tmp_path: Path) -> None:
    kept(tmp_path / "model")
    HOSTILE[what](tmp_path / "model")
    with pytest.raises(MerbenchError):
        read_model(tmp_path / "model")


class _Median(Model):
    """Keeps itself, in a file of its own."""

    name = "median"
    inputs = FeatureKind.VECTOR
    tasks = frozenset({Task.VA})

    def estimator(self, *, task: Task, seed: int, device: str) -> Any:
        return _Medians(lambda: None)

    def keep(self, estimator: Any, folder: Path) -> None:
        (folder / "median.json").write_text(json.dumps(estimator.row.tolist()))

    def restore(self, folder: Path) -> Any:
        made = _Medians(None)
        made.row = np.array(json.loads((folder / "median.json").read_text()))
        return made


class _Medians:
    def __init__(self, unkeepable: Any) -> None:
        self.unkeepable = unkeepable

    def fit(self, X: Any, Y: Any) -> _Medians:
        self.row = np.median(Y, axis=0)
        return self

    def predict(self, X: Any) -> Any:
        return np.tile(self.row, (len(X), 1))


def test_a_model_that_keeps_itself(tmp_path: Path) -> None:
    _, estimator = kept(tmp_path / "model", _Median())
    back = read_model(tmp_path / "model").estimator(_Median())
    np.testing.assert_array_equal(back.predict(X), estimator.predict(X))
    (tmp_path / "model" / "own" / "median.json").write_text("[0, 0, 0, 0]")
    with pytest.raises(MerbenchError, match="is changed"):
        read_model(tmp_path / "model")
