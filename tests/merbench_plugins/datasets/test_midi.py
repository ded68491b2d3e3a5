from __future__ import annotations

import builtins
from pathlib import Path

import miniatures
import numpy as np
import pretty_midi
import pytest

from merbench import AudioError, MerbenchError
from merbench_plugins.datasets.midi import default_soundfont, render


def rendered(path: Path, seconds: float = 30, rate: int = 16_000) -> np.ndarray:
    return render(path, seconds=seconds, sample_rate=rate, soundfont=default_soundfont())


@pytest.fixture
def song(tmp_path: Path) -> Path:
    path = tmp_path / "song.mid"
    miniatures.write_midi(path, seed=1, seconds=3)
    return path


def notes(path: Path, *notes: pretty_midi.Note, program: int = 0, drums: bool = False) -> Path:
    song = pretty_midi.PrettyMIDI()
    instrument = pretty_midi.Instrument(program, is_drum=drums)
    instrument.notes.extend(notes)
    song.instruments.append(instrument)
    song.write(str(path))
    return path


def test_rendering_is_the_same_every_time(song: Path) -> None:
    first = rendered(song)
    assert first.dtype == np.float32
    assert first.flags.writeable
    assert first.flags.c_contiguous
    assert np.array_equal(first, rendered(song))


def test_rendering_stops_at_the_limit_or_when_the_notes_have_died_away(song: Path) -> None:
    assert rendered(song, seconds=1.5).shape == (2, 24_000)
    assert rendered(song).shape == (2, 5 * 16_000)  # three seconds of notes, two of decay
    assert np.array_equal(rendered(song)[:, :24_000], rendered(song, seconds=1.5))


def test_notes_sound_at_their_time_and_pitch(tmp_path: Path) -> None:
    path = notes(tmp_path / "a.mid", pretty_midi.Note(100, 69, 1.0, 2.0))
    waveform = rendered(path, rate=44_100).mean(axis=0)
    onset = np.flatnonzero(np.abs(waveform) > 1e-3)[0] / 44_100
    assert onset == pytest.approx(1.0, abs=0.02)
    spectrum = np.abs(np.fft.rfft(waveform[44_100:88_200]))
    assert np.argmax(spectrum[:660]) == pytest.approx(440, abs=3)


def test_channel_ten_is_percussion_without_being_told(tmp_path: Path) -> None:
    note = pretty_midi.Note(100, 38, 0, 0.5)
    drums = rendered(notes(tmp_path / "d.mid", note, drums=True))
    piano = rendered(notes(tmp_path / "p.mid", note))

    def flatness(waveform: np.ndarray) -> float:
        power = np.abs(np.fft.rfft(waveform[0, :8_000])) ** 2 + 1e-12
        return float(np.exp(np.log(power).mean()) / power.mean())

    assert flatness(drums) > 10 * flatness(piano)


def test_a_note_after_a_long_rest_is_not_heard_before_it(shared: Path) -> None:
    waveform = rendered(shared / "cases/long_rest.mid")
    assert waveform.shape == (2, 30 * 16_000)
    assert np.abs(waveform[:, :16_000]).max() > 1e-2
    assert np.abs(waveform[:, 5 * 16_000 :]).max() < 1e-3


def test_soundfont_is_pretty_midis() -> None:
    assert default_soundfont().name == "TimGM6mb.sf2"
    assert default_soundfont().is_file()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no MIDI file"),
        (b"RIFFxxxxWAVEfmt ", "no MIDI file"),
        (b"MThd\0\0\0\6\0\1\0\1\0\x60", "cut short"),
        (b"MThd\0\0\0\6\0\0\0\1\0\x60MTrk\0\0\0\4\0\xff\x2f\0", "no notes"),
        (b"MThd\0\0\0\6\0\0\0\1\0\x60MTrk\0\0\0\4\0\x40\x2f\0", "cannot be read as MIDI"),
        (b"MThd\0\0\0\6\0\0\0\1\0\x60MTrk\0\0\0\7\0\xc0\1\0\xff\x2f\0", "no notes"),
    ],
)
def test_what_is_no_music_is_refused(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "x.mid"
    path.write_bytes(content)
    with pytest.raises(AudioError, match=says) as caught:
        rendered(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("share", [0.999, 0.9, 0.5, 0.2])
def test_files_cut_short_are_refused(song: Path, share: float) -> None:
    """The reader itself takes them, and plays the tracks before the cut."""
    content = song.read_bytes()
    song.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(AudioError, match="cut short"):
        rendered(song)


def test_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match=r"gone\.mid cannot be opened"):
        rendered(tmp_path / "gone.mid")


def test_bad_soundfont_is_told(song: Path, tmp_path: Path) -> None:
    font = tmp_path / "font.sf2"
    with pytest.raises(MerbenchError, match=r"font\.sf2 cannot be opened"):
        render(song, seconds=1, sample_rate=8_000, soundfont=font)
    font.write_bytes(b"RIFFnothing")
    with pytest.raises(MerbenchError, match=r"font\.sf2 cannot be used"):
        render(song, seconds=1, sample_rate=8_000, soundfont=font)


def test_playback_library_is_never_asked_for(song: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = builtins.__import__

    def guarded(name: str, *args: object, **options: object) -> object:
        assert name != "pyaudio"
        return original(name, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", guarded)
    assert rendered(song, seconds=0.1).shape == (2, 1_600)
