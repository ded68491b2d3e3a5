"""The key of an artifact: a hash of all that it follows from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

SCHEMA = 1
"""Raised when the framework computes something else from the same parts: old keys then miss."""


_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False).encode


def artifact_key(stage: str, **parts: Any) -> str:
    """Return the key of what a stage makes of its parts: SHA-256 of their canonical JSON.

    `parts` are JSON values: fingerprints of components and keys of what went in. No paths, no
    time stamps.
    """
    return CommonParts(stage).key(written(parts))


def written(parts: Mapping[str, Any]) -> list[str]:
    """Write parts of a key as members of a JSON object."""
    return [f'"{name}":{_canonical(part)}' for name, part in parts.items()]


class CommonParts:
    """The parts that many keys have in common, which are written and hashed once for all of them.

    Parameters
    ----------
    stage, first, others
        What `artifact_key` takes. The names of `first` come before all others in the alphabet, as
        they do in canonical JSON, so that the digest of the keys begins with theirs.
    """

    def __init__(
        self, stage: str, first: Mapping[str, Any] = {}, others: Mapping[str, Any] = {}
    ) -> None:
        begun = sorted(written(first))
        self._last = begun[-1] if begun else ""
        self._begun = hashlib.sha256("".join(["{", *(f"{member}," for member in begun)]).encode())
        self._others = written({"schema": SCHEMA, "stage": stage, **others})

    def key(self, members: Sequence[str]) -> str:
        """Return the key that the common parts make with further ones, which are `written`."""
        document = sorted([*self._others, *members])
        if document[0] < self._last:
            raise ValueError(f"{document[0]} comes before {self._last}, which is hashed already")
        digest = self._begun.copy()
        digest.update(f"{','.join(document)}}}".encode())
        return digest.hexdigest()
