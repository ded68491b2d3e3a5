"""What of merbench and of the packages that it works with is installed here."""

from __future__ import annotations

import platform
import re
from importlib import metadata

PACKAGES = (
    "audiomentations", "demucs", "librosa", "numba", "numpy", "opensmile", "pandas", "pydantic",
    "pyfluidsynth", "scikit-learn", "scipy", "skorch", "soundfile", "soxr", "tinysoundfont",
    "torch", "xgboost",
)  # fmt: skip
"""Packages whose version may decide a number."""


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that are installed, by name."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(metadata.distribution(package))
        except metadata.PackageNotFoundError:
            continue
    return found


def version(distribution: metadata.Distribution) -> str:
    """Return a distribution's version; an empty text where it states none.

    `Distribution.version` parses all that the distribution says of itself, its readme included, as
    an e-mail, and does so anew at each call. One header is enough here.
    """
    stated = re.search(r"^Version: *(\S+)", distribution.read_text("METADATA") or "", re.MULTILINE)
    return stated[1] if stated else distribution.version or ""
