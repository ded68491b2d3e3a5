"""Leaderboards to tamper with."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from merbench.runs import record

Tamper = Callable[[Path], None]


def submission(board: Path) -> Path:
    """The folder of the first run's submission: it has the more cells."""
    cells = {
        path: len(json.loads((path / "manifest.json").read_text())["cells"])
        for path in (board / "submissions").iterdir()
    }
    return max(cells, key=lambda path: cells[path])


def refresh(folder: Path) -> None:
    """Write the digests anew, as a careful forger would."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    for name in manifest["files"]:
        manifest["files"][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    path.write_text(json.dumps(manifest))


def table(name: str, change: Callable[[pd.DataFrame], Any]) -> Tamper:
    """Change one of the first submission's tables, and its digest with it."""

    def tamper(board: Path) -> None:
        path = submission(board) / f"{name}.parquet"
        before = pd.read_parquet(path)
        result = change(before)
        after = before if result is None else result
        assert not after.equals(pd.read_parquet(path)), "nothing was tampered with"
        record.write_parquet([after], path)
        refresh(submission(board))

    return tamper


def manifest(change: Callable[[dict[str, Any]], None]) -> Tamper:
    """Change the first submission's manifest."""

    def tamper(board: Path) -> None:
        path = submission(board) / "manifest.json"
        document = json.loads(path.read_text())
        change(document)
        assert document != json.loads(path.read_text()), "nothing was tampered with"
        path.write_text(json.dumps(document))

    return tamper


def secret(frame: pd.DataFrame) -> int:
    return int(frame.index[(frame["dataset"] == "noise") & (frame["model"] == "linear")][0])
