"""A training goes on as if never stopped, stops when told to, and is spoilt by nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from small_trainings import QUICK, prepared, quiet, small, train

from merbench import MerbenchError
from merbench_plugins.separators.wave_u_net.excerpts import Batch
from merbench_plugins.separators.wave_u_net.options import Options
from merbench_plugins.separators.wave_u_net.trainer import STATE, Trainer, device_named


def test_resuming_goes_on_as_if_never_stopped(music: Path, tmp_path: Path) -> None:
    options = {"minutes": 1e6, "learning_rate": 0.001}
    tracks = prepared(music)
    config = small()

    def trainer(out: str, **more: Any) -> Trainer:
        chosen = Options(**(QUICK | options | {"batch": 1} | more))
        return Trainer(config, tracks[1:], tracks[:1], tmp_path / out, chosen)

    # The learning rate depends on how much is to be done, so that all must be told the same.
    through = trainer("through", steps=6)
    through.run(quiet)
    begun = trainer("parts", steps=6)
    for _ in range(3):
        begun._learn(begun.batches.take())
    begun.out.mkdir()
    begun._save()
    resumed = trainer("parts", steps=6, resume=True)
    assert resumed.step == 3
    resumed.run(quiet)
    assert resumed.step == 6
    for a, b in zip(through.network.parameters(), resumed.network.parameters(), strict=True):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=0)


def test_silence_and_what_is_no_number_spoil_nothing(music: Path, tmp_path: Path) -> None:
    tracks = prepared(music)
    trainer = Trainer(small(), tracks[1:], tracks[:1], tmp_path / "out", Options(**QUICK))
    batch = trainer.batches.take()
    silent = Batch(0 * batch.mix, 0 * batch.targets, batch.members)
    assert np.isfinite(trainer._learn(silent))
    before = [p.detach().clone() for p in trainer.network.parameters()]
    assert all(p.isfinite().all() for p in before)
    assert np.isnan(trainer._learn(batch._replace(targets=batch.targets + np.float32("nan"))))
    for kept, was in zip(trainer.network.parameters(), before, strict=True):
        assert torch.equal(kept, was)
    trainer._learn(batch)
    assert not torch.equal(trainer.parameters[0], before[0])


def test_it_stops_when_it_gets_no_better(music: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    train(
        [music], out, steps=10**6, minutes=2, learning_rate=1e-30, validate_every=1e-9,
        patience=2, batch=1, averaging=0.0, excerpt_seconds=1,
    )  # fmt: skip
    progress = json.loads(torch.load(out / STATE, weights_only=True)["progress"])
    assert progress["worse"] == 2
    assert progress["step"] < 10**6
    assert progress["seconds"] < 120


def test_half_precision(music: Path, tmp_path: Path) -> None:
    train([music], tmp_path / "out", precision="bfloat16")
    card = json.loads((tmp_path / "out" / "card.json").read_text())
    assert card["training"]["precision"] == "bfloat16"


def test_chance_comes_from_the_seed_alone(music: Path, tmp_path: Path) -> None:
    torch.manual_seed(1)
    before = torch.random.get_rng_state()
    train([music], tmp_path / "a", minutes=1e6)
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.manual_seed(2)
    train([music], tmp_path / "b", minutes=1e6)
    train([music], tmp_path / "c", minutes=1e6, seed=1)
    a, b, c = ((tmp_path / n / "model.safetensors").read_bytes() for n in "abc")
    assert a == b
    assert a != c


def test_devices_by_name() -> None:
    assert device_named("cpu") == torch.device("cpu")
    assert device_named("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
    with pytest.raises(MerbenchError, match="there is no device quantum"):
        device_named("quantum")
