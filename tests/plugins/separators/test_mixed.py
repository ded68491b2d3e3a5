from __future__ import annotations

import numpy as np

from merbench_plugins.separators.mixed import Mixed


def test_is_the_waveform_itself() -> None:
    waveform = np.linspace(-1.6, 1.6, 10, dtype=np.float32).reshape(2, 5)
    stems = Mixed().separate(waveform, 44100)
    assert tuple(stems) == Mixed.stems == ("mixed",)
    assert stems["mixed"] is waveform
