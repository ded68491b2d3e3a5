"""Small trainings, for the tests of several modules: of seconds of music, and a few steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from multitrack_files import RATE

from merbench_plugins.separators.wave_u_net import WaveUNet
from merbench_plugins.separators.wave_u_net.configuration import OriginalConfiguration, from_variant
from merbench_plugins.separators.wave_u_net.multitracks import (
    Preparation,
    Prepared,
    find_tracks,
    prepare,
)

SMALL = {
    "num_layers": 3,
    "num_initial_filters": 4,
    "num_frames": 2048,
    "expected_sr": RATE,
    "upsampling": "learned",
}
QUICK = {"steps": 4, "batch": 2, "excerpt_seconds": 2, "warm_up": 2, "learning_rate": 0.003}


def quiet(message: str, share: float) -> None:
    """Say nothing, but hold what is said to its promise."""
    assert message
    assert 0 <= share <= 1


def small() -> OriginalConfiguration:
    """The configuration of a small time-domain network."""
    config = from_variant("m6", SMALL)
    assert isinstance(config, OriginalConfiguration)
    return config


def prepared(root: Path, **how: Any) -> list[Prepared]:
    """The music under a folder, prepared beside it."""
    return prepare(find_tracks(root), Preparation(RATE, **how), root.parent / "prepared", quiet)


def train(data: list[Path], out: Path, **options: Any) -> None:
    """Train the small network for some steps."""
    WaveUNet(config=SMALL).train(data, out, QUICK | options, quiet)
