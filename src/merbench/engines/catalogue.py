"""Engines by name or by file: those that come with merbench, and those of plugins."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from merbench import __version__
from merbench.benchmark import building
from merbench.benchmark.document import Document, read_document
from merbench.components import Component, Engine, EngineOptions
from merbench.components.engine import Workplace
from merbench.errors import MerbenchError
from merbench.plugins import readiness, registration
from merbench.plugins.hookspecs import ClassAt
from merbench.plugins.registry import OURS, Entry, Origin, Registry


class Local(Engine):
    """Worker processes of this machine."""

    name = "local"

    def start(self, options: EngineOptions) -> AbstractContextManager[Workplace]:
        """Return the engine at work, one process a job."""
        from merbench.engines.local import LocalEngine
        from merbench.steps.store import Store
        from merbench.threads import cores

        return LocalEngine(
            Store(options.store),
            options.plugin_paths,
            jobs=options.jobs or cores(),
            timeout=options.timeout,
            memory_limit=options.memory_limit,
        )


DEFAULT = Local.name
DASK = ClassAt("dask", "merbench.engines.dask_engine", "Dask")


def with_ours(registry: Registry) -> Registry:
    """Add the engines that come with merbench to those of plugins.

    Raises
    ------
    PluginError
        A plugin's engine has the name of one of them.
    """
    origin = Origin(OURS, __version__, __name__)
    registration.add_entry(registry, Entry("engine", Local, origin))
    registration.add_named(registry, "engine", DASK, Origin(OURS, __version__, DASK.module))
    return registry


def engine(registry: Registry, name: str, assignments: Sequence[str] = ()) -> Engine:
    """Return the engine of a name or of an engine file, with parameters as `KEY=VALUE`.

    An engine file is YAML: `engine`, a name, and beside it the parameters.

    Raises
    ------
    MerbenchError
        There is no such engine or file, a parameter is wrong, or it cannot work here.
    """
    registry = with_ours(registry)
    if name.endswith((".yaml", ".yml")):
        built = _of_file(registry, read_document(Path(name), assignments, what="engine file"))
    else:
        built = building.component(registry, "engine", name, assignments)
    assert isinstance(built, Engine)
    readiness.ready(built)
    return built


def _of_file(registry: Registry, document: Document) -> Component:
    data = document.data
    if not isinstance(data, dict) or not isinstance(data.get("engine"), str):
        raise document.error(
            (), "an engine file is a mapping with engine, such as `engine: dask`, and parameters"
        )
    name = data["engine"]
    try:
        registry.get("engine", name)
    except MerbenchError as error:
        raise document.error(("engine",), str(error)) from None
    parameters = {key: value for key, value in data.items() if key != "engine"}
    return building.Builder(document, registry).build("engine", name, parameters, ())
