"""Writing, under any name."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from soundfiles import RATE, tone

from merbench import audio


def test_a_name_that_is_no_valid_utf8_is_written_and_read(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9.wav")
    audio.write(path, tone(), RATE)
    waveform, rate = audio.read(path)
    assert rate == RATE
    np.testing.assert_array_equal(waveform, tone())
