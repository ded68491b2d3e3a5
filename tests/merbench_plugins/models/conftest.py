"""What tests of this folder may use."""

from __future__ import annotations

import pytest


@pytest.fixture
def one_thread(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
