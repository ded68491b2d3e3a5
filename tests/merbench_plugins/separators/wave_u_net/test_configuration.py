"""Configurations equal their definition, and what cannot be used is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from small_networks import checkpoint, noise, reduced
from tensorflow_graph import random_variables, separate_song

from merbench import MerbenchError
from merbench_plugins.separators.wave_u_net import load_network
from merbench_plugins.separators.wave_u_net.configuration import PUBLISHED, from_mapping


@pytest.mark.parametrize("samples", [100, 1500])
@pytest.mark.parametrize("variant", PUBLISHED)
def test_published_configurations_equal_their_definition(
    tmp_path: Path, variant: str, samples: int
) -> None:
    config = reduced(variant)
    prefix = checkpoint(tmp_path, config)
    configuration = from_mapping(config)
    mix = noise(configuration.channels, samples)
    output = load_network(prefix, config)(torch.from_numpy(mix)[None])[0].numpy()
    expected = separate_song(mix.T, random_variables(config, 0), config, configuration.frames)
    assert np.abs(output - expected.transpose(0, 2, 1)).max() < 1e-5


@pytest.mark.parametrize(
    "changes",
    [
        {"context": True, "upsampling": "learned", "task": "multi_instrument"},
        {"upsampling": "learned", "output_activation": "linear"},
        {"output_type": "difference", "output_activation": "linear", "mono_downmix": False},
        {"context": True, "filter_size": 6, "merge_filter_size": 2, "output_filter_size": 3},
        {"filter_size": 4, "output_filter_size": 2},
    ],
)
def test_other_configurations_equal_their_definition(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    config = reduced("m1", **changes)
    configuration = from_mapping(config)
    mix = noise(configuration.channels, 700, loudness=3.0)
    network = load_network(checkpoint(tmp_path, config), config)
    output = network(torch.from_numpy(mix)[None])[0].numpy()
    expected = separate_song(mix.T, random_variables(config, 0), config, configuration.frames)
    assert np.abs(output - expected.transpose(0, 2, 1)).max() < 1e-5


def test_configurations_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(MerbenchError, match="describes no Wave-U-Net"):
        load_network(tmp_path, {"depth": 2})
    with pytest.raises(MerbenchError, match="network: Input should be 'unet'"):
        load_network(tmp_path, {"num_layers": 6, "network": "unet_spectrogram"})
    with pytest.raises(MerbenchError, match="must be a multiple of 4096, not 1000"):
        load_network(tmp_path, {"num_layers": 12, "num_frames": 1000})
    with pytest.raises(MerbenchError, match="kernel_size must be odd"):
        load_network(tmp_path, {"levels": 3, "kernel_size": 4})
    with pytest.raises(MerbenchError, match="features must be a multiple of 8"):
        load_network(tmp_path, {"levels": 3, "features": 12})
