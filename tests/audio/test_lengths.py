"""Every container that states its length is held to it; placeholders state nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from soundfiles import RATE, encoded, tone, written

from merbench import AudioError, audio
from merbench.audio import lengths

STATING = {
    "WAV": "PCM_16", "WAVEX": "PCM_24", "RF64": "PCM_16", "W64": "PCM_16", "AIFF": "PCM_16",
    "CAF": "PCM_16", "AU": "PCM_16", "VOC": "PCM_16", "NIST": "PCM_16", "SVX": "PCM_16",
    "MAT4": "PCM_16", "MAT5": "PCM_16", "AVR": "PCM_16", "WVE": "ALAW", "HTK": "PCM_16",
}  # fmt: skip
SILENT = {"PAF": "PCM_16", "IRCAM": "PCM_16"}
"""Containers whose headers say nothing of their length."""
MONO = ("SVX", "WVE", "HTK")


def made(tmp_path: Path, container: str) -> Path:
    rate = 8_000 if container == "WVE" else RATE
    waveform = tone(0.5, channels=1 if container in MONO else 2, rate=rate)
    path = tmp_path / f"x.{container.lower()}"
    path.write_bytes(written(waveform, rate, container, {**STATING, **SILENT}[container]))
    return path


@pytest.mark.parametrize("container", [*STATING, *SILENT])
def test_a_whole_file_is_read(tmp_path: Path, container: str) -> None:
    path = made(tmp_path, container)
    waveform, _ = audio.read(path)
    assert waveform.shape[1] == (4_000 if container == "WVE" else RATE // 2)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("container", STATING)
def test_a_cut_file_is_refused(tmp_path: Path, container: str, share: float) -> None:
    path = made(tmp_path, container)
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(AudioError, match=rf"x\.{container.lower()} (is cut short|cannot be deco)"):
        audio.read(path)


@pytest.mark.parametrize("container", SILENT)
def test_where_no_length_is_stated_half_a_sample_is_told(tmp_path: Path, container: str) -> None:
    path = made(tmp_path, container)
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(AudioError, match="cut short"):
        audio.read(path)


@pytest.mark.parametrize("order", ["BIG", "LITTLE"])
@pytest.mark.parametrize("container", ["WAV", "AU", "PAF", "IRCAM", "MAT4", "MAT5"])
def test_either_order_of_bytes_is_read(tmp_path: Path, container: str, order: str) -> None:
    import soundfile

    path = tmp_path / "x"
    soundfile.write(path, tone().T, RATE, "PCM_16", order, container)
    assert audio.read(path)[0].shape == (2, 2 * RATE)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(AudioError, match="cut short"):
        audio.read(path)


@pytest.mark.parametrize(("name", "codec"), [("x.webm", "libopus"), ("x.wma", "wmav2")])
@pytest.mark.parametrize("share", [0.3, 0.9, 0.999])
def test_cut_webm_and_wma_are_refused(tmp_path: Path, name: str, codec: str, share: float) -> None:
    rate = 48_000
    path = encoded(tmp_path / name, tone(rate=rate), rate, codec)
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(AudioError, match="cut short"):
        audio.read(path)


# --- placeholders ---------------------------------------------------------------------------------

PLACEHOLDERS = (0x7FFFF000, 0x7FFFFFFF, 0x80000000, 0x80000024, 0xFFFFFFDB, 0xFFFFFFFF)


def resized(tmp_path: Path, whole: int, samples: int) -> Path:
    data = bytearray(written(tone(1.0, channels=1), RATE, "WAV", "PCM_16"))
    data[4:8], data[40:44] = whole.to_bytes(4, "little"), samples.to_bytes(4, "little")
    path = tmp_path / "x.wav"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("samples", PLACEHOLDERS)
@pytest.mark.parametrize("whole", [0, 36, 0x7FFFF024, 0xFFFFFFFF, 7])
def test_a_placeholder_means_to_the_end_of_the_file(
    tmp_path: Path, whole: int, samples: int
) -> None:
    waveform, _ = audio.read(resized(tmp_path, whole, samples))
    np.testing.assert_allclose(waveform, tone(1.0, channels=1), atol=2**-15)


@pytest.mark.parametrize("samples", [88_202, 1_000_000, 0x7FF00000, 0xB0000000])
def test_a_size_that_is_no_placeholder_is_a_promise(tmp_path: Path, samples: int) -> None:
    with pytest.raises(AudioError, match="cut short"):
        audio.read(resized(tmp_path, 36 + samples & 0xFFFFFFFF, samples))


def test_of_an_unknown_container_nothing_is_told(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"something else")
    with path.open("rb") as file:
        assert not lengths.is_cut(file)
