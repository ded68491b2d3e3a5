"""A benchmark file with every name turned into the components it means."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from merbench.benchmark.building import Builder, _split
from merbench.benchmark.document import Document, DocumentPath
from merbench.benchmark.names import full_title, is_named, joint_title
from merbench.benchmark.protocols import with_protocols
from merbench.benchmark.schema import Exclusion, Spec
from merbench.bounds import MOST_COMBINATIONS, product
from merbench.components import (
    Augmentation,
    Component,
    Dataset,
    FeatureExtractor,
    Model,
    Protocol,
    Separator,
)
from merbench.errors import PluginError
from merbench.identity import canonical
from merbench.naming import nearest
from merbench.plugins.registry import Registry
from merbench.tasks import Task


@dataclass(frozen=True)
class RootedDataset:
    """A dataset, and how the benchmark file reads it.

    Parameters
    ----------
    dataset
        With its parameters.
    root
        The folder it lies in; None for one that needs no folder.
    task
        What its labels are read as; None for what they are.
    """

    dataset: Dataset
    root: Path | None
    task: Task | None = None


@dataclass(frozen=True)
class Benchmark:
    """A benchmark file with every name turned into a component, and every grid into its points."""

    spec: Spec
    datasets: tuple[RootedDataset, ...]
    augmentations: tuple[tuple[Augmentation, ...], ...]
    separators: tuple[Separator, ...]
    features: tuple[tuple[FeatureExtractor, ...], ...]
    models: tuple[Model, ...]
    baselines: tuple[Model, ...]
    protocol: Protocol
    document: Document


def resolve(document: Document, spec: Spec, registry: Registry) -> Benchmark:
    """Turn every name of a benchmark into components.

    Raises
    ------
    SpecError
        A name or parameter is wrong; with file, line and the nearest right one.
    """
    build = Builder(document, with_protocols(registry))
    datasets = []
    for position, choice in enumerate(spec.datasets):
        path: DocumentPath = ("datasets", position)
        name, parameters = _split(document, choice, path)
        root = parameters.pop("root", None)
        if root is not None and not isinstance(root, str):
            raise document.error((*path, name, "root"), f"root must be a folder, not {root!r}")
        folder = None
        if root is not None:
            folder = document.file((*path, name, "root"), root)
        tasks = _tasks(document, parameters.pop("task", None), (*path, name, "task"))
        for component in build.grid("dataset", {name: parameters}, path):
            assert isinstance(component, Dataset)
            _refuse_borrowed_name(document, component, registry, (*path, name, "name"))
            for task in tasks:
                if task and task not in (component.task, *_FOLLOWING.get(component.task, ())):
                    raise document.error(
                        (*path, name, "task"),
                        f"{component.name} has labels of the task {component.task}, from which "
                        f"{_NAMED[task]} do not follow; remove `task`",
                    )
            if folder is None and component.needs_root:
                raise document.error(
                    path,
                    f"{component.name} needs `root`, the folder it lies in; write it here, or say "
                    f"--set datasets.{component.name}.root=PATH",
                )
            for task in tasks:
                read_as = None if task is component.task else task
                datasets.append(RootedDataset(component, folder, read_as))
    benchmark = Benchmark(
        spec,
        tuple(datasets),
        tuple(build.several("augmentation", spec.augmentations, "augmentations")),  # type: ignore[arg-type]
        tuple(build.all("separator", spec.separators, "separators")),  # type: ignore[arg-type]
        tuple(build.several("feature", spec.features, "features")),  # type: ignore[arg-type]
        tuple(build.all("model", spec.models, "models")),  # type: ignore[arg-type]
        tuple(cls() for cls in registry.baselines()) if spec.baselines else (),
        _protocol(build, spec.protocol),
        document,
    )
    _refuse_too_many(document, benchmark)
    _refuse_twins(document, benchmark)
    _check_selections(document, benchmark)
    return benchmark


def _refuse_borrowed_name(
    document: Document, dataset: Dataset, registry: Registry, path: DocumentPath
) -> None:
    """Raise where a user's dataset has the name of another that is registered."""
    own = dataset.identity()["name"]
    if own != dataset.name and own in {entry.name for entry in registry.of_kind("dataset")}:
        raise document.error(
            path, f"{own} is another dataset's name; give your data one of their own"
        )


_FOLLOWING = {Task.VA: (Task.QUADRANT,)}
"""What else labels of a task can be read as."""
_NAMED = {Task.VA: "valence and arousal", Task.QUADRANT: "quadrants"}
_READABLE = {task.value: task for task in _NAMED}


def _tasks(document: Document, value: Any, path: DocumentPath) -> list[Task | None]:
    """Return what a dataset's labels are to be read as; a list makes a dataset each."""
    values = value if isinstance(value, list) and value else [value]
    try:
        return [None if value is None else _READABLE[value] for value in values]
    except (KeyError, TypeError):
        raise document.error(
            path, f"task must be {' or '.join(_READABLE)}, not {value!r}"
        ) from None


def _protocol(build: Builder, choice: Any) -> Protocol:
    name, parameters = _split(build.document, choice, ("protocol",))
    try:
        build.registry.get("protocol", name)
    except PluginError as error:
        raise build.document.error(("protocol",), str(error)) from None
    built = build.build("protocol", name, parameters, ("protocol", name))
    assert isinstance(built, Protocol)
    return built


def _refuse_too_many(document: Document, benchmark: Benchmark) -> None:
    """Count the combinations before anything goes through them."""
    counts = {
        "datasets": len(benchmark.datasets),
        "augmentations": len(benchmark.augmentations),
        "separators": len(benchmark.separators),
        "features": len(benchmark.features),
        "models": len(benchmark.models) + len(benchmark.baselines),
    }
    total = product(counts.values())
    if total > MOST_COMBINATIONS:
        sizes = " x ".join(f"{count:,} {axis}" for axis, count in counts.items() if count > 1)
        raise document.error(
            (),
            f"{sizes} are {total:,} combinations; {MOST_COMBINATIONS:,} are the most: name fewer, "
            "or make several benchmarks of it",
        )


def _refuse_twins(document: Document, benchmark: Benchmark) -> None:
    axes: dict[str, list[Any]] = {
        "datasets": [(d.dataset.identity(), str(d.root), d.task) for d in benchmark.datasets],
        "augmentations": [[a.identity() for a in several] for several in benchmark.augmentations],
        "separators": [s.identity() for s in benchmark.separators],
        "features": [[f.identity() for f in features] for features in benchmark.features],
        "models": [m.identity() for m in benchmark.models],
    }
    for axis, identities in axes.items():
        if len({canonical(identity) for identity in identities}) < len(identities):
            raise document.error(
                (axis,), f"{axis} names the same component with the same parameters twice"
            )
    for several in benchmark.augmentations:
        names = [augmentation.name for augmentation in several]
        for name in names:
            if names.count(name) > 1:
                raise document.error(
                    ("augmentations",),
                    f"one choice of augmentations names {name} twice; say how many of its copies "
                    "there are with `copies`",
                )


_KEYS = {
    "dataset": "datasets",
    "augmentation": "augmentations",
    "separator": "separators",
    "features": "features",
    "model": "models",
}
"""Where a benchmark file names what stands on each axis."""


_SELECTIONS = {"exclude": "an exclusion", "include": "an inclusion"}
"""Keys that choose among combinations, and what one of their entries is called."""


def _check_selections(document: Document, benchmark: Benchmark) -> None:
    selections: list[tuple[DocumentPath, Exclusion]] = [
        ((key, position), selection)
        for key in _SELECTIONS
        for position, selection in enumerate(getattr(benchmark.spec, key))
    ]
    if benchmark.spec.reported is not None:
        selections += [
            (("reported", "systems", position, "cells"), reported.cells)
            for position, reported in enumerate(benchmark.spec.reported.systems)
        ]
    if not selections:
        return
    models = (*benchmark.models, *benchmark.baselines)
    choices: dict[str, list[tuple[Component, ...]]] = {
        "augmentation": list(benchmark.augmentations),
        "separator": [(separator,) for separator in benchmark.separators],
        "features": list(benchmark.features),
        "model": [(model,) for model in models],
    }
    known = {
        axis: [(joint_title(several), full_title(several)) for several in found]
        for axis, found in choices.items()
    }
    known["dataset"] = [(d.dataset.title, d.dataset.title) for d in benchmark.datasets]
    for path, selection in selections:
        given = selection.model_dump(exclude_none=True)
        if not given:
            what = _SELECTIONS.get(str(path[0]), "a reported system")
            raise document.error(path, f"{what} names at least one axis")
        for axis, name in given.items():
            # A paper's system and what is included keep their names where somebody chooses other
            # models, or sets a parameter otherwise: they are then no cell's. An exclusion that
            # leaves nothing out is a mistake.
            if path[0] == "exclude":
                looked_for = name
            elif document.place((_KEYS[axis],)).startswith("--set"):
                continue
            else:
                looked_for = name.partition(" (")[0]
            if not any(is_named(looked_for, *names) for names in known[axis]):
                near = nearest(name, {text for names in known[axis] for text in names})
                raise document.error((*path, axis), f"this benchmark has no {axis} {name!r}{near}")
