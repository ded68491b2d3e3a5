"""Submissions and runs as somebody would send them who means harm."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from merbench.runs import record
from merbench.runs.record import FOLDS, MANIFEST, PREDICTIONS


def edit(folder: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change the manifest of a run or a submission."""
    path = folder / MANIFEST
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))


def rename_cell(folder: Path, name: str) -> str:
    """Call a run's first cell otherwise, wherever its name stands; return the old name."""
    old = json.loads((folder / MANIFEST).read_text())["cells"][0]["id"]
    text = (folder / MANIFEST).read_text().replace(json.dumps(old), json.dumps(name))
    (folder / MANIFEST).write_text(text)
    for table in (FOLDS, PREDICTIONS):
        frame = pd.read_parquet(folder / table)
        frame["cell"] = frame["cell"].astype(str).replace(old, name)
        record.write_parquet([frame], folder / table)
    return str(old)


def write_no_pages(folder: Path) -> list[Path]:
    """What stands in for the pages where a test is not about them: they take seconds."""
    page = folder / "index.html"
    page.write_text("")
    return [page]


def everything(folder: Path) -> set[str]:
    """Every file and folder below a folder."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}
