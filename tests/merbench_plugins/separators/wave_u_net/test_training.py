"""From folders of music to weights and their card."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from multitrack_files import RATE, write_track
from small_trainings import QUICK, SMALL, prepared, quiet, train

from merbench import MerbenchError
from merbench_plugins.separators.wave_u_net import WaveUNet
from merbench_plugins.separators.wave_u_net.excerpts import Validation
from merbench_plugins.separators.wave_u_net.scoring import si_sdr
from merbench_plugins.separators.wave_u_net.trainer import STATE
from merbench_plugins.separators.wave_u_net.training import hold_out


def test_held_out_groups_are_on_one_side(tmp_path: Path) -> None:
    for seed in range(6):
        write_track(tmp_path / "music" / f"Artist {seed % 3} - {seed}", seed=seed, seconds=1)
    tracks = prepared(tmp_path / "music")
    kept, aside = hold_out(tracks, 0.3, seed=0)
    assert len(aside) == 2
    assert not {t.group for t in kept} & {t.group for t in aside}
    assert hold_out(tracks, 0.3, seed=0)[1] == aside
    with pytest.raises(MerbenchError, match="all music is of one group"):
        hold_out(aside, 0.3, seed=0)


def test_training_lowers_the_loss_and_separates(music: Path, tmp_path: Path) -> None:
    train(
        [music], tmp_path / "out", steps=60, batch=4, remix=0.0, validate_every=60,
        learning_rate=0.01, warm_up=10,
    )  # fmt: skip
    state = torch.load(tmp_path / "out" / STATE, weights_only=True)
    history = json.loads(state["progress"])["history"]
    assert len(history) == 1
    gains = {k: s["si_sdr"] - s["si_sdr_mixture"] for k, s in history[0]["stems"].items()}
    assert gains["bass"] > 2
    assert gains["vocals"] > 2
    separator = WaveUNet(weights=tmp_path / "out" / "model.safetensors", config=SMALL)
    separator.ready()
    (excerpt,) = Validation.excerpts(prepared(music)[:1], 2, RATE)
    stems = separator.separate(excerpt.mix, RATE, device="cpu")
    np.testing.assert_allclose(sum(stems.values()), excerpt.mix, atol=1e-4)
    assert si_sdr(stems["bass"], excerpt.targets[0]) > si_sdr(excerpt.mix, excerpt.targets[0])
    card = json.loads((tmp_path / "out" / "card.json").read_text())
    assert card["training"]["steps"] == 60
    assert card["music"]["training"]["groups"] == 3
    assert card["validation"] == history[0]["stems"]


def test_a_folder_in_use_is_not_overwritten(music: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    train([music], out)
    before = (out / STATE).read_bytes()
    with pytest.raises(MerbenchError, match=r"holds a training already.*--resume"):
        train([music], out)
    assert (out / STATE).read_bytes() == before
    train([music], out, resume=True, steps=6)
    assert json.loads((out / "card.json").read_text())["training"]["steps"] in (4, 6)
    assert json.loads(torch.load(out / STATE, weights_only=True)["progress"])["step"] == 6
    with pytest.raises(MerbenchError, match="is of another network"):
        WaveUNet(config=SMALL | {"num_layers": 2}).train(
            [music], out, QUICK | {"resume": True}, quiet
        )
    (out / STATE).write_bytes(b"cut")
    with pytest.raises(MerbenchError, match="cannot be resumed from"):
        train([music], out, resume=True)
    assert not [p for p in out.iterdir() if p.name.startswith(f"{STATE}.")]


def test_tests_go_into_the_card(music: Path, tmp_path: Path) -> None:
    write_track(tmp_path / "unseen" / "track", ("vocals",), seed=9)
    out = tmp_path / "out"
    train([music], out, tests={"Never seen": tmp_path / "unseen"}, test_seconds=2)
    card = json.loads((out / "card.json").read_text())
    (excerpt,) = Validation.excerpts(prepared(tmp_path / "unseen"), 2, RATE)
    assert set(card["tests"]["Never seen"]) == {"vocals", "bass+drums+other"}
    separator = WaveUNet(weights=out / "model.safetensors", config=SMALL)
    vocals = separator.separate(excerpt.mix, RATE, device="cpu")["vocals"]
    score = card["tests"]["Never seen"]["vocals"]
    assert score["si_sdr"] == pytest.approx(si_sdr(vocals, excerpt.targets[0]), abs=1e-3)
    assert "Never seen:\n\n| stem | excerpts |" in (out / "README.md").read_text()


def test_what_cannot_be_trained(music: Path, tmp_path: Path) -> None:
    with pytest.raises(MerbenchError, match="variants spectral and m6"):
        WaveUNet(variant="m4").train([music], tmp_path / "out", {}, quiet)
    with pytest.raises(MerbenchError, match="training option momentum cannot be used"):
        train([music], tmp_path / "out", momentum=1)
    with pytest.raises(MerbenchError, match="training option batch cannot be used"):
        train([music], tmp_path / "out", batch=0)
    with pytest.raises(MerbenchError, match="there is no device quantum"):
        train([music], tmp_path / "out", device="quantum")
