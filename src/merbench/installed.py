"""What of merbench and of the packages that it works with is installed here."""

from __future__ import annotations

import platform
from importlib import metadata

PACKAGES = (
    "audiomentations", "demucs", "librosa", "numba", "numpy", "opensmile", "pandas", "pydantic",
    "scikit-learn", "scipy", "skorch", "soundfile", "soxr", "tinysoundfont", "torch", "xgboost",
)  # fmt: skip
"""Packages whose version may decide a number."""


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that are installed, by name."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found
