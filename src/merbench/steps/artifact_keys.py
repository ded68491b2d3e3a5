"""The key of an artifact: a hash of all that it follows from."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from merbench.home import home as home

if TYPE_CHECKING:
    pass


SCHEMA = 1
"""Raised when the framework computes something else from the same parts: old keys then miss."""


class Written(str):
    """A part of a key as canonical JSON already, written once for the keys of many folds."""

    __slots__ = ()

    @classmethod
    def of(cls, part: Any) -> Written:
        """Write a part down."""
        return cls(_canonical(part))


_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False).encode


def artifact_key(stage: str, **parts: Any) -> str:
    """Return the key of what a stage makes of its parts: SHA-256 of their canonical JSON.

    `parts` are JSON values: fingerprints of components and keys of what went in. No paths, no
    time stamps. One that is `Written` already stands in the key as if it were the value.
    """
    document = sorted({"schema": SCHEMA, "stage": stage, **parts}.items())
    members = (
        f'"{name}":{part if isinstance(part, Written) else _canonical(part)}'
        for name, part in document
    )
    return hashlib.sha256(f"{{{','.join(members)}}}".encode()).hexdigest()
