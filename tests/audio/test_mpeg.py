"""Frames of MPEG audio are counted, and a count that the file states is held against it."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from soundfiles import RATE, mp3, stated_mp3, tone

from merbench import AudioError, audio
from merbench.audio import mpeg

FRAME = 1_152

ID3V1 = b"TAG" + bytes(125)
ID3V2 = b"ID3\x03\0\0" + bytes([0, 0, 8, 0]) + b"\xff\xfb\x90\x00" * 256  # looks like frames
APE = b"APETAGEX" + struct.pack("<4I", 2_000, 40, 1, 0) + bytes(8) + bytes(8)
LYRICS = b"LYRICSBEGIN" + b"la " * 40 + b"000120LYRICS200"


def put(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "x.mp3"
    path.write_bytes(data)
    return path


def seconds(path: Path) -> float:
    waveform, rate = audio.read(path)
    return waveform.shape[1] / rate


# --- no length is stated --------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [44_100, 48_000, 22_050, 16_000, 8_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_constant_bit_rate_without_header_is_read_whole(
    tmp_path: Path, rate: int, channels: int
) -> None:
    data = mp3(tone(5.0, channels=channels, rate=rate), rate, bit_rate=64)
    assert b"Info" not in data
    assert b"Xing" not in data
    path = put(tmp_path, data)
    waveform, found = audio.read(path)
    assert (found, len(waveform)) == (rate, channels)
    # The encoder's delay and padding are there, as in any player: the file does not state them.
    assert 5.0 <= waveform.shape[1] / rate <= 5.0 + 3 * FRAME / rate
    assert audio.blemishes(path) == []


@pytest.mark.parametrize("loud_first", [True, False])
def test_a_length_estimated_from_the_first_frames_decides_nothing(
    tmp_path: Path, loud_first: bool
) -> None:
    noise = np.random.default_rng(0).uniform(-0.9, 0.9, (1, 6 * RATE)).astype(np.float32)
    parts = [noise, np.zeros((1, 18 * RATE), np.float32)]
    waveform = np.concatenate(parts if loud_first else parts[::-1], axis=1)
    path = put(tmp_path, mp3(waveform, bit_rate=None))
    assert seconds(path) == pytest.approx(24.0, abs=0.1)
    assert audio.blemishes(path) == []


def test_the_middle_is_at_its_time(tmp_path: Path) -> None:
    waveform = np.zeros((2, 3 * RATE), np.float32)
    waveform[:, RATE : 2 * RATE] = tone(1.0)
    decoded, _ = audio.read(put(tmp_path, mp3(waveform)))
    onset = np.flatnonzero(np.abs(decoded[0]) > 0.1)[0] / RATE
    assert onset == pytest.approx(1.0, abs=0.05)


def test_a_cut_file_that_states_no_length_is_read_to_its_last_whole_frame(tmp_path: Path) -> None:
    data = mp3(tone(5.0))
    cut = data[: len(data) // 2 + 50]
    path = put(tmp_path, cut)
    frames = mpeg.scan(cut)
    assert frames.incomplete
    assert audio.read(path)[0].shape[1] == frames.count * FRAME
    assert audio.blemishes(path) == [
        "its last frame is incomplete and left out; the file may have been cut"
    ]


def test_loud_audio_is_not_clipped(tmp_path: Path) -> None:
    square = 0.99 * np.sign(np.sin(2 * np.pi * 441 * np.arange(RATE) / RATE))
    waveform, _ = audio.read(put(tmp_path, mp3(square[np.newaxis].astype(np.float32))))
    assert np.abs(waveform).max() > 1.05


# --- a stated length ------------------------------------------------------------------------------


def test_the_delay_that_a_header_states_is_left_out(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (1, 5 * RATE)).astype(np.float32)
    waveform, _ = audio.read(put(tmp_path, stated_mp3(noise)))
    assert waveform.shape == (1, 5 * RATE)
    lag = np.argmax(np.correlate(waveform[0, 1_000:9_000], noise[0, 3_000:7_000], "valid"))
    assert lag == 2_000


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9, 0.98])
def test_fewer_frames_than_stated_are_an_error(tmp_path: Path, share: float) -> None:
    data = stated_mp3(tone(5.0))
    path = put(tmp_path, data[: int(share * len(data))])
    with pytest.raises(AudioError, match=r"x\.mp3 is cut short: .* frames less than it states"):
        audio.read(path)


def vbri(frames: int) -> bytes:
    """A frame as Fraunhofer's encoder writes it: 128 kbit/s, 44.1 kHz, 417 bytes."""
    head = b"\xff\xfb\x90\x00" + bytes(32) + b"VBRI" + struct.pack(">HHH", 1, 0, 75)
    return (head + struct.pack(">II", 0, frames)).ljust(417, b"\0")


def test_a_vbri_header_is_a_promise_too(tmp_path: Path) -> None:
    data = mp3(tone(3.0))
    count = mpeg.scan(data).count
    assert seconds(put(tmp_path, vbri(count) + data)) == pytest.approx(3.0, abs=0.15)
    with pytest.raises(AudioError, match="10 frames less than it states"):
        audio.read(put(tmp_path, vbri(count + 10) + data))


def test_a_header_without_a_count_promises_nothing(tmp_path: Path) -> None:
    data = bytearray(stated_mp3(tone(3.0)))
    tag = max(data.find(b"Xing"), data.find(b"Info"))
    data[tag + 7] &= 0xFE
    found = mpeg.scan(bytes(data[: len(data) // 2]))
    assert found.missing == 0
    assert found.count > 40


# --- several files, tags and junk -----------------------------------------------------------------


@pytest.mark.parametrize("first", [mp3, stated_mp3])
@pytest.mark.parametrize("second", [mp3, stated_mp3])
def test_joined_files_are_read_whole(tmp_path: Path, first, second) -> None:
    data = first(tone(3.0)) + ID3V1 + ID3V2 + second(tone(2.0))
    path = put(tmp_path, data)
    assert seconds(path) == pytest.approx(5.0, abs=0.2)
    assert audio.blemishes(path) == []


def test_joined_files_are_each_held_to_their_count(tmp_path: Path) -> None:
    one, other = stated_mp3(tone(3.0)), stated_mp3(tone(2.0))
    cut = one[: mpeg.scan(one[: len(one) // 2]).end]
    with pytest.raises(AudioError, match="cut short"):
        audio.read(put(tmp_path, cut + other))


@pytest.mark.parametrize("channels", [1, 2])
def test_joined_files_that_differ_are_refused(tmp_path: Path, channels: int) -> None:
    other = mp3(tone(2.0, channels=channels, rate=22_050), 22_050)
    with pytest.raises(AudioError, match=r"changes from 44100 Hz and 2 channels to \d+ Hz"):
        audio.read(put(tmp_path, mp3(tone()) + other))


@pytest.mark.parametrize(
    "tags",
    [
        (ID3V2, b""),
        (b"", ID3V1),
        (b"", APE),
        (ID3V2, APE + ID3V1),
        (b"", LYRICS + ID3V1),
        (ID3V2 + bytes(3_000), bytes(3_000)),
    ],
)
def test_tags_are_no_audio(tmp_path: Path, tags: tuple[bytes, bytes]) -> None:
    data = mp3(tone())
    alone, _ = audio.read(put(tmp_path, data))
    path = put(tmp_path, tags[0] + data + tags[1])
    np.testing.assert_array_equal(audio.read(path)[0], alone)
    assert audio.blemishes(path) == []


def test_a_picture_larger_than_the_sound_is_passed_over(tmp_path: Path) -> None:
    size = 300_000
    tag = b"ID3\x03\0\0" + bytes([size >> 21 & 127, size >> 14 & 127, size >> 7 & 127, size & 127])
    picture = np.random.default_rng(0).integers(0, 256, size, dtype=np.uint8).tobytes()
    assert seconds(put(tmp_path, tag + picture + mp3(tone()))) == pytest.approx(2.0, abs=0.1)


def test_what_is_no_audio_between_frames_is_told(tmp_path: Path) -> None:
    data = mp3(tone(4.0))
    middle = len(data) // 2
    path = put(tmp_path, data[:middle] + b"\x55" * 1_000 + data[middle:])
    assert seconds(path) == pytest.approx(4.0, abs=0.15)
    (told,) = audio.blemishes(path)
    assert "bytes between its frames are no audio" in told


def test_a_text_that_begins_like_a_frame_is_none() -> None:
    assert not mpeg.begins(b"\xff\xfe" + "a letter".encode("utf-16-le") * 100)
