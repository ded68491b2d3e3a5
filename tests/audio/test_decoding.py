"""Decoding: what is sound is read whole and unclipped, what is not is a clear error."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from drawn import drawn
from merbench import AudioError, audio

RATE = 22_050
FORMATS = {
    "wav": ("WAV", "PCM_16"),
    "float.wav": ("WAV", "FLOAT"),
    "wavex.wav": ("WAVEX", "PCM_24"),
    "aiff": ("AIFF", "PCM_16"),
    "flac": ("FLAC", "PCM_16"),
    "ogg": ("OGG", "VORBIS"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
}
LOSSLESS = ("wav", "float.wav", "wavex.wav", "aiff", "flac")


def noise(
    seconds: float = 2.0, *, channels: int = 2, rate: int = RATE, peak: float = 0.5
) -> NDArray[np.float32]:
    rng = np.random.default_rng(0)
    return rng.uniform(-peak, peak, (channels, round(seconds * rate))).astype(np.float32)


def write(
    path: Path, waveform: NDArray[np.float32], rate: int = RATE, ending: str | None = None
) -> Path:
    format_, subtype = FORMATS[ending or path.name.partition(".")[2]]
    soundfile.write(path, waveform.T, rate, format=format_, subtype=subtype)
    return path


# --- what is read ---------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", FORMATS)
def test_every_format_is_read(tmp_path: Path, ending: str) -> None:
    waveform, rate = audio.read(write(tmp_path / f"x.{ending}", noise()))
    assert rate == RATE
    assert waveform.shape == (2, 2 * RATE)
    assert waveform.dtype == np.float32
    assert waveform.flags.c_contiguous


@pytest.mark.parametrize("ending", LOSSLESS)
def test_a_lossless_format_gives_back_what_was_written(tmp_path: Path, ending: str) -> None:
    written = noise(channels=1)
    waveform, _ = audio.read(write(tmp_path / f"x.{ending}", written))
    np.testing.assert_allclose(waveform, written, atol=2**-15)


def test_channels_are_not_interleaved(tmp_path: Path) -> None:
    left, right = np.full(100, 0.25, np.float32), np.full(100, -0.5, np.float32)
    waveform, _ = audio.read(write(tmp_path / "x.wav", np.stack([left, right])))
    np.testing.assert_array_equal(waveform, [left, right])


@pytest.mark.parametrize("rate", [8_000, 96_000])
def test_unusual_sample_rates_are_read(tmp_path: Path, rate: int) -> None:
    waveform, found = audio.read(write(tmp_path / "x.wav", noise(0.5, rate=rate), rate))
    assert (found, waveform.shape) == (rate, (2, rate // 2))


def test_six_channels_are_read(tmp_path: Path) -> None:
    waveform, _ = audio.read(write(tmp_path / "x.wav", noise(channels=6)))
    assert waveform.shape == (6, 2 * RATE)


def test_fifty_milliseconds_are_read(tmp_path: Path) -> None:
    waveform, _ = audio.read(write(tmp_path / "x.wav", noise(0.05)))
    assert waveform.shape == (2, round(0.05 * RATE))


def test_silence_is_read(tmp_path: Path) -> None:
    waveform, _ = audio.read(write(tmp_path / "x.wav", np.zeros((2, RATE), np.float32)))
    assert waveform.shape == (2, RATE)
    assert not waveform.any()


def test_mp3_above_full_scale_is_not_clipped(tmp_path: Path) -> None:
    # Square waves overshoot when their high partials are dropped, as loud masters' MP3s do.
    time = np.arange(2 * RATE) / RATE
    square = np.sign(np.sin(2 * np.pi * 441 * time)).astype(np.float32)[np.newaxis] * 0.99
    waveform, _ = audio.read(write(tmp_path / "loud.mp3", square))
    assert np.abs(waveform).max() > 1.05


def test_float_above_full_scale_survives_write_and_read(tmp_path: Path) -> None:
    written = noise(peak=1.61)
    audio.write(tmp_path / "x.wav", written, RATE)
    waveform, rate = audio.read(tmp_path / "x.wav")
    assert rate == RATE
    np.testing.assert_array_equal(waveform, written)


def test_a_name_may_be_text(tmp_path: Path) -> None:
    path = write(tmp_path / "x.wav", noise())
    np.testing.assert_array_equal(audio.read(str(path))[0], audio.read(path)[0])


def test_chunks_after_and_before_the_samples_are_no_truncation(tmp_path: Path) -> None:
    path = write(tmp_path / "x.wav", noise())
    head, data = path.read_bytes()[:36], path.read_bytes()[36:]
    note = b"note" + (3).to_bytes(4, "little") + b"abc\0"  # odd sizes are padded
    (tmp_path / "noted.wav").write_bytes(head + note + data + note)
    assert audio.read(tmp_path / "noted.wav")[0].shape == (2, 2 * RATE)


def test_a_streamed_wav_of_unknown_size_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "x.wav", noise())
    content = bytearray(path.read_bytes())
    content[4:8] = content[40:44] = b"\xff\xff\xff\xff"
    path.write_bytes(content)
    assert audio.read(path)[0].shape == (2, 2 * RATE)


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.03, 0.3, 0.7, 0.9])
@pytest.mark.parametrize("ending", FORMATS)
def test_a_truncated_file_is_refused(tmp_path: Path, ending: str, share: float) -> None:
    path = write(tmp_path / f"x.{ending}", noise())
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(AudioError, match=rf"x\.{ending} (is cut short|cannot be decoded).*replace"):
        audio.read(path)


@pytest.mark.parametrize("ending", [e for e in FORMATS if e != "mp3"])
def test_one_missing_byte_is_seen(tmp_path: Path, ending: str) -> None:
    path = write(tmp_path / f"x.{ending}", noise(channels=1))
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(AudioError, match=r"cut short|cannot be decoded"):
        audio.read(path)


def test_an_ogg_without_its_last_page_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "x.ogg", noise(8.0))
    content = path.read_bytes()
    path.write_bytes(content[: content.rfind(b"OggS")])
    with pytest.raises(AudioError, match="cut short"):
        audio.read(path)


@pytest.mark.parametrize("ending", [*FORMATS, "txt"])
def test_an_empty_file_is_refused(tmp_path: Path, ending: str) -> None:
    (tmp_path / f"x.{ending}").touch()
    with pytest.raises(AudioError, match=rf"x\.{ending} is empty \(0 bytes\)"):
        audio.read(tmp_path / f"x.{ending}")


@pytest.mark.parametrize("ending", ["wav", "flac", "ogg", "mp3", "raw", "txt"])
def test_a_text_file_is_refused(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"x.{ending}"
    path.write_text("This is a letter, and no recording.\n" * 200)
    with pytest.raises(AudioError, match=rf"x\.{ending} cannot be decoded as audio") as caught:
        audio.read(path)
    assert "does not exist" not in str(caught.value)


def test_a_wav_without_samples_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "x.wav", noise()[:, :0])
    with pytest.raises(AudioError, match="holds no audio samples"):
        audio.read(path)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_samples_that_are_not_finite_are_refused(tmp_path: Path, value: float) -> None:
    waveform = noise()
    waveform[1, 5:8] = value
    path = write(tmp_path / "x.float.wav", waveform, ending="float.wav")
    with pytest.raises(AudioError, match=rf"x\.float\.wav: 3 of {4 * RATE} .* NaN or infinite"):
        audio.read(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match=r"gone\.wav cannot be opened \(No such file"):
        audio.read(tmp_path / "gone.wav")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="cannot be decoded"):
        audio.read(tmp_path)


def test_a_header_that_promises_more_than_memory_holds_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "x.flac", noise())
    content = bytearray(path.read_bytes())
    # The number of samples: 36 bits at the end of the stream's description (RFC 9639, 8.2).
    content[21] |= 0x0F
    content[22:26] = b"\xff\xff\xff\xff"
    path.write_bytes(content)
    with pytest.raises(AudioError, match=r"promises 68,719,476,735 samples|cut short"):
        audio.read(path)


@drawn(30)
@given(
    ending=st.sampled_from(sorted(FORMATS)),
    changes=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=6),
    kept=st.floats(0.01, 1),
)
def test_a_damaged_file_is_read_or_refused_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory,
    ending: str,
    changes: list[tuple[float, int]],
    kept: float,
) -> None:
    path = tmp_path_factory.getbasetemp() / f"damaged.{ending}"
    content = bytearray(write(path, noise(0.2)).read_bytes())
    for place, value in changes:
        content[round(place**3 * (len(content) - 1))] = value  # headers suffer most
    path.write_bytes(content[: round(kept * len(content))])
    with suppress(AudioError):
        waveform, rate = audio.read(path)
        assert rate > 0
        assert waveform.size > 0
        assert np.isfinite(waveform).all()


# --- files of kinds that real collections hold ----------------------------------------------------


@pytest.mark.parametrize(
    ("name", "seconds"),
    [
        ("cbr64_no_header.mp3", 24.0),
        ("vbr_no_header_loud_then_silent.mp3", 24.0),
        ("vbr_no_header_silent_then_loud.mp3", 24.0),
        ("two_joined.mp3", 15.1),
        ("cover_art.mp3", 8.0),
        ("cut_in_mid_frame.mp3", 7.2),
        ("piped_unknown_length.flac", 3.0),
        ("gsm.wav", 3.0),
        ("streamed_arecord.wav", 1.0),
        ("streamed_ffffffdb.wav", 1.0),
        ("streamed_sox.wav", 1.0),
        ("left_silent.wav", 2.0),
    ],
)
def test_a_case_is_read_whole(shared: Path, name: str, seconds: float) -> None:
    waveform, rate = audio.read(shared / "cases" / name)
    assert waveform.shape[1] / rate == pytest.approx(seconds, abs=0.1)
    told = audio.blemishes(shared / "cases" / name)
    assert bool(told) == (name == "cut_in_mid_frame.mp3")


def test_a_case_that_is_really_cut_is_refused(shared: Path) -> None:
    with pytest.raises(AudioError, match=r"really_cut\.wav is cut short"):
        audio.read(shared / "cases/really_cut.wav")


def test_flac_of_unknown_length_is_read_whole(tmp_path: Path) -> None:
    written = noise()
    path = write(tmp_path / "x.flac", written)
    content = bytearray(path.read_bytes())
    content[21] &= 0xF0
    content[22:26] = bytes(4)
    path.write_bytes(content)
    np.testing.assert_allclose(audio.read(path)[0], written, atol=2**-15)
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(
        AudioError, match=r"cannot be decoded beyond 0\.\d\d s: it is damaged or cut"
    ):
        audio.read(path)


@pytest.mark.parametrize("rate", [1, 999, 768_001, 2_000_000_000])
def test_a_sample_rate_that_nothing_is_recorded_at_is_refused(tmp_path: Path, rate: int) -> None:
    path = write(tmp_path / "x.wav", noise())
    content = bytearray(path.read_bytes())
    content[24:28] = rate.to_bytes(4, "little")
    path.write_bytes(content)
    with pytest.raises(AudioError, match=rf"x\.wav: its sample rate is {rate:,} Hz, outside 1,000"):
        audio.read(path)


def test_whatever_a_decoder_raises_names_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "x.wav", noise())

    def broken(*_: object, **__: object) -> None:
        raise KeyError("surprise")

    monkeypatch.setattr(soundfile, "SoundFile", broken)
    with pytest.raises(AudioError, match=r"x\.wav cannot be decoded as audio \(KeyError: 'surpri"):
        audio.read(path)


def test_a_name_that_is_no_valid_utf8_is_spelt_out(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9.wav")
    path.write_text("no audio")
    with pytest.raises(AudioError, match=r"caf\\udce9\.wav cannot be decoded") as caught:
        audio.read(path)
    str(caught.value).encode()
    path.write_bytes(write(tmp_path / "x.wav", noise()).read_bytes())
    assert audio.read(path)[0].shape == (2, 2 * RATE)


def test_flac_files_joined_to_one_are_read_whole(tmp_path: Path) -> None:
    whole = np.random.default_rng(0).uniform(-0.5, 0.5, (3_000, 2))
    parts = []
    for number, part in enumerate((whole[:1_000], whole[1_000:])):
        soundfile.write(tmp_path / f"{number}.flac", part, 8_000, subtype="PCM_16")
        parts.append((tmp_path / f"{number}.flac").read_bytes())
    joined = tmp_path / "joined.flac"
    joined.write_bytes(b"".join(parts))
    waveform, rate = audio.read(joined)
    assert (waveform.shape, rate) == ((2, 3_000), 8_000)
    np.testing.assert_allclose(waveform.T, whole, atol=1e-4)
