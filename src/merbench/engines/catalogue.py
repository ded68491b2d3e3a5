"""Engines by name: the one that comes with merbench, and those of plugins."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager

from merbench import __version__
from merbench.benchmark import building
from merbench.components import Engine, EngineOptions
from merbench.components.engine import Workplace
from merbench.plugins import discovery, readiness, registration
from merbench.plugins.registry import Entry, Origin, Registry


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


def with_ours(registry: Registry) -> Registry:
    """Add the engine that comes with merbench to those of plugins.

    Raises
    ------
    PluginError
        A plugin's engine has its name.
    """
    origin = Origin(discovery.GROUP, __version__, Local.__module__)
    registration.add(registry, Entry("engine", Local, origin))
    return registry


def engine(registry: Registry, name: str, assignments: Sequence[str] = ()) -> Engine:
    """Return the engine of a name, with parameters as `KEY=VALUE`.

    Raises
    ------
    MerbenchError
        There is no such engine, a parameter is wrong, or it cannot work here.
    """
    built = building.component(with_ours(registry), "engine", name, assignments)
    assert isinstance(built, Engine)
    readiness.ready(built)
    return built
