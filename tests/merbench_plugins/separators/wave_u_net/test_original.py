"""The original network: its variables, lengths and the paper's size."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from small_networks import TENSORFLOW, golden, noise

from merbench_plugins.separators.wave_u_net.configuration import from_mapping, from_variant
from merbench_plugins.separators.wave_u_net.reimplementation import ReimplementedWaveUNet


@pytest.mark.parametrize("name", TENSORFLOW)
def test_golden_variables_and_lengths_of_the_original(shared: Path, name: str) -> None:
    config, _, _ = golden(shared / "golden" / "wave_u_net" / name)
    configuration = from_mapping(config)
    assert configuration.variables == {n: tuple(shape) for n, shape in config["variables"]}
    assert configuration.frames == (config["input_shape"][1], config["output_shape"][1])


def test_the_published_network_of_the_paper() -> None:
    """Lengths measured from the paper's own stems, and one layer's shape by hand."""
    configuration = from_variant("m6", {})
    assert configuration.frames == (147443, 16389)
    shapes = configuration.variables  # type: ignore[union-attr]
    assert shapes["separator/conv1d_12/kernel"] == (15, 288, 312)
    assert shapes["separator/conv1d_13/kernel"] == (5, 312 + 288, 288)
    assert len(shapes) == 2 * (12 + 1 + 12 + 3)


def test_songs_of_a_batch_do_not_touch() -> None:
    config = from_mapping({"levels": 3, "features": 8, "output_size": 0.02, "strides": 2})
    from merbench_plugins.separators.wave_u_net.song import SongNetwork

    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = SongNetwork(ReimplementedWaveUNet(config)).eval()  # type: ignore[arg-type]
    songs = torch.from_numpy(noise(3, 2, 2500))
    together = network(songs)
    for song, separated in zip(songs, together, strict=True):
        torch.testing.assert_close(network(song[None])[0], separated, atol=1e-6, rtol=0)
