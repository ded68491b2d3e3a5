"""The reimplemented network: its variables and lengths."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from small_networks import PYTORCH, golden

from merbench_plugins.separators.wave_u_net.configuration import from_mapping, from_variant
from merbench_plugins.separators.wave_u_net.reimplementation import ReimplementedWaveUNet, variables


@pytest.mark.parametrize("name", PYTORCH)
def test_golden_variables_and_lengths_of_the_reimplementation(shared: Path, name: str) -> None:
    config, _, _ = golden(shared / "golden" / "wave_u_net" / name)
    configuration = from_mapping(config)
    assert variables(configuration) == {n: tuple(shape) for n, shape in config["keys"]}
    frames, shapes = configuration.frames, config["shapes"]
    assert frames == (shapes["input_frames"], shapes["output_frames"])
    assert frames.context == shapes["output_start_frame"]


@pytest.mark.parametrize("res", ["fixed", "learned"])
@pytest.mark.parametrize("strides", [2, 3])
@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("levels", [2, 4])
def test_lengths_of_the_reimplementation(res: str, strides: int, depth: int, levels: int) -> None:
    """A chunk of the length that was worked out comes out in the length that was worked out."""
    config = from_variant(
        "pytorch",
        {
            "res": res,
            "strides": strides,
            "depth": depth,
            "levels": levels,
            "features": 8,
            "feature_growth": "add",
            "output_size": 0.01,
        },
    )
    given, yielded = config.frames
    network = ReimplementedWaveUNet(config).eval()  # type: ignore[arg-type]
    with torch.inference_mode():
        assert network(torch.zeros(1, 2, given)).shape == (1, 4, 2, yielded)
    assert yielded >= 441
