"""The Wave-U-Net on spectra: what it yields, what it is taught, and that it can be trained."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from multitrack_files import RATE
from pydantic import ValidationError

from merbench import MerbenchError
from merbench_plugins.separators.wave_u_net import WaveUNet
from merbench_plugins.separators.wave_u_net.configuration import (
    SpectralConfiguration,
    from_mapping,
    from_variant,
)
from merbench_plugins.separators.wave_u_net.song import SongNetwork
from merbench_plugins.separators.wave_u_net.spectral import (
    SpectralWaveUNet,
    loss,
    variables,
)

SMALL = {
    "expected_sr": RATE,
    "window": 256,
    "hop": 64,
    "fine_bands": 32,
    "bands": 56,
    "filters": (4, 6, 8),
    "width": 16,
    "core_levels": 2,
    "num_frames": 8192,
    "context_frames": 1024,
}
QUICK = {"steps": 4, "batch": 2, "excerpt_seconds": 2, "warm_up": 2, "frames": 4096}


def quiet(message: str, share: float) -> None:
    assert message
    assert 0 <= share <= 1


def small() -> SpectralConfiguration:
    config = from_variant("spectral", SMALL)
    assert isinstance(config, SpectralConfiguration)
    return config


def network(seed: int = 0) -> SpectralWaveUNet:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return SpectralWaveUNet(small()).eval()


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    values = np.random.default_rng(seed).normal(0, 0.1, shape)
    return torch.from_numpy(values.astype(np.float32))


@pytest.mark.parametrize("samples", [1, 700, 8192, 20001])
def test_sources_sum_to_the_mixture_however_long(samples: int) -> None:
    mix = noise(2, 2, samples)
    sources = SongNetwork(network())(mix)
    assert sources.shape == (2, 4, 2, samples)
    assert (sources.sum(dim=1) - mix).abs().max() < 1e-5


def test_loudness_changes_nothing_but_the_level() -> None:
    mix = noise(1, 2, 9000)
    song = SongNetwork(network())
    torch.testing.assert_close(song(30 * mix), 30 * song(mix), rtol=1e-3, atol=1e-4)


def test_silence_around_a_song_does_not_count_for_its_loudness() -> None:
    model = network()
    mix = noise(1, 2, 4096)
    power = model._pooled(model._transformed(mix).abs().square())
    padded = torch.cat([power, torch.zeros_like(power)], dim=3)
    features = model._features(power)
    torch.testing.assert_close(model._features(padded)[..., : power.shape[3]], features)


def test_a_mono_clip_has_equal_channels() -> None:
    mix = noise(1, 1, 9000).expand(1, 2, 9000)
    sources = SongNetwork(network())(mix)
    assert (sources[:, :, 0] - sources[:, :, 1]).abs().max() < 1e-6
    assert sources.abs().max() > 0.01


def test_silence_stays_silent() -> None:
    assert not SongNetwork(network())(torch.zeros(1, 2, 5000)).any()


def test_statistics_tell_how_far_shares_are_from_parts() -> None:
    model = network()
    parts = noise(2, 3, 2, 4096)
    parts[1, 2] = 0
    found = model.statistics(parts.sum(dim=1), parts)
    masks = model.masks(found.features)
    spectra = model._transformed(
        torch.stack([parts[:, :, 0] + parts[:, :, 1], parts[:, :, 0] - parts[:, :, 1]], dim=2)
        / 2**0.5
    )
    estimates = masks[:, :3, :, model.places] * spectra.sum(dim=1, keepdim=True)
    direct = (estimates - spectra).abs().square().sum(dim=(2, 3, 4))
    shares = masks[:, :3]
    by_band = (
        shares.square() * found.mixture[:, None] - 2 * shares * found.common + found.targets
    ).sum(dim=(2, 3, 4))
    torch.testing.assert_close(by_band, direct, rtol=1e-3, atol=1e-3)


def test_the_right_shares_cost_least() -> None:
    model = network()
    parts = noise(1, 4, 2, 4096)
    members = torch.eye(4)[None]
    found = model.statistics(parts.sum(dim=1), parts)
    best = found.common.clamp_min(0)
    best = best / best.sum(dim=1, keepdim=True)
    right = loss(best, found, members)
    for wrong in (best.roll(1, dims=1), torch.full_like(best, 0.25), 0.9 * best + 0.025):
        assert loss(wrong, found, members) > right


def test_parts_known_in_sum_may_be_shared_in_any_way() -> None:
    model = network()
    parts = noise(1, 2, 2, 4096)
    members = torch.tensor([[[0, 0, 0, 1.0], [1, 1, 1, 0]]])
    found = model.statistics(parts.sum(dim=1), parts)
    masks = model.masks(found.features)
    swapped = masks[:, [2, 0, 1, 3]]
    torch.testing.assert_close(loss(masks, found, members), loss(swapped, found, members))


def test_silent_excerpts_have_a_finite_loss() -> None:
    model = network().train()
    found = model.statistics(torch.zeros(2, 2, 4096), torch.zeros(2, 4, 2, 4096))
    cost = loss(model.masks(found.features), found, torch.eye(4).expand(2, 4, 4))
    cost.backward()
    assert torch.isfinite(cost)
    assert all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bands": 52}, "multiple of 8"),
        ({"bands": 32}, "do not fit"),
        ({"bands": 512}, "do not fit"),
        ({"hop": 200}, "hop at most half"),
    ],
)
def test_sizes_that_do_not_fit(change: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        from_variant("spectral", SMALL | change)
    with pytest.raises(ValidationError):
        WaveUNet(variant="spectral", config=SMALL | change)


def test_its_configuration_is_told_from_the_others() -> None:
    assert from_mapping(small().model_dump()) == small()


def train(data: list[Path], out: Path, **options: object) -> None:
    WaveUNet(variant="spectral", config=SMALL).train(data, out, QUICK | options, quiet)


def test_training_learns_and_what_it_writes_can_be_used(music: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    train([music], out, steps=60, learning_rate=0.01, averaging=0.5, remix=0.0, batch=4)
    card = json.loads((out / "card.json").read_text())
    gains = [s["si_sdr"] - s["si_sdr_mixture"] for s in card["validation"].values()]
    assert np.mean(gains) > 3
    separator = WaveUNet(weights=out, variant="spectral", config=SMALL)
    separator.ready()
    mix = noise(2, 5000).numpy()
    stems = separator.separate(mix, RATE, device="cpu")
    np.testing.assert_allclose(np.sum(list(stems.values()), axis=0), mix, atol=1e-4)
    assert set(variables(small())) == set(json.loads(_header(out / "model.safetensors")))


def _header(path: Path) -> bytes:
    content = path.read_bytes()
    return content[8 : 8 + int.from_bytes(content[:8], "little")]


def test_resumed_training_is_that_without_a_pause(music: Path, tmp_path: Path) -> None:
    train([music], tmp_path / "whole", steps=6, minutes=1e6)
    train([music], tmp_path / "halves", steps=3, minutes=1e6)
    train([music], tmp_path / "halves", steps=6, minutes=1e6, resume=True)
    whole, halves = (
        torch.load(tmp_path / n / "state.pt", weights_only=True) for n in ("whole", "halves")
    )
    # The learning rate falls to the end that is asked for, so that only what is drawn is the same.
    assert whole["rng"] == halves["rng"]
    with pytest.raises(MerbenchError, match="another network"):
        WaveUNet(variant="spectral", config=SMALL | {"width": 8}).train(
            [music], tmp_path / "halves", QUICK | {"resume": True}, quiet
        )


def test_it_can_begin_with_the_weights_of_another(music: Path, tmp_path: Path) -> None:
    train([music], tmp_path / "first")
    weights = tmp_path / "first" / "model.safetensors"
    train([music], tmp_path / "second", start=weights, learning_rate=1e-30, averaging=0.0)
    first, second = (
        np.frombuffer((tmp_path / n / "model.safetensors").read_bytes(), np.uint8)
        for n in ("first", "second")
    )
    assert first.shape == second.shape
