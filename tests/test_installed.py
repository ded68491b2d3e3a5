"""Versions of what decides a number."""

from __future__ import annotations

import platform

import numpy as np

from merbench import installed


def test_python_and_what_is_installed_are_named_and_what_is_not_is_left_out(monkeypatch) -> None:
    monkeypatch.setattr(installed, "PACKAGES", ("numpy", "no-such-package"))
    assert installed.versions() == {"python": platform.python_version(), "numpy": np.__version__}
