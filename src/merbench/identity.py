"""Hashes that tell clips, data sets, splits and benchmarks apart without showing them.

All hashes are SHA-256 over canonical JSON: keys sorted, no blanks, numbers as Python writes them.
They follow from a run's manifest alone, so that a reader of it can check them.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

__all__ = [
    "canonical",
    "data_hash",
    "digest",
    "portable",
    "portable_spec",
    "spec_hash",
    "truth_hash",
]


_written = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


def canonical(document: Any) -> bytes:
    """Write a document of JSON values as canonical JSON."""
    return _written(document).encode()


def digest(document: Any) -> str:
    """Return the SHA-256 of a document's canonical JSON, in hexadecimal."""
    return hashlib.sha256(canonical(document)).hexdigest()


def truth_hash(clip: str, label: Sequence[float], audio: str) -> str:
    """Hash of one clip's truth: its id, its label and the SHA-256 of its file.

    The file's digest keeps labels secret where they may not be republished: without the file no
    label can be tried out.
    """
    return digest([clip, list(label), audio])


def data_hash(ids: Iterable[str], groups: Iterable[str], truths: Iterable[str]) -> str:
    """Hash of a data set: every clip's id, group and truth hash, in its order."""
    return digest([list(row) for row in zip(ids, groups, truths, strict=True)])


def spec_hash(spec: Mapping[str, Any]) -> str:
    """Hash of a benchmark as resolved, without the paths of the machine it ran on."""
    return digest(portable_spec(spec))


def portable_spec(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return a benchmark without the folders its data lie in, and as `portable` has it."""
    kept = dict(portable(spec))
    kept["datasets"] = [
        {
            name: {key: value for key, value in (parameters or {}).items() if key != "root"}
            for name, parameters in ({entry: {}} if isinstance(entry, str) else entry).items()
        }
        for entry in kept.get("datasets", [])
    ]
    return kept


def portable(value: Any) -> Any:
    """Return JSON values with every absolute path cut down to its last name."""
    if isinstance(value, Mapping):
        return {key: portable(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [portable(inner) for inner in value]
    if isinstance(value, str) and _is_absolute(value):
        return re.split(r"[\\/]", value.rstrip("\\/"))[-1]
    return value


def _is_absolute(text: str) -> bool:
    several = len(re.findall(r"[\\/]", text)) > 1
    return several and (
        text.startswith("~")
        or PurePosixPath(text).is_absolute()
        or PureWindowsPath(text).is_absolute()
    )
