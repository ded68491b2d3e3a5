"""Every component that can be named, and where each comes from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from merbench.components import (
    Augmentation,
    Component,
    Dataset,
    Engine,
    FeatureExtractor,
    Model,
    Protocol,
    Separator,
)
from merbench.errors import MerbenchError, PluginError, reason
from merbench.naming import closest, nearest
from merbench.plugins import containment, whereabouts

KINDS: dict[str, type[Component]] = {
    "dataset": Dataset,
    "separator": Separator,
    "augmentation": Augmentation,
    "feature": FeatureExtractor,
    "model": Model,
    "protocol": Protocol,
    "engine": Engine,
}

WORK: dict[str, str] = {
    "dataset": "clips",
    "separator": "separate",
    "augmentation": "augment",
    "feature": "extract",
    "model": "estimator",
    "protocol": "splits",
    "engine": "start",
}
"""The method of each kind that does its work."""

OURS = "merbench"
"""The distribution that merbench and its first plugins are."""


@dataclass(frozen=True)
class Origin:
    """Where a plugin comes from: a distribution and its version, or a file."""

    distribution: str
    version: str
    path: str

    @property
    def ours(self) -> bool:
        """Whether it comes with merbench."""
        return self.distribution == OURS

    def __str__(self) -> str:
        if not self.distribution:
            return self.path
        return f"{self.distribution} {self.version} ({self.path})"


@dataclass(frozen=True)
class Entry:
    """One registered component class.

    Parameters
    ----------
    kind
        What it is, such as `model`.
    source
        The class, or what imports it.
    origin
        Where its plugin comes from.
    known_as
        The name of a class that is yet to be imported.
    """

    kind: str
    source: type[Component] | Callable[[], type[Component]]
    origin: Origin
    known_as: str = ""

    @cached_property
    def cls(self) -> type[Component]:
        """The class, imported now where nothing asked for it before.

        Raises
        ------
        PluginError
            It cannot be imported, or is no component of that kind and name.
        """
        return self.source if isinstance(self.source, type) else self.source()

    @property
    def name(self) -> str:
        """The name by which a benchmark file calls the component."""
        return self.known_as or self.cls.name

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
        """Return the entries of one kind, in the order of their names."""
        return sorted((e for e in self.entries.values() if e.kind == kind), key=lambda e: e.name)

    def baselines(self) -> list[type[Model]]:
        """Return the models that every benchmark is given, in the order of their names."""
        loaded = (e.source for e in self.of_kind("model") if isinstance(e.source, type))
        return [cls for cls in loaded if issubclass(cls, Model) and cls.baseline]

    def get(self, kind: str, name: str) -> Entry:
        """Return the entry of that name, or raise `PluginError` with the nearest right name."""
        try:
            return self.entries[kind, name]
        except KeyError:
            hint = nearest(name, (entry.name for entry in self.of_kind(kind)))
            raise PluginError(f"there is no {kind} {name!r}{hint}{self._unloaded()}") from None

    def find(self, name: str) -> Entry:
        """Return the entry called `name` or `kind/name`, whatever its kind."""
        kind, _, bare = name.rpartition("/")
        found = [e for e in self.entries.values() if e.name == bare and kind in ("", e.kind)]
        if len(found) == 1:
            return found[0]
        if found:
            options = " or ".join(f"{e.kind}/{e.name}" for e in found)
            raise PluginError(f"{name!r} is the name of several plugins: say {options}")
        close = closest(bare, (entry.name for entry in self.entries.values()))
        hint = (
            f"; did you mean {close!r}?"
            if close
            else "; `merbench plugins list` names what there is"
        )
        raise PluginError(f"there is no plugin {name!r}{hint}{self._unloaded()}")

    def _unloaded(self) -> str:
        """Say what could not be loaded, which may be what is looked for."""
        failed = "; ".join(str(problem) for problem in self.problems)
        return f" ({failed})" if failed else ""

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
            with containment.contained():
                built = cls.model_validate(dict(parameters), context={"resolve": self._resolve})
                doing = "cannot say its title"
                title = built.title
        except (ValidationError, MerbenchError):
            raise
        except (Exception, SystemExit) as error:
            raise PluginError(
                f"the {kind} {name!r} {doing} ({reason(error)}){whereabouts.place(error)}; "
                "correct its plugin"
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
