"""What a plugin may implement: one hook a kind, each an iterable of component classes."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from merbench.components import (
        Augmentation,
        Dataset,
        Engine,
        FeatureExtractor,
        Model,
        Protocol,
        Separator,
    )

PROJECT = "merbench"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@dataclass(frozen=True)
class ClassAt:
    """A component class that is named, to be imported when something asks for it.

    A hook may return it in place of the class: a program that needs one model of forty does not
    wait for the other thirty-nine. The classes of other distributions are imported at once all the
    same, for an import that fails or hangs must be found before it is needed.

    Parameters
    ----------
    name
        The class's `name`. The class may not be a baseline: those are looked at in every run.
    module, attribute
        Where the class lies.
    """

    name: str
    module: str
    attribute: str

    def load(self) -> Any:
        """Import the class."""
        return getattr(importlib.import_module(self.module), self.attribute)


def classes_in(package: str, modules: Mapping[str, Mapping[str, str]]) -> Iterator[ClassAt]:
    """Yield the classes of a package's modules.

    Parameters
    ----------
    package
        Full name of the package.
    modules
        For each module of it the names of its classes, by the names of the components.
    """
    for module, classes in modules.items():
        for name, attribute in classes.items():
            yield ClassAt(name, f"{package}.{module}", attribute)


@hookspec
def merbench_datasets() -> Iterable[type[Dataset] | ClassAt]:  # type: ignore[empty-body]
    """Return dataset classes."""


@hookspec
def merbench_separators() -> Iterable[type[Separator] | ClassAt]:  # type: ignore[empty-body]
    """Return separator classes."""


@hookspec
def merbench_augmentations() -> Iterable[type[Augmentation] | ClassAt]:  # type: ignore[empty-body]
    """Return augmentation classes."""


@hookspec
def merbench_features() -> Iterable[type[FeatureExtractor] | ClassAt]:  # type: ignore[empty-body]
    """Return feature extractor classes."""


@hookspec
def merbench_models() -> Iterable[type[Model] | ClassAt]:  # type: ignore[empty-body]
    """Return model classes."""


@hookspec
def merbench_protocols() -> Iterable[type[Protocol] | ClassAt]:  # type: ignore[empty-body]
    """Return protocol classes."""


@hookspec
def merbench_engines() -> Iterable[type[Engine] | ClassAt]:  # type: ignore[empty-body]
    """Return engine classes."""
