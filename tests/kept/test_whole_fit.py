from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from kept_bench import fit, predict

from merbench.errors import MerbenchError
from merbench.kept.folder import KeptModel
from merbench.steps.fitting import Fit
from tinybench import TinyBench


@pytest.fixture
def bench(kept_bench: TinyBench) -> TinyBench:
    return kept_bench


def test_a_system_is_fitted_on_all_clips_and_says_what_it_is(bench: TinyBench) -> None:
    kept = fit(bench, "halves x levels x linear", "model")
    said = kept.manifest
    assert said["system"]["separator"] == "halves"
    assert said["clips"] == [f"c{i}" for i in range(8)]
    assert said["dataset"]["name"] == "noise"
    assert set(said["evaluator"]) == {"version", "hash"}
    assert said["packages"]
    # Training clips, predicted as if they were new: nearly what was learnt of them.
    found = predict(bench, "model", bench.folder / "data")
    assert not any(row.error or row.unlike for row in found.rows)
    truth = np.linspace(0.9 - 0.7 / 9, 0.9 - 0.7 * 8 / 9, 8)
    assert np.corrcoef([r.values["valence_mean"] for r in found.rows], truth)[0, 1] > 0.9
    assert all(row.values["valence_std"] > 0 for row in found.rows)


@pytest.mark.parametrize(
    ("system", "message"),
    [
        ("linear", "has 2 systems 'linear'"),
        ("nothing", "has no system 'nothing'"),
        (None, "name one with --system"),
        ("average", "no use for new music: it never hears the music"),
    ],
)
def test_what_cannot_be_fitted(bench: TinyBench, system: str | None, message: str) -> None:
    with pytest.raises(MerbenchError, match=message):
        fit(bench, system, "refused")
    assert not (bench.folder / "refused").exists()


def test_what_cannot_be_kept_leaves_nothing(
    bench: TinyBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    fitted = Fit.fitted

    def odd(self: Fit, store: Any) -> Any:
        estimator, spent = fitted(self, store)
        estimator.odd = len
        return estimator, spent

    monkeypatch.setattr(Fit, "fitted", odd)
    with pytest.raises(MerbenchError, match=r"cannot be kept: it holds .* at odd"):
        fit(bench, "plain x levels x linear", "unkept")
    assert not (bench.folder / "unkept").exists()


def test_what_predicts_something_else_when_read_back_is_not_kept(
    bench: TinyBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    restored = KeptModel.estimator

    def changed(self: KeptModel, model: Any) -> Any:
        estimator = restored(self, model)
        estimator.weights = estimator.weights + 1e-9
        return estimator

    monkeypatch.setattr(KeptModel, "estimator", changed)
    with pytest.raises(MerbenchError, match="read back, it predicts something else"):
        fit(bench, "plain x levels x linear", "unkept")
    assert not (bench.folder / "unkept").exists()
