"""Finding, loading and listing plugins.

A plugin comes from an installed distribution's entry point (group `merbench`), from a file or
folder that a benchmark names, or from the `plugins/` folder beside it. One that is broken is a
problem to be shown, never a dead host; two components of one name and kind are an error.
"""

from __future__ import annotations

import contextlib
import difflib
import hashlib
import importlib.metadata
import importlib.util
import itertools
import json
import os
import pickle
import re
import sys
import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pluggy
from pydantic import ValidationError
from pydantic.errors import PydanticUndefinedAnnotation
from pydantic_core import InitErrorDetails, PydanticCustomError

from merbench import hookspecs, trial
from merbench.components import (
    Augmentation,
    Component,
    Dataset,
    FeatureExtractor,
    FeatureKind,
    Model,
    Separator,
    Task,
)
from merbench.errors import MerbenchError, PluginError, reason, text_of

GROUP = "merbench"
FOLDER = "plugins"

KINDS: dict[str, type[Component]] = {
    "dataset": Dataset,
    "separator": Separator,
    "augmentation": Augmentation,
    "feature": FeatureExtractor,
    "model": Model,
}
_HOOKS = {kind: f"merbench_{kind}s" for kind in KINDS}
_REQUIRED: dict[str, dict[str, type]] = {
    "dataset": {"task": Task},
    "feature": {"kind": FeatureKind},
    "model": {"inputs": FeatureKind, "tasks": Task},
}
_REFUSED = "MERBENCH_REFUSED"
"""The environment variable by which workers inherit which plugins are broken."""
_MOST_CLASSES = 10_000
"""A hook that yields so many never ends."""
_NAME = re.compile(r"[a-z0-9][a-z0-9.]*(-[a-z0-9.]+)*")


@dataclass(frozen=True)
class Origin:
    """Where a plugin comes from: a distribution and its version, or a file."""

    distribution: str
    version: str
    path: str

    def __str__(self) -> str:
        if not self.distribution:
            return self.path
        return f"{self.distribution} {self.version} ({self.path})"


@dataclass(frozen=True)
class Entry:
    """One registered component class."""

    kind: str
    cls: type[Component]
    origin: Origin

    @property
    def name(self) -> str:
        """What a benchmark file calls it."""
        return self.cls.name

    @property
    def summary(self) -> str:
        """First line of the class's docstring."""
        text = self.cls.__doc__
        return text.strip().partition("\n")[0].strip() if isinstance(text, str) else ""


@dataclass(frozen=True)
class Problem:
    """What keeps a plugin, or a part of it, from being used."""

    origin: Origin
    error: str
    trace: str = ""

    def __str__(self) -> str:
        return f"plugin {self.origin}: {self.error}"


@dataclass
class Registry:
    """Every component that can be named."""

    entries: dict[tuple[str, str], Entry] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def of_kind(self, kind: str) -> list[Entry]:
        """Entries of one kind, in the order of their names."""
        return sorted((e for e in self.entries.values() if e.kind == kind), key=lambda e: e.name)

    def get(self, kind: str, name: str) -> Entry:
        """Return the entry of that name, or raise `PluginError` with the nearest right name."""
        try:
            return self.entries[kind, name]
        except KeyError:
            names = [entry.name for entry in self.of_kind(kind)]
            message = f"there is no {kind} {name!r}{nearest(name, names)}"
            if self.problems:
                failed = "; ".join(str(problem) for problem in self.problems)
                message += f" ({failed})"
            raise PluginError(message) from None

    def find(self, name: str) -> Entry:
        """Return the entry called `name` or `kind/name`, whatever its kind."""
        kind, _, bare = name.rpartition("/")
        found = [e for e in self.entries.values() if e.name == bare and kind in ("", e.kind)]
        if len(found) == 1:
            return found[0]
        if found:
            options = " or ".join(f"{e.kind}/{e.name}" for e in found)
            raise PluginError(f"{name!r} is the name of several plugins: say {options}")
        names = [entry.name for entry in self.entries.values()]
        raise PluginError(f"there is no plugin {name!r}{nearest(bare, names)}")

    def build(self, kind: str, name: str, parameters: Mapping[str, Any]) -> Component:
        """Build a component from a name and parameters.

        Raises
        ------
        PluginError
            No such component, or its plugin fails.
        pydantic.ValidationError
            A parameter is unknown, missing or of a wrong value.
        """
        cls, doing = self.get(kind, name).cls, "cannot be built"
        try:
            with trial.contained():
                built = cls.model_validate(dict(parameters), context={"resolve": self._resolve})
                doing = "cannot say its title"
                title = built.title
        except (ValidationError, MerbenchError):
            raise
        except (Exception, SystemExit) as error:
            raise PluginError(
                f"the {kind} {name!r} {doing} ({reason(error)}); correct its plugin"
            ) from error
        if not isinstance(title, str) or not title.isprintable() or not title.strip():
            raise PluginError(
                f"the {kind} {name!r} has the title {title!r}, which is no line of text; correct "
                "its plugin"
            )
        return built

    def _resolve(self, kind: str, choice: Any) -> Component:
        """Build a component that is another's parameter; its faults become those of the other."""
        name = ""
        try:
            name, parameters = split_choice(choice)
            return self.build(kind, name, parameters)
        except ValidationError as error:
            faults = [(e["type"], (name, *e["loc"]), e["msg"], e["input"]) for e in error.errors()]
        except PluginError as error:
            faults = [("plugin", (name,) if name else (), str(error), choice)]
        raise ValidationError.from_exception_data(
            name,
            [
                InitErrorDetails(
                    type=PydanticCustomError(fault, "{text}", {"text": text}), loc=loc, input=given
                )
                for fault, loc, text, given in faults
            ],
        )


def nearest(name: str, names: Iterable[str]) -> str:
    """Return '; did you mean …?' or the list of right names, to end an error with."""
    names = sorted(names)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; choose from {', '.join(names)}" if names else ""


def split_choice(choice: Any) -> tuple[str, dict[str, Any]]:
    """Split `name` or `{name: {parameter: value}}` as written in YAML.

    Raises
    ------
    PluginError
        It is neither.
    """
    if isinstance(choice, str):
        return choice, {}
    if isinstance(choice, Mapping) and len(choice) == 1:
        ((name, parameters),) = choice.items()
        if isinstance(name, str) and (parameters is None or isinstance(parameters, Mapping)):
            return name, dict(parameters or {})
    raise PluginError(
        f"expected a name, or one name with its parameters as in {{name: {{parameter: value}}}}, "
        f"not {choice!r}"
    )


def load(paths: Iterable[Path] = (), *, folder: Path | None = None) -> Registry:
    """Load every plugin that can be found.

    Parameters
    ----------
    paths
        Plugin files and folders named by the user.
    folder
        The folder a benchmark file lies in; a `plugins/` folder in it is loaded too.

    Raises
    ------
    PluginError
        A path does not exist, or two components of a kind have one name.
    """
    registry = Registry()
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    _load_entry_points(manager, registry)
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
        return self.origin.distribution == GROUP

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
        return importlib.metadata.EntryPoint(GROUP, self.origin.path, GROUP).load()


_foreign: dict[str, _Source] = {}
"""What was imported here and is not ours, by the name of its module or package."""


def is_foreign(module: str) -> bool:
    """Tell whether a module is of a plugin that does not come with merbench."""
    return module.partition(".")[0] in _foreign


def _load_entry_points(manager: pluggy.PluginManager, registry: Registry) -> None:
    points = {point.value: point for point in importlib.metadata.entry_points(group=GROUP)}
    origins = [
        Origin(point.dist.name or "", point.dist.version or "", point.value)
        if point.dist
        else Origin("", "", point.value)
        for point in points.values()
    ]
    for origin in sorted(origins, key=lambda o: (o.distribution, o.path)):
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


def import_file(path: Path) -> ModuleType:
    """Import a plugin file or package under a name that is the same in every process."""
    name = _module_name(path)
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
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module


def _module_name(path: Path) -> str:
    digest = hashlib.sha256(os.fsencode(path)).hexdigest()[:12]
    return f"{trial.PREFIX}{re.sub(r'[^0-9a-zA-Z_]', '_', path.stem)}_{digest}"


def _load(manager: pluggy.PluginManager, registry: Registry, source: _Source) -> None:
    """Import a plugin and register what its hooks yield, once a trial found nothing against it."""
    if not source.ours and trial.wanted():
        answer = trial.attempt(_try, source, home=source.home)
        _refuse(source, refused=bool(answer.fault))
        if answer.fault:
            registry.problems.append(Problem(source.origin, answer.fault, answer.trace))
            return
    elif str(source.origin) in _refused():
        registry.problems.append(Problem(source.origin, "it was refused before"))
        return
    with trial.contained():
        try:
            module = source.load()
        except (Exception, SystemExit) as error:
            registry.problems.append(_problem(source.origin, "it cannot be imported", error))
            return
        if not source.ours:
            name = getattr(module, "__name__", "") if source.path else source.origin.path
            _foreign[re.split(r"[.:]", name)[0]] = source
        _register(manager, registry, module, source.origin)


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
        own = _module_name(source.path)
        for name in [n for n in sys.modules if n == own or n.startswith(f"{own}.")]:
            del sys.modules[name]
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    doing = "it cannot be imported"
    try:
        module = source.load()
        doing = "its hooks failed"
        _register(manager, Registry(), module, source.origin)
    except BaseException as error:
        return trial.Answer(f"{doing} ({reason(error)})", traceback.format_exc())
    name = trial.replaced(getattr(module, "__name__", source.origin.path))
    if name:
        return trial.Answer(
            f"it puts its own function in place of {name}, which would change what others "
            "compute; call yours by a name of its own"
        )
    return trial.Answer()


class NotAskedError(PluginError):
    """A component did not answer whether it is ready: its `ready()` is broken."""


def ready(component: Component) -> None:
    """Ask a component whether it can work here.

    Raises
    ------
    MerbenchError
        It cannot, and says why.
    NotAskedError
        Asking raised something else, ended or crashed the process, or took too long.
    """
    asked = b""
    if _foreign and trial.wanted():
        with contextlib.suppress(Exception):  # that it cannot be sent shows when it should work
            asked = pickle.dumps(component)
    sources = [source for name, source in _foreign.items() if name.encode() in asked]
    if sources:
        top = type(component).__module__.partition(".")[0]
        home = (_foreign.get(top) or sources[0]).home
        answer = trial.attempt(_ask, sources, asked, home=home)
    else:
        with trial.contained():
            answer = _asked(component)
    if answer.said:
        raise MerbenchError(answer.said)
    if answer.fault:
        raise NotAskedError(f"{component.name} is not ready: {answer.fault}")


def _ask(sources: Sequence[_Source], asked: bytes) -> trial.Answer:
    for source in sources:
        source.load()
    return _asked(pickle.loads(asked))


def _asked(component: Component) -> trial.Answer:
    try:
        component.ready()
    except MerbenchError as error:
        return trial.Answer(said=text_of(error))
    except (Exception, SystemExit) as error:
        return trial.Answer(reason(error), traceback.format_exc())
    return trial.Answer()


def _register(
    manager: pluggy.PluginManager, registry: Registry, module: Any, origin: Origin
) -> None:
    """Register a module's hooks and collect what they yield, one hook's failure at a time."""
    try:
        manager.register(module)
    except Exception as error:
        registry.problems.append(_problem(origin, "it cannot be registered", error))
        return
    for caller in manager.get_hookcallers(module) or ():
        if not caller.has_spec():
            fault = f"there is no hook {caller.name!r}{nearest(caller.name, _HOOKS.values())}"
            registry.problems.append(Problem(origin, fault))
    for kind, hook in _HOOKS.items():
        for implementation in getattr(manager.hook, hook).get_hookimpls():
            if implementation.plugin is not module:
                continue
            if implementation.hookwrapper or implementation.wrapper:
                fault = f"its {hook} wraps others' hooks; let it return classes of its own"
                registry.problems.append(Problem(origin, fault))
                continue
            try:
                classes = list(itertools.islice(implementation.function(), _MOST_CLASSES))
            except (Exception, SystemExit) as error:
                registry.problems.append(_problem(origin, f"its {hook} failed", error))
                continue
            if len(classes) == _MOST_CLASSES:
                fault = f"its {hook} yields {_MOST_CLASSES:,} classes or more"
                registry.problems.append(Problem(origin, fault))
                continue
            for cls in classes:
                try:
                    fault = _fault(kind, cls)
                except Exception as error:
                    what = f"what {hook} yields cannot be looked at"
                    registry.problems.append(_problem(origin, what, error))
                    continue
                if fault:
                    registry.problems.append(Problem(origin, fault))
                else:
                    _add(registry, Entry(kind, cls, origin))


def _add(registry: Registry, entry: Entry) -> None:
    other = registry.entries.setdefault((entry.kind, entry.name), entry)
    if other is not entry and other.cls is not entry.cls:
        raise PluginError(
            f"two {entry.kind}s are called {entry.name!r}: one from {other.origin}, one from "
            f"{entry.origin}; rename or remove one of them"
        )


def _fault(kind: str, cls: Any) -> str:
    """Say what keeps a class from being a component of a kind, or nothing."""
    base = KINDS[kind]
    if not (isinstance(cls, type) and issubclass(cls, base)):
        return f"{_HOOKS[kind]} yields {cls!r}, which is no subclass of merbench.{base.__name__}"
    if not isinstance(cls.name, str) or not _NAME.fullmatch(cls.name):
        return (
            f"the {kind} class {cls.__name__} has the name {cls.name!r}; set the class attribute "
            "`name` to lower-case words joined by hyphens"
        )
    for attribute, wanted in _REQUIRED.get(kind, {}).items():
        value = getattr(cls, attribute, None)
        values = value if isinstance(value, (tuple, set, frozenset)) else (value,)
        if value is None:
            return f"the {kind} {cls.name!r} does not set the class attribute `{attribute}`"
        if not isinstance(value, property) and not all(isinstance(v, wanted) for v in values):
            return (
                f"the {kind} {cls.name!r} sets `{attribute}` to {value!r}, which is no "
                f"merbench.{wanted.__name__}"
            )
    try:
        cls.model_rebuild()
    except PydanticUndefinedAnnotation as error:
        return (
            f"the {kind} {cls.name!r} has a parameter of the type {error.name!r}, which is not "
            "defined in its module; import it there, and not for type checking only"
        )
    version: Any = cls.version
    if not isinstance(version, str):
        return f"the {kind} {cls.name!r} has the version {version!r}; write it as text"
    required = [name for name, field_info in cls.model_fields.items() if field_info.is_required()]
    if issubclass(cls, Model) and cls.baseline and required:
        return f"the baseline {cls.name!r} is added by itself, so give {required[0]!r} a default"
    return ""


def _problem(origin: Origin, what: str, error: BaseException) -> Problem:
    return Problem(origin, f"{what} ({reason(error)})", traceback.format_exc())
