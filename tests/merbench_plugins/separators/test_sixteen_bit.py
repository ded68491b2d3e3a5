"""A waveform through a file of 16 bits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from merbench_plugins.separators.sixteen_bit import through_sixteen_bit


def test_it_is_what_a_file_of_16_bits_gives_back(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    # On the numbers of 16 bits and beside them, within what such a file can hold.
    waveform = (rng.integers(-32768, 32767, (2, 999)) / 32768).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", waveform.T, 8_000, subtype="PCM_16")
    read, _ = soundfile.read(tmp_path / "a.wav", dtype="float32", always_2d=True)
    np.testing.assert_array_equal(through_sixteen_bit(waveform), read.T)


def test_what_is_between_is_rounded_and_what_is_louder_is_clipped() -> None:
    step = 1 / 32768
    waveform = np.array([[0.4 * step, 0.6 * step, -1.6 * step, 1.0, 7.0, -7.0]], np.float32)
    expected = [[0, step, -2 * step, 1 - step, 1 - step, -1]]
    np.testing.assert_array_equal(through_sixteen_bit(waveform), np.float32(expected))
