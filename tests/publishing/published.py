"""What is published, for the tests of several modules."""

from __future__ import annotations

from pathlib import Path


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, and nothing beside it: siblings count as files called `..`."""
    found = {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    beside = [path.name for path in folder.parent.iterdir() if path != folder]
    return found | {f"../{name}": b"" for name in beside}
