"""How the audio files of a folder are named after the lines of a table."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from merbench import Guess, audio
from merbench.errors import TableError as LabelError
from merbench_plugins.datasets.audio_files import AudioFiles, Folders, file_name, index_audio

ENOUGH = 0.5
"""Share of the lines that must have a file, for a way of naming them to be the one."""


def audio_guesses(
    root: Path, cells: Mapping[str, Sequence[str]], unique: Sequence[str]
) -> list[Guess]:
    """Guess which column names clips, and how that gives the names of their files.

    Parameters
    ----------
    root
        Folder of the clips.
    cells
        What stands in each column.
    unique
        The columns that differ in each line, the likeliest id first.

    Raises
    ------
    TableError
        No way of naming files fits.
    """
    files = sorted(p for p in root.rglob("*") if p.suffix.lower() in audio.SUFFIXES)
    if not files:
        raise LabelError(root, "there is no audio file in it; name the clips' folder with --data")
    ways = [*_as_ids(root, cells, unique), *_as_paths(root, cells, unique)]
    ways += _in_folders(root, files, cells, unique)
    if not any(share >= ENOUGH for share, _, _ in ways):
        ways += _with_affixes(root, files, cells, unique)
    share, id_column, pattern = max(ways, key=lambda way: way[0], default=(0.0, None, None))
    if share < ENOUGH:
        known = ", ".join(unique) or "none"
        raise LabelError(
            root,
            f"no column names its audio files, such as {files[0].relative_to(root)} (columns that "
            f"differ in each line: {known}); say --set id=COLUMN and --set audio='{{COLUMN}}.wav'",
        )
    n = len(next(iter(cells.values())))
    there = f"{round(share * n)} of {n} lines have a file named so"
    found = [Guess("id", id_column, share == 1, there)]
    if pattern is not None:
        found.append(Guess("audio", pattern, share == 1, there))
    return found


_Way = tuple[float, str | None, str | None]
"""A share of the lines that have a file, the column of ids, and the pattern of files."""


def _as_ids(root: Path, cells: Mapping[str, Sequence[str]], unique: Sequence[str]) -> list[_Way]:
    """Files in the folder, or its folder `audio`, that are named as ids are."""
    known = index_audio(root, root / "audio")
    return [(_share(cells[c], lambda t: known.of_clip(t) is not None), c, None) for c in unique]


def _as_paths(root: Path, cells: Mapping[str, Sequence[str]], unique: Sequence[str]) -> list[_Way]:
    """Columns that hold the path itself."""
    folders = Folders(root)
    ways: list[_Way] = []
    for column, texts in cells.items():
        if any(Path(text).suffix.lower() in audio.SUFFIXES for text in texts[:20]):
            ids = [c for c in unique if c != column]
            own = [] if any("/" in text or "\\" in text for text in texts) else [column]
            id_column = next(iter([*ids[:1], *own]), None)
            share = _share(texts, lambda t: folders.find(t) is not None)
            ways.append((share, id_column, column if "{" not in column else None))
    return ways


def _in_folders(
    root: Path, files: Sequence[Path], cells: Mapping[str, Sequence[str]], unique: Sequence[str]
) -> list[_Way]:
    """Files in a folder below, all with one suffix, that are named as ids are."""
    places = Counter((path.parent.relative_to(root), path.suffix) for path in files)
    ways: list[_Way] = []
    for (folder, suffix), _ in places.most_common(3):
        if folder == Path():
            continue
        there = [p for p in files if (p.parent.relative_to(root), p.suffix) == (folder, suffix)]
        names = {file_name(path) for path in there}
        for column in unique:
            share = _share(cells[column], names.__contains__)
            ways.append((share, column, f"{folder.as_posix()}/{{id}}{suffix}"))
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
        ways.append((_share(cells[column], named.__contains__), column, pattern))
    return ways


def _share(texts: Sequence[str], is_there: Callable[[str], bool]) -> float:
    return sum(bool(is_there(text)) for text in texts) / len(texts)
