"""The synthesiser that renders MIDI where tinysoundfont is missing; where it is installed."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path

import miniatures
import numpy as np
import pytest

from merbench import MerbenchError
from merbench_plugins.datasets import fluidsynth, midi
from merbench_plugins.datasets.midi import default_soundfont, render
from merbench_plugins.datasets.vgmidi import VGMidi


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Without tinysoundfont."""
    found = midi.find_spec

    def without(name: str) -> ModuleSpec | None:
        return None if name == "tinysoundfont" else found(name)

    monkeypatch.setattr(midi, "find_spec", without)
    midi.renderer.cache_clear()
    yield
    midi.renderer.cache_clear()


@pytest.fixture
def song(tmp_path: Path) -> Path:
    path = tmp_path / "song.mid"
    miniatures.write_midi(path, seed=1, seconds=3)
    return path


def rendered(path: Path, soundfont: Path | None = None) -> np.ndarray:
    font = soundfont or default_soundfont()
    return render(path, seconds=3, sample_rate=16_000, soundfont=font)


def test_it_renders_where_the_other_is_missing_and_is_named(song: Path, alone: None) -> None:
    pytest.importorskip("fluidsynth", exc_type=ImportError)
    first = rendered(song)
    assert (first.dtype, first.shape) == (np.float32, (2, 48_000))
    assert np.array_equal(first, rendered(song)), "nothing is left to chance"
    assert np.abs(first).max() > 1e-2
    assert midi.renderer().startswith("fluidsynth ")
    assert VGMidi().fingerprint()["renderer"] == midi.renderer()


def test_it_comes_near_to_the_other(song: Path, request: pytest.FixtureRequest) -> None:
    pytest.importorskip("fluidsynth", exc_type=ImportError)
    pytest.importorskip("tinysoundfont")
    usual = rendered(song)
    request.getfixturevalue("alone")
    other = rendered(song)

    def levels(waveform: np.ndarray) -> np.ndarray:
        pieces = waveform.mean(axis=0).reshape(-1, 1_000)
        power = np.abs(np.fft.rfft(pieces * np.hanning(1_000))) ** 2
        return np.log10(power.reshape(len(pieces), -1)[:, :500].reshape(-1, 20, 25).sum(2) + 1e-6)

    assert np.corrcoef(levels(usual).ravel(), levels(other).ravel())[0, 1] > 0.9
    assert np.std(usual) / 2 < np.std(other) < 2 * np.std(usual)


def test_a_bad_soundfont_is_told(song: Path, tmp_path: Path, alone: None) -> None:
    pytest.importorskip("fluidsynth", exc_type=ImportError)
    font = tmp_path / "font.sf2"
    with pytest.raises(MerbenchError, match=r"font\.sf2 cannot be opened"):
        rendered(song, font)
    font.write_bytes(b"RIFFnothing")
    with pytest.raises(MerbenchError, match=r"font\.sf2 cannot be used"):
        rendered(song, font)


def test_without_either_the_error_says_what_to_install(
    song: Path, alone: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fluidsynth, "synthesiser", lambda: "")
    with pytest.raises(MerbenchError, match=r"--no-deps tinysoundfont.+pip install pyfluidsynth"):
        rendered(song)
