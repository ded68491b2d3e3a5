"""What a plugin may implement: one hook a kind, each an iterable of component classes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

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


@hookspec
def merbench_datasets() -> Iterable[type[Dataset]]:  # type: ignore[empty-body]
    """Return dataset classes."""


@hookspec
def merbench_separators() -> Iterable[type[Separator]]:  # type: ignore[empty-body]
    """Return separator classes."""


@hookspec
def merbench_augmentations() -> Iterable[type[Augmentation]]:  # type: ignore[empty-body]
    """Return augmentation classes."""


@hookspec
def merbench_features() -> Iterable[type[FeatureExtractor]]:  # type: ignore[empty-body]
    """Return feature extractor classes."""


@hookspec
def merbench_models() -> Iterable[type[Model]]:  # type: ignore[empty-body]
    """Return model classes."""


@hookspec
def merbench_protocols() -> Iterable[type[Protocol]]:  # type: ignore[empty-body]
    """Return protocol classes."""


@hookspec
def merbench_engines() -> Iterable[type[Engine]]:  # type: ignore[empty-body]
    """Return engine classes."""
