"""What is trained begins with weights by chance or given ones, and hears what it is told to."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import torch
from multitrack_files import RATE
from small_trainings import QUICK, SMALL, prepared, quiet, small, train

from merbench import MerbenchError
from merbench_plugins.separators.wave_u_net import WaveUNet, WaveUNetWeights
from merbench_plugins.separators.wave_u_net.configuration import (
    SpectralConfiguration,
    from_variant,
)
from merbench_plugins.separators.wave_u_net.excerpts import Augmentations, Excerpts
from merbench_plugins.separators.wave_u_net.trainable import (
    Trainable,
    excerpt_frames,
    loss,
    new_network,
    read_weights,
)


def spectral() -> SpectralConfiguration:
    config = from_variant(
        "spectral",
        {
            "expected_sr": RATE, "window": 256, "hop": 64, "fine_bands": 32, "bands": 56,
            "filters": (4, 6, 8), "width": 16, "core_levels": 2, "num_frames": 8192,
            "context_frames": 1024,
        },
    )  # fmt: skip
    assert isinstance(config, SpectralConfiguration)
    return config


def test_it_can_begin_with_the_weights_of_another(music: Path, tmp_path: Path) -> None:
    train([music], tmp_path / "first")
    weights = tmp_path / "first" / "model.safetensors"
    train([music], tmp_path / "second", start=weights, learning_rate=1e-30, averaging=0.0)
    assert (tmp_path / "second" / "model.safetensors").read_bytes() == weights.read_bytes()
    with pytest.raises(MerbenchError, match=r"first.model\.safetensors"):
        WaveUNet(config=SMALL | {"num_layers": 2}).train(
            [music], tmp_path / "third", QUICK | {"start": weights}, quiet
        )


def test_it_can_go_on_from_the_shipped_weights(music: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    options = QUICK | {
        "start": "merbench", "steps": 1, "learning_rate": 1e-30, "averaging": 0.0, "frames": 8192,
    }  # fmt: skip
    WaveUNet(variant="spectral").train([music], out, options, quiet)
    card = json.loads((out / "card.json").read_text())
    assert card["training"]["start"] == WaveUNetWeights("merbench").digest()
    assert card["training"]["start"][:12] in (out / "README.md").read_text()
    shipped, written = (
        read_weights(path, from_variant("spectral", {}))  # type: ignore[arg-type]
        for path in (WaveUNetWeights("merbench").path(), out / "model.safetensors")
    )
    learnt = [name for name in shipped if "running" not in name]
    assert len(learnt) > 50
    for name in learnt:
        np.testing.assert_array_equal(written[name], shipped[name])


def test_shorter_excerpts_than_chunks(music: Path, tmp_path: Path) -> None:
    separator = WaveUNet(config=SMALL | {"num_frames": 6000})
    separator.train([music], tmp_path / "out", QUICK | {"frames": 1024}, quiet)
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    assert config["num_frames"] == 6000
    with pytest.raises(MerbenchError, match="training option frames"):
        WaveUNet(config=SMALL | {"context": False, "num_frames": 4096}).train(
            [music], tmp_path / "other", QUICK | {"frames": 1001}, quiet
        )


def test_excerpts_of_spectra_have_no_context_and_are_as_long_as_asked() -> None:
    assert excerpt_frames(spectral(), 4000) == (4000, 4000)
    assert excerpt_frames(spectral(), None) == (191 * 64, 191 * 64)
    assert excerpt_frames(small(), None) == small().frames


@pytest.mark.parametrize("config", [small(), spectral()], ids=["original", "spectral"])
def test_a_step_against_the_gradient_costs_less(music: Path, config: Trainable) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = new_network(config)
    frames = excerpt_frames(config, None)
    excerpts = Excerpts(prepared(music), frames, RATE, Augmentations())
    drawn = excerpts.draw(4, np.random.default_rng(0))
    mix, targets, members = (torch.from_numpy(array) for array in drawn)

    def cost() -> torch.Tensor:
        return loss(network, mix, targets, members, precision=nullcontext(), error_weight=0.1)

    before = cost()
    gradients = torch.autograd.grad(before, tuple(network.parameters()))
    strength = torch.stack([gradient.square().sum() for gradient in gradients]).sum().sqrt()
    with torch.no_grad():
        for parameter, gradient in zip(network.parameters(), gradients, strict=True):
            parameter -= 1e-2 * gradient / strength
        assert cost() < before
