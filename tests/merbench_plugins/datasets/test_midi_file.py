"""An event's time is what the file says, or the file is refused."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import mido
import numpy as np
import pytest

from merbench import AudioError
from merbench_plugins.datasets.midi_file import BEND, CONTROL, NOTE_ON, PROGRAM, Event, read


def number(value: int) -> bytes:
    parts = [value & 0x7F]
    while value := value >> 7:
        parts.append(value & 0x7F | 0x80)
    return bytes(reversed(parts))


def song(path: Path, *tracks: bytes, division: int = 480, kind: int = 1) -> Path:
    chunks = [b"MTrk" + struct.pack(">I", len(track)) + track for track in tracks]
    head = b"MThd" + struct.pack(">I3H", 6, kind, len(tracks), division)
    path.write_bytes(head + b"".join(chunks))
    return path


def note(delta: int, key: int = 60) -> bytes:
    return number(delta) + bytes([0x90, key, 80])


def tempo(delta: int, microseconds: int) -> bytes:
    return number(delta) + b"\xff\x51\x03" + microseconds.to_bytes(3, "big")


def onsets(path: Path) -> list[float]:
    return [event.seconds for event in read(path) if event.kind == NOTE_ON and event.second]


@pytest.mark.parametrize("rest", [1, 127, 128, 16_384, 2_000_000, 2**28 - 1])
def test_a_rest_is_as_long_as_it_says(tmp_path: Path, rest: int) -> None:
    path = song(tmp_path / "x.mid", note(0) + note(rest))
    assert onsets(path) == [0, pytest.approx(rest / 960, rel=1e-12)]


def test_the_case_of_a_long_rest(shared: Path) -> None:
    assert onsets(shared / "cases/long_rest.mid") == [0, pytest.approx(2_083.83, abs=0.01)]


def test_tempos_count_from_their_tick_on_in_whatever_track(tmp_path: Path) -> None:
    changes = tempo(480, 1_000_000) + tempo(480, 250_000)
    path = song(tmp_path / "x.mid", note(0) + note(480) + note(480) + note(480), changes)
    assert onsets(path) == [0, 0.5, 1.5, 1.75]


@pytest.mark.parametrize(
    ("frames", "ticks", "rate"),
    [(24, 80, 24.0), (25, 40, 25.0), (29, 100, 30_000 / 1_001), (30, 4, 30.0)],
)
def test_ticks_of_a_fixed_length_do_not_heed_the_tempo(
    tmp_path: Path, frames: int, ticks: int, rate: float
) -> None:
    division = (256 - frames) << 8 | ticks
    path = song(tmp_path / "x.mid", tempo(0, 1_000_000) + note(1_000), division=division)
    assert onsets(path) == [pytest.approx(1_000 / (rate * ticks))]


@pytest.mark.parametrize("division", [0, 0xE800, 0x9918])
def test_no_unit_of_time_is_refused(tmp_path: Path, division: int) -> None:
    path = song(tmp_path / "x.mid", note(0), division=division)
    with pytest.raises(AudioError, match=rf"x\.mid: .* no unit of time \(division {division:#06x}"):
        read(path)


def test_channel_messages_are_read_and_running_status_kept(tmp_path: Path) -> None:
    track = (
        bytes([0, 0xC3, 24, 0, 0xB3, 7, 100, 0, 10, 64])  # the second controller without status
        + b"\0\xff\x01\x02hi"  # a text between, after which it still counts
        + bytes([0, 11, 90, 0, 0xE3, 0, 0x40, 0, 0xD3, 5, 0, 0xA3, 60, 5])
        + b"\0\xf0\x02\x43\xf7\0\xff\x2f\0"
    )
    assert read(song(tmp_path / "x.mid", track, kind=0)) == [
        Event(0.0, PROGRAM, 3, 24, 0),
        Event(0.0, CONTROL, 3, 7, 100),
        Event(0.0, CONTROL, 3, 10, 64),
        Event(0.0, CONTROL, 3, 11, 90),
        Event(0.0, BEND, 3, 0, 0x40),
    ]


def test_a_key_signature_that_no_key_has_is_no_reason_to_refuse(tmp_path: Path) -> None:
    path = song(tmp_path / "x.mid", b"\0\xff\x59\x02\x0a\x07" + note(0))
    assert onsets(path) == [0]


def test_chunks_that_are_no_tracks_are_passed_over(tmp_path: Path) -> None:
    path = song(tmp_path / "x.mid", note(0))
    data = path.read_bytes()
    path.write_bytes(data[:14] + b"XFIH" + struct.pack(">I", 3) + b"abc" + data[14:])
    assert onsets(path) == [0]


@pytest.mark.parametrize(
    ("track", "says"),
    [
        (b"\0\x90\x3c", "ends within an event"),
        (b"\0\x3c\x40", "belong to no event"),
        (b"\0\xf4\x00", "belong to no event"),
        (b"\0\x90\x3c\x90", "above 127"),
        (b"\xff\xff\xff\xff\x7f\x90\x3c\x40", "longer than four bytes"),
        (b"\0\xff\x51\x02\x01\x02", "no number of microseconds"),
        (b"\0\xff\x51\x03\0\0\0", "no number of microseconds"),
        (b"\0\xff\x01\x40hi", "ends within an event"),
    ],
)
def test_what_cannot_be_told_is_refused(tmp_path: Path, track: bytes, says: str) -> None:
    with pytest.raises(AudioError, match=rf"x\.mid cannot be read as MIDI .*{says}"):
        read(song(tmp_path / "x.mid", track))


def test_independent_pieces_are_refused(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="2 independent pieces"):
        read(song(tmp_path / "x.mid", note(0), note(0), kind=2))


def test_times_are_those_of_another_reader(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    other = mido.MidiFile(ticks_per_beat=384)
    for channel in range(3):
        track = mido.MidiTrack()
        for _ in range(200):
            rest = int(rng.integers(0, 500))
            if rng.random() < 0.1:
                beat = int(rng.integers(200_000, 900_000))
                track.append(mido.MetaMessage("set_tempo", tempo=beat, time=rest))
            else:
                key = int(rng.integers(20, 100))
                track.append(mido.Message("note_on", channel=channel, note=key, time=rest))
        other.tracks.append(track)
    buffer = io.BytesIO()
    other.save(file=buffer)
    (tmp_path / "x.mid").write_bytes(buffer.getvalue())
    passed, expected = 0.0, []
    for message in other:
        passed += message.time
        if message.type == "note_on":
            expected.append((message.channel, message.note, passed))
    found = [(event.channel, event.first, event.seconds) for event in read(tmp_path / "x.mid")]
    assert [f[:2] for f in found] == [e[:2] for e in expected]
    np.testing.assert_allclose([f[2] for f in found], [e[2] for e in expected], atol=1e-9)
