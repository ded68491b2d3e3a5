"""Ogg files are read whole, and no page is left out without a word."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from soundfiles import encoded, tone, written

from merbench import AudioError, audio
from merbench.audio import ogg

RATE = 48_000  # which Opus has


def vorbis(waveform: NDArray[np.float32] | None = None, rate: int = RATE) -> bytes:
    return written(tone(8.0, rate=rate) if waveform is None else waveform, rate, "OGG", "VORBIS")


def pages(data: bytes) -> list[int]:
    starts, position = [], data.find(b"OggS")
    while position >= 0:
        starts.append(position)
        position = data.find(b"OggS", position + 4)
    return starts


def put(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "x.ogg"
    path.write_bytes(data)
    return path


def test_checksums_are_those_that_encoders_write() -> None:
    data = vorbis()
    assert len(pages(data)) > 4
    assert ogg.streams(data, "x.ogg") == [data]


@pytest.mark.parametrize("encoding", ["VORBIS", "OPUS"])
@pytest.mark.parametrize("times", [2, 3])
def test_chained_streams_are_read_whole(tmp_path: Path, encoding: str, times: int) -> None:
    one = written(tone(rate=RATE), RATE, "OGG", encoding)
    alone, _ = audio.read(put(tmp_path, one))
    chained, rate = audio.read(put(tmp_path, one * times))
    assert rate == RATE
    np.testing.assert_array_equal(chained, np.tile(alone, times))


@pytest.mark.parametrize(("rate", "channels"), [(22_050, 2), (RATE, 1)])
def test_streams_that_differ_in_form_are_refused(tmp_path: Path, rate: int, channels: int) -> None:
    other = vorbis(tone(rate=rate, channels=channels), rate)
    with pytest.raises(AudioError, match=rf"changes from 48000 Hz and 2 .* to {rate} Hz and"):
        audio.read(put(tmp_path, vorbis() + other))


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.98, 0.999])
def test_a_damaged_byte_is_reported_wherever_it_is(tmp_path: Path, share: float) -> None:
    data = bytearray(vorbis())
    data[int(share * len(data))] ^= 0x10
    with pytest.raises(AudioError, match=r"x\.ogg is damaged: the checksum of the page at byte"):
        audio.read(put(tmp_path, bytes(data)))


@pytest.mark.parametrize("page", [3, -2])
def test_a_page_that_is_not_there_is_missed(tmp_path: Path, page: int) -> None:
    data = vorbis()
    starts = [*pages(data), len(data)]
    index = page % (len(starts) - 1)
    whole = data[: starts[index]] + data[starts[index + 1] :]
    with pytest.raises(AudioError, match="pages are missing before byte"):
        audio.read(put(tmp_path, whole))


def test_a_page_whose_mark_is_destroyed_is_missed(tmp_path: Path) -> None:
    data = bytearray(vorbis())
    data[pages(data)[-2]] = 0
    with pytest.raises(AudioError, match="pages are missing"):
        audio.read(put(tmp_path, bytes(data)))


@pytest.mark.parametrize("kept", [-1, -100, -3_000])
def test_an_end_that_is_cut_off_is_reported(tmp_path: Path, kept: int) -> None:
    with pytest.raises(AudioError, match="cut short"):
        audio.read(put(tmp_path, vorbis()[:kept]))


def test_the_last_of_several_streams_must_end(tmp_path: Path) -> None:
    data = vorbis()
    with pytest.raises(AudioError, match="cut short: its last page is missing"):
        audio.read(put(tmp_path, data + data[: pages(data)[-1]]))


def test_tags_behind_the_last_page_are_no_damage(tmp_path: Path) -> None:
    waveform, _ = audio.read(put(tmp_path, vorbis() + b"TAG" + bytes(125)))
    assert waveform.shape == (2, 8 * RATE)


def test_flac_in_ogg_which_libsndfile_fails_on_is_read(tmp_path: Path) -> None:
    path = encoded(tmp_path / "x.ogg", tone(channels=1), 44_100, "flac")
    waveform, rate = audio.read(path)
    assert rate == 44_100
    np.testing.assert_allclose(waveform, tone(channels=1), atol=2**-15)
