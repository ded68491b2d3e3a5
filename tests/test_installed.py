"""Versions of what decides a number."""

from __future__ import annotations

import platform
from importlib import metadata

import numpy as np

from merbench import installed


def test_python_and_what_is_installed_are_named_and_what_is_not_is_left_out(monkeypatch) -> None:
    monkeypatch.setattr(installed, "PACKAGES", ("numpy", "no-such-package"))
    assert installed.versions() == {"python": platform.python_version(), "numpy": np.__version__}


def test_a_version_is_read_from_the_header_and_from_nothing_below_it(tmp_path) -> None:
    folder = tmp_path / "x-1.2.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: x\nVersion: 1.2\n\nVersion: 9\n")
    assert installed.version(metadata.Distribution.at(folder)) == "1.2"
    assert installed.version(metadata.distribution("numpy")) == np.__version__


def test_a_distribution_without_that_file_is_asked_itself(tmp_path) -> None:
    folder = tmp_path / "x.egg-info"
    folder.mkdir()
    (folder / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: x\nVersion: 3\n")
    assert installed.version(metadata.Distribution.at(folder)) == "3"
