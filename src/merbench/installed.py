"""What of merbench and of the packages that it works with is installed here."""

from __future__ import annotations

import platform
import re
import sys
from functools import cache
from importlib import metadata

PACKAGES = (
    "audiomentations", "demucs", "librosa", "numba", "numpy", "opensmile", "pandas", "pydantic",
    "pyfluidsynth", "scikit-learn", "scipy", "skorch", "soundfile", "soxr", "tinysoundfont",
    "torch", "xgboost",
)  # fmt: skip
"""Packages whose version may decide a number."""
PLUGINS = "merbench"
"""The group of entry points that plugins are offered in."""


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that are installed, by name."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(metadata.distribution(package))
        except metadata.PackageNotFoundError:
            continue
    return found


def plugin_points() -> metadata.EntryPoints:
    """Return the entry points by which distributions offer plugins.

    To look through all that is installed takes a while, so that it is done once for each state of
    the path on which Python looks.
    """
    return _points(tuple(sys.path))


@cache
def _points(path: tuple[str, ...]) -> metadata.EntryPoints:
    return metadata.entry_points(group=PLUGINS)


def version(distribution: metadata.Distribution) -> str:
    """Return a distribution's version; an empty text where it states none.

    `Distribution.version` parses all that the distribution says of itself, its readme included, as
    an e-mail, and does so anew at each call. One header is enough here.
    """
    stated = re.search(r"^Version: *(\S+)", distribution.read_text("METADATA") or "", re.MULTILINE)
    return stated[1] if stated else distribution.version or ""
