"""Finding and loading plugins: installed distributions, files and folders."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import sys
import traceback
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pluggy

from merbench import installed
from merbench.errors import PluginError, reason
from merbench.plugins import containment, hookspecs, trial, whereabouts
from merbench.plugins.importing import import_file, module_name
from merbench.plugins.registration import problem, register_module
from merbench.plugins.registry import Origin, Problem, Registry

FOLDER = "plugins"
_REFUSED = "MERBENCH_REFUSED"
"""The environment variable by which workers inherit which plugins are broken."""


def load_plugins(
    paths: Iterable[Path] = (), *, folder: Path | None = None, ours: bool = True
) -> Registry:
    """Load every plugin that can be found.

    Parameters
    ----------
    paths
        Plugin files and folders named by the user.
    folder
        The folder a benchmark file lies in; a `plugins/` folder in it is loaded too.
    ours
        Whether what comes with merbench is loaded. A worker does without: reading a step imports
        what the step needs of it, and all of it would take half as long as a worker's start.

    Raises
    ------
    PluginError
        A path does not exist, or two components of a kind have one name.
    """
    registry = Registry()
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    _load_entry_points(manager, registry, ours=ours)
    for path in paths:
        if not path.exists():
            raise PluginError(f"the plugin {path} does not exist; correct its path")
        for source in _sources(path):
            _load_file(manager, registry, source)
    if folder is not None and (folder / FOLDER).is_dir():
        for source in _sources(folder / FOLDER):
            _load_file(manager, registry, source)
    return registry


@dataclass(frozen=True)
class _Source:
    """What a plugin is imported from: a file or folder, or an entry point's value."""

    origin: Origin
    path: Path | None = None

    @property
    def ours(self) -> bool:
        """Whether it comes with merbench, and need not be tried."""
        return self.origin.ours

    @property
    def home(self) -> str:
        """The start of its files' names, where that is known."""
        if self.path is not None:
            return str(self.path)
        try:
            spec = importlib.util.find_spec(re.split(r"[.:]", self.origin.path)[0])
        except (ImportError, ValueError):
            return ""
        file = spec.origin if spec and spec.origin else ""
        return str(Path(file).parent) if file.endswith("__init__.py") else file

    def load(self) -> Any:
        """Import it."""
        if self.path is not None:
            return import_file(self.path)
        return importlib.metadata.EntryPoint(
            installed.PLUGINS, self.origin.path, installed.PLUGINS
        ).load()


_foreign: dict[str, _Source] = {}
"""What was imported here and is not ours, by the name of its module or package."""


def _load_entry_points(manager: pluggy.PluginManager, registry: Registry, *, ours: bool) -> None:
    points = {point.value: point for point in installed.plugin_points()}
    origins = [
        Origin(point.dist.name or "", installed.version(point.dist), point.value)
        if point.dist
        else Origin("", "", point.value)
        for point in points.values()
    ]
    for origin in sorted(origins, key=lambda o: (o.distribution, o.path)):
        if ours or not origin.ours:
            _load(manager, registry, _Source(origin))


def _sources(path: Path) -> Iterator[Path]:
    """Yield the plugin files and packages at a path: itself, or what lies in the folder."""
    if path.is_file() or (path / "__init__.py").is_file():
        yield path
        return
    for child in sorted(path.iterdir()):
        if child.name.startswith((".", "_")):
            continue
        if child.suffix == ".py" or (child / "__init__.py").is_file():
            yield child


def _load_file(manager: pluggy.PluginManager, registry: Registry, path: Path) -> None:
    path = path.resolve()
    for loaded in manager.get_plugins():
        file = getattr(loaded, "__file__", None)
        if isinstance(file, str) and path in (Path(file).resolve(), *Path(file).resolve().parents):
            return
    _load(manager, registry, _Source(Origin("", "", str(path)), path))


def _load(manager: pluggy.PluginManager, registry: Registry, source: _Source) -> None:
    """Import a plugin and register what its hooks yield, once a trial found nothing against it."""
    if not source.ours and trial.wanted():
        answer = trial.call_apart(_try, source, home=source.home)
        _refuse(source, refused=bool(answer.fault))
        if answer.fault:
            registry.problems.append(Problem(source.origin, answer.fault, answer.trace))
            return
    elif str(source.origin) in _refused():
        registry.problems.append(Problem(source.origin, "it was refused before"))
        return
    with containment.contained():
        try:
            module = source.load()
        except (Exception, SystemExit) as error:
            registry.problems.append(problem(source.origin, "it cannot be imported", error))
            return
        if not source.ours:
            name = getattr(module, "__name__", "") if source.path else source.origin.path
            top = re.split(r"[.:]", name)[0]
            _foreign[top] = source
            whereabouts.note_foreign(top)
        register_module(manager, registry, module, source.origin)


def _refused() -> list[str]:
    """Return the plugins that this process, or that it was started by, found to be broken."""
    found: list[str] = json.loads(os.environ.get(_REFUSED, "[]"))
    return found


def _refuse(source: _Source, *, refused: bool) -> None:
    """Note whether a plugin was found to be broken: workers must not meet it untried."""
    others = [name for name in _refused() if name != str(source.origin)]
    os.environ[_REFUSED] = json.dumps([*others, str(source.origin)] if refused else others)


def _try(source: _Source) -> trial.Answer:
    """Import a plugin and call its hooks, where it can do no harm; return what rules it out.

    What rules out a part of it only is left to be found again.
    """
    if source.path is not None:
        own = module_name(source.path)
        for name in [n for n in sys.modules if n == own or n.startswith(f"{own}.")]:
            del sys.modules[name]
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    doing = "it cannot be imported"
    try:
        module = source.load()
        doing = "its hooks failed"
        register_module(manager, Registry(), module, source.origin)
    except BaseException as error:
        package = re.split(r"[.:]", source.origin.path)[0]
        fault = f"{doing} ({reason(error)}){whereabouts.place(error, package)}"
        return trial.Answer(fault, traceback.format_exc())
    name = containment.replaced(getattr(module, "__name__", source.origin.path))
    if name:
        return trial.Answer(
            f"it puts its own function in place of {name}, which would change what others "
            "compute; call yours by a name of its own"
        )
    return trial.Answer()
