"""Components built from what a document says of them, and grids of parameters expanded."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from merbench.benchmark.complaints import explained
from merbench.benchmark.document import Document, DocumentPath
from merbench.benchmark.names import NONE
from merbench.bounds import MOST_COMBINATIONS, product
from merbench.components import Component, Model
from merbench.components.weights import weights_types
from merbench.digests import files_at
from merbench.errors import MerbenchError, PluginError
from merbench.plugins.containment import contained
from merbench.plugins.registry import Registry, split_choice


def component(
    registry: Registry, kind: str, name: str, assignments: Sequence[str] = ()
) -> Component:
    """Build one component outside any benchmark file, from its name and `--set` assignments.

    Raises
    ------
    MerbenchError
        There is no such component, or a parameter is wrong.
    """
    document = Document(name, Path.cwd(), {})
    for assignment in assignments:
        document.assign(assignment)
    return Builder(document, registry).build(kind, name, document.data, ())


# --- components from choices ----------------------------------------------------------------------


@dataclass(frozen=True)
class Builder:
    document: Document
    registry: Registry

    def all(self, kind: str, choices: Sequence[Any], key: str) -> list[Component]:
        built: list[Component] = []
        for position, choice in enumerate(choices):
            built += self.grid(kind, choice, (key, position))
            self._refuse_more(len(built), (key,), "it")
        return built

    def several(self, kind: str, entries: Sequence[Any], key: str) -> list[tuple[Component, ...]]:
        """Build entries that are one choice or several together; `none` is no component."""
        built: list[tuple[Component, ...]] = []
        for position, entry in enumerate(entries):
            path: DocumentPath = (key, position)
            if isinstance(entry, list):
                grids = [self.grid(kind, e, (*path, i)) for i, e in enumerate(entry)]
            else:
                grids = [] if entry == NONE else [self.grid(kind, entry, path)]
            self._refuse_more(len(built) + product(map(len, grids)), path, "it")
            built += itertools.product(*grids)
        return built

    def grid(self, kind: str, choice: Any, path: DocumentPath) -> list[Component]:
        """Build a choice; lists of parameter values make one component a combination."""
        name, parameters = _split(self.document, choice, path)
        try:
            cls = self.registry.get(kind, name).cls
        except PluginError as error:
            raise self.document.error(path, str(error)) from None
        self._refuse_more(_n_points(cls, parameters, self.registry), path, f"the grid of {name}")
        with contained():  # once for all of them
            return [
                self.build(kind, name, point, (*path, name))
                for point in _points(cls, parameters, self.registry)
            ]

    def _refuse_more(self, count: int, path: DocumentPath, what: str) -> None:
        """Raise where a grid has more points than anyone will run; they are not made yet."""
        if count > MOST_COMBINATIONS:
            raise self.document.error(
                path, f"{what} has {count:,} combinations; {MOST_COMBINATIONS:,} are the most"
            )

    def build(
        self, kind: str, name: str, parameters: Mapping[str, Any], inside: DocumentPath
    ) -> Component:
        """Build a component whose parameters were written at `inside`."""
        cls = self.registry.get(kind, name).cls
        try:
            return self.registry.build(kind, name, self._based(cls, parameters, inside))
        except ValidationError as error:
            raise explained(error, self.document, inside, cls, self.registry) from None

    def _based(
        self, cls: type[Component], parameters: Mapping[str, Any], path: DocumentPath
    ) -> dict[str, Any]:
        """Make relative paths among the parameters start from the file they were written in."""
        fields = cls.model_fields
        return {
            key: self._absolute(fields[key], value, (*path, key)) if key in fields else value
            for key, value in parameters.items()
        }

    def _absolute(self, field_info: FieldInfo, value: Any, path: DocumentPath) -> Any:
        if isinstance(value, list):
            return [self._absolute(field_info, v, (*path, i)) for i, v in enumerate(value)]
        if _is_model(field_info) or _lists_models(field_info):
            try:
                name, parameters = split_choice(value)
                cls = self.registry.get("model", name).cls
            except PluginError:
                return value  # building it will say what is wrong, and where
            return {name: self._based(cls, parameters, (*path, name))}
        weights = next(weights_types(field_info.annotation), None)
        if not isinstance(value, str) or not (weights or _takes_path(field_info)):
            return value
        file = self.document.file(path, value)
        if weights is not None:
            return weights.placed(value, file)
        # Where text is also allowed ("merbench", or a path), only what exists is a path.
        return file if not _takes_text(field_info) or files_at(file) else value


def _takes_path(field_info: FieldInfo) -> bool:
    return Path in (field_info.annotation, *get_args(field_info.annotation))


def _takes_text(field_info: FieldInfo) -> bool:
    return any(
        a is str or Literal is getattr(a, "__origin__", None)
        for a in get_args(field_info.annotation)
    )


def _points(
    cls: type[Component], parameters: Mapping[str, Any], registry: Registry
) -> Iterator[dict[str, Any]]:
    """Yield every combination of parameter values; a list the field itself takes is one value."""
    options: list[list[Any]] = []
    for key, value in parameters.items():
        field_info = cls.model_fields.get(key)
        values = value if _is_grid(field_info, value) else [value]
        if field_info is not None and _is_model(field_info):
            values = [point for v in values for point in _nested_points(v, registry)]
        options.append(values)
    for combination in itertools.product(*options):
        yield dict(zip(parameters, combination, strict=True))


def _n_points(cls: type[Component], parameters: Mapping[str, Any], registry: Registry) -> int:
    """Return how many `_points` yields, without making them."""
    counts = []
    for key, value in parameters.items():
        field_info = cls.model_fields.get(key)
        values = value if _is_grid(field_info, value) else [value]
        if field_info is not None and _is_model(field_info):
            counts.append(sum(_n_nested(v, registry) for v in values))
        else:
            counts.append(len(values))
    return product(counts)


def _n_nested(choice: Any, registry: Registry) -> int:
    try:
        name, parameters = split_choice(choice)
        return _n_points(registry.get("model", name).cls, parameters, registry)
    except MerbenchError:
        return 1


def _nested_points(choice: Any, registry: Registry) -> Iterator[Any]:
    """Expand the grid of a model that is another model's parameter."""
    try:
        name, parameters = split_choice(choice)
        cls = registry.get("model", name).cls
    except MerbenchError:
        yield choice  # building it will say what is wrong, and where
        return
    for point in _points(cls, parameters, registry):
        yield {name: point}


def _is_model(field_info: FieldInfo) -> bool:
    return field_info.annotation is Model or Model in get_args(field_info.annotation)


def _lists_models(field_info: FieldInfo) -> bool:
    """Tell whether a field takes several models at once, which are no alternatives."""
    of_each = (get_args(inner)[:1] for inner in get_args(field_info.annotation))
    return any(Model in args for args in of_each)


def _is_grid(field_info: FieldInfo | None, value: Any) -> bool:
    if field_info is None or not isinstance(value, list) or not value:
        return False
    if _is_model(field_info):
        return True
    if _lists_models(field_info):
        return all(isinstance(v, list) for v in value)
    takes = TypeAdapter(field_info.rebuild_annotation())
    # A list that is no value, and holds none either, is a mistake for the field to explain.
    return not _valid(takes, value) and any(_valid(takes, v) for v in value)


def _valid(takes: TypeAdapter[Any], value: Any) -> bool:
    try:
        takes.validate_python(value)
    except ValidationError:
        return False
    return True


def _split(document: Document, choice: Any, path: DocumentPath) -> tuple[str, dict[str, Any]]:
    try:
        return split_choice(choice)
    except PluginError as error:
        raise document.error(path, str(error)) from None
