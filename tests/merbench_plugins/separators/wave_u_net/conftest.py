from __future__ import annotations

from pathlib import Path

import pytest
from multitrack_files import write_track


@pytest.fixture
def music(tmp_path: Path) -> Path:
    """A folder of four multitracks by as many artists."""
    for seed in range(4):
        write_track(tmp_path / "music" / f"Artist {seed} - Song", seed=seed)
    return tmp_path / "music"
