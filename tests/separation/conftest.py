"""What tests of this folder may use."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a track will be."""
    return tmp_path / "track"
