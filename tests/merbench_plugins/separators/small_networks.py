"""Small networks and their checkpoints, for the tests of several modules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from tensorflow_files import write_checkpoint
from tensorflow_graph import random_variables

from merbench_plugins.separators.wave_u_net.configuration import from_variant

SMALL = {"num_layers": 3, "num_initial_filters": 4, "num_frames": 256}
TENSORFLOW = ("tf1_small_m6", "tf1_small_m1_same")
PYTORCH = (
    "small_bn_learned_add",
    "small_gn_fixed_joint",
    "small_gn_fixed_sep",
    "small_normal_mono",
)


def reduced(variant: str, **changes: Any) -> dict[str, Any]:
    """A published configuration at reduced size, as a plain dict."""
    return from_variant(variant, SMALL | changes).model_dump()  # type: ignore[arg-type]


def checkpoint(folder: Path, config: dict[str, Any], seed: int = 0) -> Path:
    """A TensorFlow checkpoint with random weights, an optimiser's slots among them."""
    values = random_variables(config, seed)
    slots = {f"{name}/Adam": np.ones_like(value) for name, value in values.items()}
    prefix = folder / "ckpt"
    write_checkpoint(prefix, values | slots | {"global_step": np.array(7, np.int64)})
    return prefix


def noise(*shape: int, seed: int = 1, loudness: float = 0.9) -> np.ndarray:
    return (loudness * np.random.default_rng(seed).uniform(-1, 1, shape)).astype(np.float32)


def golden(folder: Path) -> tuple[dict[str, Any], np.ndarray, np.ndarray]:
    """Configuration, input (channels, samples) and output (sources, channels, samples)."""
    config = json.loads((folder / "config.json").read_text())
    given, expected = np.load(folder / "input.npy"), np.load(folder / "output.npy")
    if "num_layers" in config["config"]:
        return config, given.T.copy(), expected.transpose(0, 2, 1)
    return config, given, expected
