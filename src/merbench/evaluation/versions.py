"""Which evaluator scored: a version that scores are compared within, and a hash of its source."""

from __future__ import annotations

import hashlib
from pathlib import Path

__all__ = ["SOURCES", "VERSION", "same_scores", "source_hash"]

VERSION = "1"
"""Raised when any score changes. Rows of different versions never share a table."""

SOURCES = ("divergence.py", "evaluator.py", "labels.py", "metrics.py")
"""The modules that score."""

_EARLIER: dict[str, tuple[str, ...]] = {
    "1": (
        "250510c524b619b8b0ed61f3d1197bef9600ba7b8b203f5bc910b01f38467673",
        "d402e4a15a60ec1abc579c2fd6ff23e64a984fe0748288321d267158bc52ca2f",
    ),
}
"""By version: hashes of earlier sources that gave the same scores as those of today.

Whoever changes one of `SOURCES` without changing a score adds the hash they had, so that what was
published with them stays valid; whoever changes a score raises `VERSION`.
"""


def source_hash() -> str:
    """Return the SHA-256 of the sources that score, whatever line ends they have here."""
    digest = hashlib.sha256()
    for name in SOURCES:
        source = Path(__file__).with_name(name).read_bytes().replace(b"\r\n", b"\n")
        digest.update(hashlib.sha256(source).digest())
    return digest.hexdigest()


def same_scores(version: str, source: str) -> bool:
    """Tell whether an evaluator of this version and source gives the scores of the present one."""
    return version == VERSION and source in (source_hash(), *_EARLIER[VERSION])
