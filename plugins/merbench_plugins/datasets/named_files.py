"""How the audio files of a folder are named after the lines of a table."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from shlex import quote
from string import Formatter
from typing import NamedTuple

from merbench import Guess, audio
from merbench.errors import TableError as LabelError
from merbench_plugins.datasets.audio_files import (
    ANYWHERE,
    AudioFiles,
    Folders,
    file_name,
    index_audio,
)
from merbench_plugins.datasets.file_patterns import pattern_names

ENOUGH = 0.5
"""Share of the rows that must have a file, for a way of naming them to be the one."""
ENOUGH_FILES = 0.9
"""Share of the files that must have a row instead: of a large table, some have few clips."""


def audio_guesses(
    root: Path, cells: Mapping[str, Sequence[str]], unique: Sequence[str]
) -> tuple[list[Guess], Rows]:
    """Guess which column names clips, and how that gives the names of their files.

    Parameters
    ----------
    root
        Folder of the clips.
    cells
        What stands in each column.
    unique
        The columns that differ in each line, the likeliest id first.

    Returns
    -------
    tuple
        The guesses, and the rows that have audio.

    Raises
    ------
    TableError
        No way of naming files fits.
    """
    files = sorted(p for p in root.rglob("*") if p.suffix.lower() in audio.SUFFIXES)
    if not files:
        raise LabelError(root, "there is no audio file in it; name the clips' folder with --data")
    n = len(next(iter(cells.values())))

    def is_enough(way: _Way) -> bool:
        return len(way.rows) >= min(ENOUGH * n, ENOUGH_FILES * len(files))

    ways = [*_as_ids(root, cells, unique), *_as_paths(root, cells, unique)]
    ways += _in_folders(root, files, cells, unique)
    if not any(is_enough(way) for way in ways):
        ways += _with_affixes(root, files, cells, unique)
    best = max(ways, key=lambda way: len(way.rows), default=_Way((), None, None))
    if not best.rows or not is_enough(best):
        known = ", ".join(unique) or "none"
        raise LabelError(
            root,
            f"no column names its audio files, such as {files[0].relative_to(root)} (columns that "
            f"differ in each line: {known}); say how they are named, as in "
            f"{_remedy(files[0].relative_to(root), next(iter(unique), 'COLUMN'))}",
        )
    every = len(best.rows) == n
    there = f"{len(best.rows)} of {n} rows have audio named so"
    found = [Guess("id", best.id_column, every, there)]
    if best.pattern is not None:
        found.append(Guess("audio", best.pattern, every, there))
    return found, best.rows


def columns_named(pattern: str) -> list[str]:
    """Return the columns in a pattern of files; none where it is no pattern.

    What is wrong with a pattern the dataset itself says.
    """
    try:
        return pattern_names(pattern)
    except ValueError:
        return []


def rows_as_said(
    root: Path, cells: Mapping[str, Sequence[str]], named: str, id_column: str | None
) -> Rows | None:
    """Return the rows whose file is there, for a way of naming files that the user said.

    Parameters
    ----------
    root
        Folder of the clips.
    cells
        What stands in each column.
    named
        A pattern with columns in braces, or the column of paths.
    id_column
        What `{id}` in a pattern means.

    Returns
    -------
    tuple or None
        None where it names what is no column.

    Raises
    ------
    TableError
        No file is named so.
    """
    texts = dict(cells)
    if id_column is not None and id_column in cells:
        texts["id"] = cells[id_column]
    pattern = named if columns_named(named) else "{" + named + "}"
    if not texts.keys() >= {*columns_named(pattern)}:
        return None
    parts = [(text, name) for text, name, _, _ in Formatter().parse(pattern)]
    folders = Folders(root)

    def is_there(row: int) -> bool:
        file = "".join(text + (texts[name][row] if name else "") for text, name in parts)
        return folders.find(file) is not None

    rows = tuple(row for row in range(len(next(iter(cells.values())))) if is_there(row))
    if not rows:
        raise LabelError(root, f"no row has the audio that --set audio={named} names; correct it")
    return rows


def _remedy(file: Path, column: str) -> str:
    """Return what to type, for files that are named as a column says."""
    pattern = file.with_name(f"{{{column}}}{file.suffix}").as_posix()
    return f"--set {quote(f'id={column}')} --set {quote(f'audio={pattern}')}"


Rows = tuple[int, ...]
"""Positions of rows in a table, counted from 0."""


class _Way(NamedTuple):
    """A way of naming files after rows."""

    rows: Rows
    """Those that have a file."""
    id_column: str | None
    pattern: str | None


def _as_ids(root: Path, cells: Mapping[str, Sequence[str]], unique: Sequence[str]) -> list[_Way]:
    """Files in the folder, or its folder `audio`, that are named as ids are."""
    known = index_audio(root, root / "audio")
    return [_Way(_rows(cells[c], lambda t: known.of_clip(t) is not None), c, None) for c in unique]


def _as_paths(root: Path, cells: Mapping[str, Sequence[str]], unique: Sequence[str]) -> list[_Way]:
    """Columns that hold the path itself."""
    folders = Folders(root)
    ways: list[_Way] = []
    for column, texts in cells.items():
        if any(Path(text).suffix.lower() in audio.SUFFIXES for text in texts[:20]):
            ids = [c for c in unique if c != column]
            own = [] if any("/" in text or "\\" in text for text in texts) else [column]
            id_column = next(iter([*ids[:1], *own]), None)
            rows = _rows(texts, lambda t: folders.find(t) is not None)
            ways.append(_Way(rows, id_column, column if "{" not in column else None))
    return ways


def _in_folders(
    root: Path, files: Sequence[Path], cells: Mapping[str, Sequence[str]], unique: Sequence[str]
) -> list[_Way]:
    """Files in a folder below, or in several, all with one suffix, that are named as ids are."""
    places = Counter((path.parent.relative_to(root), path.suffix) for path in files)
    ways: list[_Way] = []
    for (folder, suffix), _ in places.most_common(3):
        if folder == Path():
            continue
        there = [p for p in files if (p.parent.relative_to(root), p.suffix) == (folder, suffix)]
        names = {file_name(path) for path in there}
        for column in unique:
            rows = _rows(cells[column], names.__contains__)
            ways.append(_Way(rows, column, f"{folder.as_posix()}/{{id}}{suffix}"))
    if len(places) > 1:
        (suffix, _), *_ = Counter(path.suffix for path in files).most_common(1)
        counts = Counter(file_name(path) for path in files if path.suffix == suffix)
        only = {name for name, count in counts.items() if count == 1}
        for column in unique:
            rows = _rows(cells[column], only.__contains__)
            ways.append(_Way(rows, column, f"{ANYWHERE}{{id}}{suffix}"))
    return ways


def _with_affixes(
    root: Path, files: Sequence[Path], cells: Mapping[str, Sequence[str]], unique: Sequence[str]
) -> list[_Way]:
    """Files whose names have the same text before and behind the id: `song-12_mono.wav`."""
    names = {path.relative_to(root).as_posix() for path in files}
    by_word = AudioFiles()
    for path in files:
        for word in re.findall(r"[^\W_]+(?:-[^\W_]+)*|[^\W_]+", path.stem):
            by_word.setdefault(word, path)
    ways: list[_Way] = []
    for column in unique:
        example = next(((t, by_word[t]) for t in cells[column] if t in by_word), None)
        if example is None:
            continue
        text, path = example
        name = path.relative_to(root).as_posix()
        if "{" in name:
            continue
        start = len(name) - len(path.name) + path.name.index(text)
        before, behind = name[:start], name[start + len(text) :]
        pattern = f"{before}{{id}}{behind}"
        named = {
            n[len(before) : len(n) - len(behind)]
            for n in names
            if n.startswith(before) and n.endswith(behind)
        }
        ways.append(_Way(_rows(cells[column], named.__contains__), column, pattern))
    return ways


def _rows(texts: Sequence[str], is_there: Callable[[str], bool]) -> Rows:
    return tuple(row for row, text in enumerate(texts) if is_there(text))
