"""What a training says of its music, and what a separator says of it later."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from multitrack_files import RATE, write_track

from merbench.evaluation.shift import DESCRIPTORS, describe
from merbench_plugins.separators import wave_u_net
from merbench_plugins.separators.wave_u_net import WaveUNet
from merbench_plugins.separators.wave_u_net.excerpts import Validation
from merbench_plugins.separators.wave_u_net.export import MUSIC, read_music, write_music
from merbench_plugins.separators.wave_u_net.multitracks import Preparation, find_tracks, prepare

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
