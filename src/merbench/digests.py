"""SHA-256 of what files and modules hold, remembered while the files stay as they are.

A digest is remembered by a file's size, times and inode: within the process, and, while a plan is
made, beside the store, so that a large collection is read once. What is remembered only spares
reading. Whoever reads a file for a result digests it then (`reading`), and is refused where it is
no longer the file that was planned for.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

_FILE = "digests.txt"
_SETTLED_NS = 2 * 10**9
"""Age in ns of a change at which no other can have fallen into its tick of a disk's clock."""
_WORTH_BYTES = 2**16
"""Files below this are read as quickly as they are looked up."""

_Signature = tuple[int, int, int, int]
"""Size, times of the last change of content and of anything, inode."""

_NEVER: _Signature = (-1, 0, 0, 0)

_SESSION = uuid.uuid4().hex

_imported: dict[str, str] = {}
_beside: dict[str, dict[str, Path]] = {}
_as_filed: dict[str, str] = {}
"""Digests of modules that are not imported, by name: taken once while a plan is made."""
_planning: list[Path] = []
"""Stores that plans are being made for."""
_known: dict[str, tuple[_Signature, str]] = {}


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, remembered while the file stays as it is."""
    name, signature = str(path.absolute()), _signature(path)
    if name in _known and _known[name][0] == signature:
        return _known[name][1]
    digest = _digest(path)
    if settled(*signature[1:3]) and _signature(path) == signature:
        _known[name] = signature, digest
    return digest


def settled(modified: int, changed: int) -> bool:
    """Tell whether a file of these times, in ns, cannot change again without their changing."""
    return time.time_ns() - max(modified, changed) > _SETTLED_NS


@contextmanager
def reading(paths: Iterable[Path]) -> Iterator[dict[Path, str]]:
    """Hand out a mapping that holds, once the block has read the files, what it read.

    A file that changed meanwhile has the digest `""`, which no key was made of.
    """
    before = {path: _seen(path) for path in paths}
    found: dict[Path, str] = {}
    yield found
    for path, signature in before.items():
        try:
            digest = _digest(path)
        except OSError:
            digest = ""
        found[path] = digest if _seen(path) == signature else ""


def content_digest(path: Path) -> str:
    """Hash of what stands at a path: a file, a folder's files, or the files a prefix names."""
    path = path.expanduser()
    files = files_at(path)
    if not files:
        return "missing"
    if files == [path]:
        return file_digest(path)
    return joined_digest(
        (file.relative_to(path.parent).as_posix()[len(path.name) :], file_digest(file))
        for file in files
    )


def joined_digest(files: Iterable[tuple[str, str]]) -> str:
    """Hash of several files: of the name and the SHA-256 of each, in their order."""
    digest = hashlib.sha256()
    for name, content in files:
        digest.update(f"{name}\n".encode(errors="surrogateescape"))
        digest.update(content.encode())
    return digest.hexdigest()


def files_at(path: Path) -> list[Path]:
    """Return the file at a path, a folder's files, or the files that a prefix names.

    A TensorFlow checkpoint is named by the prefix of its files, which is why a prefix counts.
    """
    try:
        if path.is_file():
            return [path]
        if path.is_dir():
            return sorted(p for p in path.rglob("*") if p.is_file())
        beside = path.parent.iterdir()
        return sorted(p for p in beside if p.name.startswith(f"{path.name}.") and p.is_file())
    except (OSError, ValueError):  # no such folder, or text that can be no path
        return []


def module_digest(module: str, *, anew: bool = False) -> str:
    """Hash of a module's source as this process runs it, whatever became of its file since.

    Parameters
    ----------
    module
        Its import name. One that is not imported yet is hashed as its file stands.
    anew
        The module is just being imported.
    """
    if module in _imported and not anew:
        return _imported[module]
    if module in _as_filed and module not in sys.modules:
        return _as_filed[module]
    loaded = sys.modules.get(module)
    if loaded is None:
        spec = find_spec(module)
        origin = spec.origin if spec else None
    else:
        origin = getattr(loaded, "__file__", None)
    if origin is None or not Path(origin).is_file():
        # Typed into an interpreter: nothing tells its versions apart, so nothing is reused.
        return _SESSION
    digest = file_digest(Path(origin))
    if loaded is not None:
        _imported[module] = digest
    elif _planning:
        _as_filed[module] = digest
    return digest


def note_imports(module: str, files: Mapping[str, Path]) -> None:
    """Note the files that a plugin file imports from its folder, by the names of their modules.

    They are as much its source as the file itself.
    """
    _beside[module] = dict(files)


def files_beside(module: str) -> list[Path]:
    """Return the files that a plugin file imports from its folder."""
    return list(_beside.get(module, {}).values())


def source_digests(module: str) -> list[str]:
    """Hash a module's source as `module_digest` does, and what it imports from its folder."""
    beside = _beside.get(module, {}).items()
    return [
        module_digest(module),
        *(module_digest(n) if n in sys.modules else file_digest(file) for n, file in beside),
    ]


# --- beside the store ---------------------------------------------------------------------------


@contextmanager
def remembered(folder: Path) -> Iterator[None]:
    """Know within the block what earlier processes digested, and leave what is new to later ones.

    Parameters
    ----------
    folder
        The store's. One that cannot be written remembers nothing.
    """
    stored = _read(folder / _FILE)
    for name, entry in stored.items():
        if entry[0] == _NEVER:
            _known.pop(name, None)
        else:
            _known.setdefault(name, entry)
    _planning.append(folder)
    try:
        yield
    finally:
        _planning.pop()
        _as_filed.clear()
        new = {
            name: (signature, digest)
            for name, (signature, digest) in _known.items()
            if signature[0] >= _WORTH_BYTES and stored.get(name) != (signature, digest)
        }
        _append(folder / _FILE, new)


def forget(folder: Path, paths: Iterable[Path]) -> None:
    """Have the next plan read these files again: what is remembered of them proved wrong."""
    _append(folder / _FILE, {str(path.absolute()): (_NEVER, "") for path in paths})


def _read(path: Path) -> dict[str, tuple[_Signature, str]]:
    """Return what a file of digests says last of each file; damaged lines say nothing."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    entries: dict[str, tuple[_Signature, str]] = {}
    for line in lines:
        check, _, text = line.partition(" ")
        if check == _check(text):
            name, size, modified, changed, inode, digest = json.loads(text)
            entries[name] = (size, modified, changed, inode), digest
    return entries


def _append(path: Path, entries: Mapping[str, tuple[_Signature, str]]) -> None:
    """Add entries in one write, so that those of several processes never mix."""
    lines = ""
    for name, (signature, digest) in entries.items():
        text = json.dumps([name, *signature, digest])
        lines += f"{_check(text)} {text}\n"
    if not lines:
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # A line that a full disk cut short must not swallow the next.
        with path.open("ab") as handle:
            handle.write(f"\n{lines}".encode())
    except OSError:
        pass  # reading files again is no reason to fail


def _check(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _digest(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _signature(path: Path) -> _Signature:
    status = path.stat()
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


def _seen(path: Path) -> _Signature | None:
    try:
        return _signature(path)
    except OSError:
        return None
