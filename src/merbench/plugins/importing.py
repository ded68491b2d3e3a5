"""Plugin files and packages, imported under names of their own, and what lies beside them."""

from __future__ import annotations

import ast
import builtins
import hashlib
import importlib.util
import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from merbench import digests
from merbench.errors import PluginError

PREFIX = "merbench_plugin_"
"""Starts the name of the module that a plugin file is imported as."""


def import_file(path: Path) -> ModuleType:
    """Import a plugin file or package under a name that is the same in every process.

    A file may import what lies in its folder, as `from my_features import Levels` or as
    `from .my_features import Levels`. Its folder is not put on Python's path: two folders may hold
    files of one name, and what is installed goes before what lies in the folder.
    """
    name = module_name(path)
    if name in sys.modules:
        return sys.modules[name]
    package = path.is_dir()
    spec = importlib.util.spec_from_file_location(
        name,
        path / "__init__.py" if package else path,
        submodule_search_locations=[str(path)] if package else None,
    )
    if spec is None or spec.loader is None:
        raise PluginError("it is not a Python file")
    module = importlib.util.module_from_spec(spec)
    beside = {} if package else _imported_from_folder(path)
    if beside:
        digests.note_imports(name, _files_beside(path))
        vars(module)["__builtins__"] = vars(builtins) | {"__import__": _importer(beside)}
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    digests.module_digest(name, anew=True)  # of the source that was just run
    return module


def module_name(path: Path) -> str:
    """Return the name that a plugin file or package is imported under."""
    digest = hashlib.sha256(os.fsencode(path)).hexdigest()[:12]
    return f"{PREFIX}{re.sub(r'[^0-9a-zA-Z_]', '_', path.stem)}_{digest}"


def _imported_from_folder(path: Path) -> dict[str, Path]:
    """Find which files and packages of its folder a file imports, anywhere in it, by their names.

    They are read from the source and not noted while it runs: what a method imports decides
    results too, and must be known before it runs.
    """
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return {}  # which is said where it is imported
    names: set[tuple[str, int]] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {(alias.name, 0) for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level < 2:
            if node.module:
                names.add((node.module, node.level))
            else:
                names |= {(alias.name, node.level) for alias in node.names}
    found = {}
    for name, level in sorted(names):
        top = name.partition(".")[0]
        for sibling in (path.parent / f"{top}.py", path.parent / top):
            there = sibling.is_file() or (sibling / "__init__.py").is_file()
            if there and sibling != path and (level or not _is_elsewhere(top, sibling)):
                found[top] = sibling
                break
    return found


def _files_beside(path: Path) -> dict[str, Path]:
    """Find the source files that a file imports from its folder, and those that these import."""
    found: dict[str, Path] = {}
    waiting = [path]
    while waiting:
        for sibling in _imported_from_folder(waiting.pop(0)).values():
            if sibling != path and module_name(sibling) not in found:
                found |= _files(sibling)
                waiting += [sibling] if sibling.is_file() else []
    return found


def _is_elsewhere(name: str, sibling: Path) -> bool:
    """Tell whether Python finds a module of this name that is not the file in the folder."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return True
    own = {str(sibling), str(sibling / "__init__.py")}
    return spec is not None and spec.origin not in own


def _files(path: Path) -> dict[str, Path]:
    """List a plugin's source files with the names of their modules."""
    name = module_name(path)
    if path.is_file():
        return {name: path}
    parts = {file.relative_to(path).with_suffix("").parts: file for file in path.rglob("*.py")}
    return {
        ".".join([name, *inner]).removesuffix(".__init__"): file
        for inner, file in sorted(parts.items())
    }


def _importer(beside: Mapping[str, Path]) -> Any:
    """Return an `__import__` for a plugin file that knows what lies in its folder."""

    def imports(
        name: str,
        globals: Mapping[str, object] | None = None,
        locals: Mapping[str, object] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> Any:
        if level == 1 and not name:
            wanted = [part for part in fromlist or () if part in beside]
            return SimpleNamespace(**{part: import_file(beside[part]) for part in wanted})
        top, _, rest = name.partition(".")
        if level > 1 or top not in beside:
            return builtins.__import__(name, globals, locals, fromlist or (), level)
        own = import_file(beside[top]).__name__
        return builtins.__import__(f"{own}.{rest}" if rest else own, fromlist=fromlist or ())

    return imports
