"""Patterns of file names, such as `clips/{id}.mp3`, whose braces hold columns of a table."""

from __future__ import annotations

from pathlib import Path
from string import Formatter

from merbench_plugins.datasets.audio_files import Folders
from merbench_plugins.datasets.label_table import LabelError, Row


def pattern_names(pattern: str) -> list[str]:
    """Return what stands in braces."""
    names = [name for _, name, _, _ in Formatter().parse(pattern) if name is not None]
    if not all(names):
        raise ValueError("braces need a column's name between them")
    return names


def file_of_row(folders: Folders, pattern: str, row: Row, clip_id: str, **more: str) -> Path:
    """Return the file that a pattern names for a table's row, or raise `LabelError`.

    Parameters
    ----------
    folders
        Where the file lies.
    pattern
        Its name, with `{id}` or any column in braces.
    row, clip_id
        What is put into the braces.
    more
        Further words that braces may hold: `stem`.
    """
    values = {"id": clip_id, **more}
    parts = []
    for text, name, _, _ in Formatter().parse(pattern):
        parts.append(text)
        if name is not None:
            parts.append(values[name] if name in values else row.text(name))
    text = "".join(parts)
    path = folders.find(text)
    if path is None:
        kind = f"{more['stem']} stem" if "stem" in more else "audio"
        advice = folders.advice(text) or "restore it, or remove the line"
        raise LabelError(
            row.where,
            f"clip {clip_id} has no {kind}: {folders.root / text} is missing; {advice}",
        )
    return path
