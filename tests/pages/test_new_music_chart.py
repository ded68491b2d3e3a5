from __future__ import annotations

from pathlib import Path

import pytest

from merbench.errors import MerbenchError
from merbench.pages.new_music_chart import draw_estimates

VA = ("valence_mean", "arousal_mean", "valence_std", "arousal_std")


def test_the_plane_names_recordings(tmp_path: Path) -> None:
    file = tmp_path / "plane.svg"
    draw_estimates(VA, ["$a_$1.mp3", "caf\udce9.wav"], [[0.2, 0.7, 0.1, 0.1]] * 2, file)
    assert "<svg" in file.read_text()


def test_classes_are_bars(tmp_path: Path) -> None:
    file = tmp_path / "classes.png"
    draw_estimates(("Q1", "Q2", "Q3", "Q4"), ["a.mp3"], [[0.1, 0.2, 0.3, 0.4]], file)
    assert file.read_bytes()[:4] == b"\x89PNG"


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(MerbenchError, match="cannot be written"):
        draw_estimates(VA, [], [], tmp_path / "nowhere" / "x.svg")
