"""What tests of this folder may use."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from stage_plugins import LABEL, RNG

from merbench import Clip, audio
from merbench.steps.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path / "store")
    made.prepare()
    return made


@pytest.fixture
def clip(tmp_path: Path) -> Clip:
    audio.write(tmp_path / "c.wav", 1.5 * RNG.uniform(-1, 1, (2, 300)).astype(np.float32), 8000)
    return Clip("c", "g", LABEL, tmp_path / "c.wav")
