"""What a training says of its music, and what a separator says of it later."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from multitrack_files import RATE, write_track

from merbench.evaluation.shift import DESCRIPTORS, describe
from merbench_plugins.separators import wave_u_net
from merbench_plugins.separators.wave_u_net import WaveUNet, load_network
from merbench_plugins.separators.wave_u_net.configuration import OriginalConfiguration, from_variant
from merbench_plugins.separators.wave_u_net.excerpts import Validation
from merbench_plugins.separators.wave_u_net.export import MUSIC, export, read_music, write_music
from merbench_plugins.separators.wave_u_net.multitracks import Preparation, find_tracks, prepare
from merbench_plugins.separators.wave_u_net.original import OriginalWaveUNet

SMALL = {"num_layers": 3, "num_initial_filters": 4, "num_frames": 2048, "expected_sr": RATE}
WEIGHTS = Path(wave_u_net.__file__).parent / "weights"


def quiet(message: str, share: float) -> None:
    """Say nothing."""


def test_training_describes_what_it_trained_on(tmp_path: Path) -> None:
    for number in range(3):
        write_track(tmp_path / "music" / f"artist {number} - song", seed=number)
    out = tmp_path / "out"
    options = {"steps": 1, "batch": 1, "excerpt_seconds": 2}
    WaveUNet(config=SMALL).train([tmp_path / "music"], out, options, quiet)
    separator = WaveUNet(weights=out / "model.safetensors", config=SMALL)
    music = separator.training_music()
    assert music is not None
    # One of the three artists is held out, and so was not trained on.
    assert len(music.groups) == 2
    assert set(music.groups) < {f"artist {number}" for number in range(3)}
    assert music.descriptors.shape == (2, len(DESCRIPTORS))


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    write_track(tmp_path / "music" / "artist - song", seed=1)
    tracks = prepare(
        find_tracks(tmp_path / "music"), Preparation(RATE), tmp_path / "prepared", quiet
    )
    write_music(tmp_path, tracks, RATE)
    music = read_music(tmp_path)
    assert music is not None
    (excerpt,) = Validation.excerpts(tracks, 30, RATE)
    np.testing.assert_allclose(music.descriptors[0], describe(excerpt.mix, RATE), atol=0.006)


@pytest.mark.parametrize("upsampling", ["linear", "learned"])
def test_an_exported_network_is_read_back(tmp_path: Path, upsampling: str) -> None:
    config = from_variant("m6", SMALL | {"upsampling": upsampling})
    assert isinstance(config, OriginalConfiguration)
    with torch.random.fork_rng():
        torch.manual_seed(3)
        network = OriginalWaveUNet(config).eval()
    for weight in network.interpolation:
        torch.nn.init.normal_(weight, generator=torch.Generator().manual_seed(0))
    music = {"tracks": 1, "groups": 1, "hours": 1.0, "hours_by_known_parts": {"bass": 1.0}}
    card = {
        "configuration": config.model_dump(), "licence": "none", "teacher": None,
        "music": {"training": music}, "validation": {},
        "training": {"steps": 1, "batch": 1, "hours_of_excerpts": 0, "minutes": 1},
    }  # fmt: skip
    export(network, tmp_path, card)
    with torch.no_grad():
        expected = network.half().float()(torch.ones(1, 2, config.frames.input) / 3)
    read = load_network(tmp_path / "model.safetensors", json.loads(
        (tmp_path / "config.json").read_text()
    )).network  # fmt: skip
    with torch.no_grad():
        actual = read(torch.ones(1, 2, config.frames.input) / 3)
    torch.testing.assert_close(actual, expected, atol=1e-6, rtol=0)
    card = json.loads((tmp_path / "card.json").read_text())
    assert card["parameters"] == sum(p.numel() for p in network.parameters())
    assert card["bytes"] == (tmp_path / "model.safetensors").stat().st_size
    assert "half precision" in (tmp_path / "README.md").read_text()


def test_unknown_or_outdated_music_is_none(tmp_path: Path) -> None:
    assert read_music(tmp_path) is None
    (tmp_path / MUSIC).write_text("group,loudness\nartist,1.0\n")
    assert read_music(tmp_path) is None


def test_the_shipped_checkpoint_says_what_it_was_trained_on() -> None:
    card = json.loads((WEIGHTS / "card.json").read_text(encoding="utf-8"))
    music = WaveUNet().training_music()
    assert music is not None
    assert len(music.descriptors) == card["music"]["training"]["tracks"]
    assert len(set(music.groups)) == card["music"]["training"]["groups"]
