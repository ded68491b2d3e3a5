"""What datasets of MIDI files have in common: the soundfont and the rendering are parameters."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from merbench import AudioError, Clip, MerbenchError
from merbench.digests import content_digest
from merbench_plugins.datasets import midi
from merbench_plugins.datasets.rendered import RenderedDataset


class Pieces(RenderedDataset):
    """Some pieces."""

    name = "pieces"


@pytest.fixture
def soundfont(tmp_path: Path) -> Path:
    path = tmp_path / "font.sf2"
    path.write_bytes(b"RIFF and so on")
    return path


def test_an_implied_soundfont_counts_by_its_content(soundfont, monkeypatch) -> None:
    monkeypatch.setattr(midi, "default_soundfont", lambda: soundfont)
    implied, named = Pieces().identity(), Pieces(soundfont=soundfont).identity()
    assert implied == named
    assert implied["parameters"]["soundfont"] == content_digest(soundfont)
    soundfont.write_bytes(b"another font")
    assert Pieces().identity() != implied


def test_length_and_rate_are_part_of_what_it_is() -> None:
    assert Pieces(seconds=10).identity() != Pieces().identity()
    assert Pieces(sample_rate=16_000).identity() != Pieces().identity()


def test_another_synthesiser_is_another_fingerprint(monkeypatch) -> None:
    monkeypatch.setattr(midi, "renderer", lambda: "one 1.0")
    first = Pieces().fingerprint()
    assert first["renderer"] == "one 1.0"
    monkeypatch.setattr(midi, "renderer", lambda: "one 1.1")
    assert Pieces().fingerprint() != first
    assert Pieces().identity() == Pieces().identity()


def test_a_soundfont_that_is_not_there_is_named_before_any_work(soundfont, monkeypatch) -> None:
    monkeypatch.setattr(midi, "require_renderer", lambda: None)
    Pieces(soundfont=soundfont).ready()
    with pytest.raises(MerbenchError, match=r"soundfont .*gone\.sf2 does not exist; name another"):
        Pieces(soundfont=soundfont.with_name("gone.sf2")).ready()


def test_a_clip_is_rendered_as_the_parameters_say(soundfont, monkeypatch, tmp_path) -> None:
    asked = {}

    def render(path, **how):
        asked.update(how, path=path)
        return np.zeros((2, 8), np.float32)

    monkeypatch.setattr(midi, "render", render)
    dataset = Pieces(seconds=2.5, sample_rate=16_000, soundfont=soundfont)
    clip = Clip("c", "g", (1.0, 0.0, 0.0, 0.0), tmp_path / "c.mid")
    waveform, rate = dataset.decode(clip)
    assert (waveform.shape, rate) == ((2, 8), 16_000)
    assert asked == {
        "path": clip.audio, "seconds": 2.5, "sample_rate": 16_000, "soundfont": soundfont,
    }  # fmt: skip


def test_a_clip_that_cannot_be_rendered_is_named(soundfont, monkeypatch, tmp_path) -> None:
    def render(path, **_):
        raise AudioError(f"{path} has no notes")

    monkeypatch.setattr(midi, "render", render)
    clip = Clip("song 7", "g", (1.0, 0.0, 0.0, 0.0), tmp_path / "c.mid")
    with pytest.raises(AudioError, match=r"^clip song 7: .*c\.mid has no notes$"):
        Pieces(soundfont=soundfont).decode(clip)


@pytest.mark.parametrize("wrong", [{"seconds": 0}, {"seconds": 3601}, {"sample_rate": 7_999}])
def test_parameters_out_of_bounds_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="Input should be"):
        Pieces(**wrong)
