"""What every check is made of."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from checked_plugins import Folder, Made, results


def test_checks_leave_no_file_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    results(Made)
    results(Folder)
    assert os.listdir(tmp_path) == []  # noqa: PTH208
