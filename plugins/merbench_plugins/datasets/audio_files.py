"""Finding the files that tables name, however the names are written on this disk.

macOS takes letters with accents apart (Unicode's NFD), tables mostly have them whole (NFC); Windows
writes paths with backslashes, and recorders write `.WAV`. None of it tells two files apart.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from merbench import audio
from merbench_plugins.datasets.label_table import LabelError

__all__ = ["ANYWHERE", "AudioFiles", "Folders", "file_name", "index_audio"]

ANYWHERE = "**/"
"""What a path begins with whose file may lie in any folder."""


def file_name(path: Path) -> str:
    """Return a file's name without suffix, in the form that tables are read in (NFC)."""
    return unicodedata.normalize("NFC", path.stem)


class AudioFiles(dict[str, Path]):
    """Audio files by name without suffix."""

    def of_clip(self, clip_id: str) -> Path | None:
        """Return the file of a clip that is named as its id; None where there is none.

        Where there is no such name: the file whose whole name, suffix included, is the id, or the
        only one whose name is the same number (1 and 001).
        """
        if clip_id in self:
            return self[clip_id]
        whole = self.get(Path(clip_id).stem)
        if whole is not None and whole.suffix.casefold() == Path(clip_id).suffix.casefold():
            return whole
        same = self._by_number.get(int(clip_id), []) if clip_id.isdecimal() else []
        return same[0] if len(same) == 1 else None

    @cached_property
    def _by_number(self) -> dict[int, list[Path]]:
        found: defaultdict[int, list[Path]] = defaultdict(list)
        for name, path in self.items():
            if name.isdecimal():
                found[int(name)].append(path)
        return found


def index_audio(*folders: Path) -> AudioFiles:
    """Return the audio files of `folders` by name without suffix.

    Raises
    ------
    LabelError
        Two files differ in their suffix or folder only, so that a clip could mean either.
    """
    files = AudioFiles()
    for folder in folders:
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if path.suffix.lower() not in audio.SUFFIXES or path.name.startswith("."):
                continue
            name = file_name(path)
            if name in files:
                raise LabelError(
                    path,
                    f"{files[name]} has the same name, so clip {name} could mean either; "
                    "remove one",
                )
            files[name] = path
    return files


class Folders:
    """The files below a folder, found by the paths that a table has; each folder is listed once.

    Parameters
    ----------
    root
        What the paths are relative to.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._listed: dict[Path, dict[str, list[Path]]] = {}

    def find(self, text: str) -> Path | None:
        """Return the file at a path, or of a name behind `**/`; None where there is none.

        Raises
        ------
        LabelError
            It could be either of two.
        """
        if text.startswith(ANYWHERE):
            return _only(self.root / text.removeprefix(ANYWHERE), self._below, suffix=True)
        for written in dict.fromkeys((text, text.replace("\\", "/"))):
            path = self.root / written
            if path.is_file():
                return path
            found = self._entry(path, suffix=True)
            if found is not None and found.is_file():
                return found
        return None

    def advice(self, text: str) -> str:
        """Say what may be wrong with a path that was not found; nothing where that is unknown."""
        if re.match(r"[A-Za-z]:[\\/]", text):
            return "the path is that of another machine; write it relative to the root"
        path = self.root / text.replace("\\", "/")
        folder = self._folder(path.parent)
        for found, *_ in self._names(folder).values() if folder else ():
            if found.name.casefold() == path.name.casefold():
                return f"there is {found}, which differs in case; correct the table"
            same_kind = found.suffix.casefold() == path.suffix.casefold()
            if same_kind and _number(found) == _number(path) is not None:
                return f"there is {found}, which is the same number; write it as the file is named"
        return ""

    @cached_property
    def _below(self) -> dict[str, list[Path]]:
        """The files in the folder and in all folders below it."""
        found = sorted(self.root.rglob("*"))
        return _by_name(p for p in found if p.is_file() and not p.name.startswith("."))

    def _folder(self, path: Path) -> Path | None:
        if path.is_dir():
            return path
        return None if path == path.parent else self._entry(path, suffix=False)

    def _entry(self, path: Path, *, suffix: bool) -> Path | None:
        folder = self._folder(path.parent)
        if folder is None:
            return None
        return _only(path, self._names(folder), suffix=suffix)

    def _names(self, folder: Path) -> dict[str, list[Path]]:
        """Return the entries of a folder."""
        if folder not in self._listed:
            self._listed[folder] = _by_name(sorted(folder.iterdir()))
        return self._listed[folder]


def _by_name(paths: Iterable[Path]) -> dict[str, list[Path]]:
    """Return paths by name, and by name with the suffix in lower case."""
    names: defaultdict[str, list[Path]] = defaultdict(list)
    for path in paths:
        for name in {unicodedata.normalize("NFC", path.name), _lower_suffix(path)}:
            names[name].append(path)
    return dict(names)


def _only(path: Path, names: Mapping[str, Sequence[Path]], *, suffix: bool) -> Path | None:
    """Return what has a path's name; or, where `suffix`, its name but for the suffix's case."""
    found = names.get(unicodedata.normalize("NFC", path.name), [])
    if not found and suffix:
        found = names.get(_lower_suffix(path), [])
    if len(found) > 1:
        raise LabelError(path, f"{found[0]} and {found[1]} could both be meant; remove one")
    return found[0] if found else None


def _number(path: Path) -> int | None:
    return int(path.stem) if path.stem.isdecimal() else None


def _lower_suffix(path: Path) -> str:
    return file_name(path) + path.suffix.casefold()
