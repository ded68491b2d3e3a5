"""The original network: its variables, lengths and the paper's size."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_networks import TENSORFLOW, golden

from merbench_plugins.separators.wave_u_net.configuration import from_mapping, from_variant


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
