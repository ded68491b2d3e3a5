from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from merbench import audio
from merbench_plugins.separators.mixed import Mixed


def test_is_the_waveform_itself() -> None:
    waveform = np.linspace(-1.6, 1.6, 10, dtype=np.float32).reshape(2, 5)
    stems = Mixed().separate(waveform, 44100, device="cpu")
    assert tuple(stems) == Mixed.stems == ("mixed",)
    assert stems["mixed"] is waveform


def test_sixteen_bit_is_what_a_file_of_sixteen_bit_gives_back(tmp_path: Path) -> None:
    waveform = np.random.default_rng(0).uniform(-1.6, 1.6, (2, 4_000)).astype(np.float32)
    coarse = Mixed(sixteen_bit=True).separate(waveform, 44_100, device="cpu")["mixed"]
    soundfile.write(tmp_path / "x.wav", np.clip(waveform.T, -1, 1), 44_100, subtype="PCM_16")
    written, _ = audio.read(tmp_path / "x.wav")
    assert coarse.dtype == np.float32
    np.testing.assert_allclose(coarse, written, atol=1 / 32_768)
    np.testing.assert_array_equal(coarse * 32_768, np.rint(coarse * 32_768))
    assert (coarse.min(), coarse.max()) == (-1.0, np.float32(32_767 / 32_768))


def test_sixteen_bit_is_another_system() -> None:
    assert Mixed().identity() != Mixed(sixteen_bit=True).identity()
    assert Mixed(sixteen_bit=True).settings == {"sixteen_bit": True}
