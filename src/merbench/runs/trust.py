"""Whose code runs when a run is repeated: the manifest names files, and a reader must say yes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from merbench.benchmark import resolving, schema
from merbench.benchmark.document import Document
from merbench.benchmark.resolving import Benchmark
from merbench.components import Component
from merbench.components.base import components_in
from merbench.errors import MerbenchError
from merbench.plugins import discovery
from merbench.plugins.registry import Registry

__all__ = ["resolved"]


def resolved(
    document: Document, run: object, *, trusted: bool, registry: Registry | None = None
) -> tuple[Benchmark, list[Path]]:
    """Resolve the benchmark of a run that may be a stranger's.

    Parameters
    ----------
    document
        From `manifest.document`, with the reader's own assignments.
    run
        What messages call it.
    trusted
        Whether the reader has said that the plugins it names may run.
    registry
        Plugins; by default those installed, and those that the benchmark names.

    Returns
    -------
    tuple
        The benchmark, and the plugin files that worker processes must know.

    Raises
    ------
    MerbenchError
        It names files that would run, and the reader has not said that they may; or it cannot be
        resolved.
    """
    spec = schema.parse(document)
    paths = schema.plugin_paths(document, spec)
    if not trusted:
        _refuse(paths, run)
    known = registry or discovery.load_plugins(paths)
    benchmark = resolving.resolve(document, spec, known)
    if not trusted:
        _refuse(list(dict.fromkeys(_code(benchmark))), run)
    return benchmark, paths


def _refuse(paths: Sequence[Path], run: object) -> None:
    if paths:
        raise MerbenchError(
            f"{run} names files that would run here with all your rights: "
            f"{', '.join(map(str, paths))}; read them, and say --trust-plugins if they may"
        )


def _code(benchmark: Benchmark) -> Iterator[Path]:
    """Yield the files among parameters that run code when their component works."""
    parts: list[Component] = [
        *(rooted.dataset for rooted in benchmark.datasets),
        *(part for several in benchmark.augmentations for part in several),
        *benchmark.separators,
        *(part for several in benchmark.features for part in several),
        *benchmark.models,
    ]
    while parts:
        part = parts.pop(0)
        yield from part.code()
        parts += [inner for _, value in part for inner in components_in(value)]
