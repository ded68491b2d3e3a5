"""What a shell completes: names of plugins, of weights, and of benchmarks.

A shell asks with every press of the tab key, and shows nothing of errors: what cannot be found out
is not completed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from merbench.plugins.registry import Registry

Completion = list[tuple[str, str]]
"""Texts, each with what it is."""


def plugins(incomplete: str) -> Completion:
    """Complete the name of any plugin."""
    return _of_kind(None, incomplete)


def datasets(incomplete: str) -> Completion:
    """Complete the name of a dataset."""
    return _of_kind("dataset", incomplete)


def separators(incomplete: str) -> Completion:
    """Complete the name of a separator."""
    return _of_kind("separator", incomplete)


def engines(incomplete: str) -> Completion:
    """Complete the name of an engine, or an engine file."""
    return [*_of_kind("engine", incomplete), *_files(incomplete)]


def kinds(incomplete: str) -> Completion:
    """Complete a kind of plugins."""
    from merbench.plugins.registry import KINDS

    return _starting(((kind, "") for kind in KINDS), incomplete)


def new_kinds(incomplete: str) -> Completion:
    """Complete a kind that a new plugin can be of."""
    from merbench.authoring.plugin_files import KINDS

    return _starting(((kind, "") for kind in KINDS), incomplete)


def weights(incomplete: str) -> Completion:
    """Complete the name of known weights."""
    from merbench.plugins.registry import KINDS

    registry = _registry()
    known = {
        known.name: known.summary
        for kind in KINDS
        for entry in (registry.of_kind(kind) if registry else ())
        for known in entry.cls.known_weights()
    }
    return _starting(known.items(), incomplete)


def benchmarks(incomplete: str) -> Completion:
    """Complete the name of a benchmark, or a file."""
    from merbench.benchmark.shipped import known

    names = ((name, "benchmark") for name in known())
    return [*_starting(names, incomplete), *_files(incomplete)]


def shipped_benchmarks(incomplete: str) -> Completion:
    """Complete the name of a benchmark that comes with merbench."""
    from merbench.benchmark.shipped import shipped

    return _starting(((name, "benchmark") for name in shipped()), incomplete)


def _of_kind(kind: str | None, incomplete: str) -> Completion:
    registry = _registry()
    entries = registry.entries.values() if registry else ()
    found = {e.name: e.summary for e in entries if kind in (None, e.kind)}
    return _starting(sorted(found.items()), incomplete)


def _registry() -> Registry | None:
    from merbench.benchmark import protocols
    from merbench.engines import catalogue
    from merbench.plugins import discovery

    with contextlib.suppress(Exception):
        found = discovery.load_plugins(folder=Path.cwd())
        return catalogue.with_ours(protocols.with_protocols(found))
    return None


def _starting(names: Iterable[tuple[str, str]], incomplete: str) -> Completion:
    return [(name, what) for name, what in names if name.startswith(incomplete)]


def _files(incomplete: str) -> Iterator[tuple[str, str]]:
    """Yield the folders and YAML files that begin so."""
    folder = Path(incomplete) if incomplete.endswith("/") else Path(incomplete).parent
    with contextlib.suppress(OSError):
        for path in sorted(folder.iterdir()):
            name = f"{path}/" if path.is_dir() else str(path)
            is_wanted = path.is_dir() or path.suffix in (".yaml", ".yml")
            if is_wanted and name.startswith(incomplete) and not path.name.startswith("."):
                yield name, ""
