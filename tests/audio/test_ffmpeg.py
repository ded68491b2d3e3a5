"""What libsndfile does not know is read by FFmpeg; what names other files is not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from soundfiles import encoded, mp3, tone, written

from merbench import AudioError, audio

RATE = 48_000


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("x.m4a", "aac"),
        ("x.m4a", "alac"),
        ("x.mp4", "aac"),
        ("x.aac", "aac"),
        ("x.wma", "wmav2"),
        ("x.webm", "libopus"),
        ("x.mka", "flac"),
        ("x.mp2", "mp2"),
        ("x.tta", "tta"),
        ("x.wv", "wavpack"),
        ("x.caf", "alac"),
        ("x.wav", "libmp3lame"),
        ("x.wav", "adpcm_ms"),
        ("x.aiff", "adpcm_ima_qt"),
    ],
)
@pytest.mark.parametrize("channels", [1, 2])
def test_it_is_read_whole(tmp_path: Path, name: str, codec: str, channels: int) -> None:
    written_ = tone(3.0, channels=channels, rate=RATE)
    waveform, rate = audio.read(encoded(tmp_path / name, written_, RATE, codec))
    assert (rate, len(waveform)) == (RATE, channels)
    assert waveform.dtype == np.float32
    assert waveform.flags.c_contiguous
    assert waveform.shape[1] / rate == pytest.approx(3.0, abs=0.1)
    # LAME takes a twentieth off what it is given.
    assert np.sqrt(np.mean(waveform**2)) == pytest.approx(0.28, abs=0.015)


@pytest.mark.parametrize("codec", ["alac", "flac", "wavpack", "tta"])
def test_what_is_lossless_comes_back(tmp_path: Path, codec: str) -> None:
    ending = {"alac": "m4a", "flac": "mka", "wavpack": "wv", "tta": "tta"}[codec]
    waveform, _ = audio.read(encoded(tmp_path / f"x.{ending}", tone(rate=RATE), RATE, codec))
    np.testing.assert_allclose(waveform, tone(rate=RATE), atol=2**-15)


@pytest.mark.parametrize(
    ("name", "codec"), [("x.m4a", "aac"), ("x.tta", "tta"), ("x.wv", "wavpack")]
)
@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_cut_file_is_refused(tmp_path: Path, name: str, codec: str, share: float) -> None:
    path = encoded(tmp_path / name, tone(rate=RATE), RATE, codec)
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(AudioError, match=rf"{name} (is cut short|cannot be decoded)"):
        audio.read(path)


def test_gsm_is_read_to_its_last_sample(shared: Path) -> None:
    assert audio.read(shared / "cases/gsm.wav")[0].shape == (1, 24_000)


def test_mp3_under_another_name_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    path.write_bytes(mp3(tone()))
    assert audio.read(path)[0].shape[1] == pytest.approx(2 * 44_100, abs=4_410)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nother.wav\n#EXT-X-ENDLIST\n"),
        ("x.ffconcat", "ffconcat version 1.0\nfile other.wav\n"),
        ("x.sdp", "v=0\no=- 0 0 IN IP4 127.0.0.1\nm=audio 5004 RTP/AVP 0\n"),
    ],
)
def test_a_list_of_other_files_is_never_followed(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / "other.wav").write_bytes(written(tone(), 44_100, "WAV"))
    (tmp_path / name).write_text(text)
    with pytest.raises(AudioError, match="cannot be decoded as audio"):
        audio.read(tmp_path / name)
