"""Benchmark files: reading YAML with its lines, checking it, and naming the plugins it means."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from merbench.components import (
    MIXED,
    Component,
    Dataset,
    FeatureExtractor,
    Model,
    Separator,
)
from merbench.errors import MerbenchError, PluginError, SpecError
from merbench.plugins import KINDS, Registry, nearest, split_choice
from merbench.protocols import PROTOCOLS, MonteCarlo, Protocol

Path_ = tuple[str | int, ...]
"""Where a value stands in a document: keys and positions."""

_AXES = ("dataset", "separator", "features", "model")


# --- the document --------------------------------------------------------------------------------


@dataclass
class Document:
    """A YAML file's content, and where each value of it was written."""

    name: str
    folder: Path
    data: Any
    places: dict[Path_, tuple[str, Path]] = field(default_factory=dict)
    """Path of a value to its 'file:line' and the folder that relative paths in it start from."""

    def place(self, path: Path_) -> str:
        """'file:line' of a value, or of the nearest one around it."""
        return self._nearest(path)[0]

    def base(self, path: Path_) -> Path:
        """Folder that a relative path written at `path` starts from."""
        return self._nearest(path)[1]

    def error(self, path: Path_, message: str) -> SpecError:
        """An error that says where it stands."""
        return SpecError(f"{self.place(path)}: {message}")

    def _nearest(self, path: Path_) -> tuple[str, Path]:
        for end in range(len(path), -1, -1):
            if path[:end] in self.places:
                return self.places[path[:end]]
        return self.name, self.folder

    def assign(self, assignment: str) -> None:
        """Apply `KEY=VALUE`: a dotted path through keys, positions and names, and a YAML value."""
        key, sign, text = assignment.partition("=")
        where = f"--set {assignment}"
        if not sign or not key:
            raise SpecError(f"{where}: write it as KEY=VALUE, as in --set seed=7")
        try:
            value = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise SpecError(f"{where}: the value is no YAML ({_one_line(error)})") from None
        steps = key.split(".")
        if not isinstance(self.data, dict):
            self.data = {}
        holder: Any = self.data
        path: Path_ = ()
        for step in steps[:-1]:
            holder, path = self._step(holder, path, step, where)
        if isinstance(holder, list):
            position = _position(holder, steps[-1])
            if position is None:
                raise SpecError(f"{where}: {'.'.join(steps[:-1])} has no entry {steps[-1]!r}")
            holder[position], path = value, (*path, position)
        else:
            holder[steps[-1]], path = value, (*path, steps[-1])
        self.places = {p: place for p, place in self.places.items() if p[: len(path)] != path}
        self.places[path] = (where, Path.cwd())

    def _step(self, holder: Any, path: Path_, step: str, where: str) -> tuple[Any, Path_]:
        """Go one step down, turning `name` into `{name: {}}` where a parameter is to be set."""
        if isinstance(holder, list):
            position = _position(holder, step)
            if position is None:
                names = [_entry_name(entry) for entry in holder]
                raise SpecError(
                    f"{where}: {'.'.join(map(str, path))} has no entry {step!r}"
                    f"{nearest(step, [n for n in names if n])}"
                )
            if step.isdigit():
                return holder[position], (*path, position)
            if not isinstance(holder[position], dict):
                holder[position] = {step: {}}
            holder, path = holder[position], (*path, position)
        if holder.get(step) is None:
            holder[step] = {}
        elif isinstance(holder[step], str):
            holder[step] = {holder[step]: {}}
        if not isinstance(holder[step], (dict, list)):
            raise SpecError(f"{where}: {step!r} holds {holder[step]!r}, which has no parts to set")
        return holder[step], (*path, step)


def _entry_name(entry: Any) -> str | None:
    if isinstance(entry, str):
        return entry
    if isinstance(entry, dict) and len(entry) == 1:
        return str(next(iter(entry)))
    return None


def _position(entries: list[Any], step: str) -> int | None:
    for position, entry in enumerate(entries):
        if _entry_name(entry) == step:
            return position
    if step.isdigit() and int(step) < len(entries):
        return int(step)
    return None


def read_document(path: Path, assignments: Sequence[str] = ()) -> Document:
    """Read a YAML file and apply `--set` assignments to it.

    Raises
    ------
    SpecError
        The file is missing, no YAML, or has a key twice.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise SpecError(f"{path}: the benchmark file cannot be read ({reason})") from None
    document = Document(str(path), path.parent.absolute(), None)
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        if node is not None:
            document.data = _construct(loader, node, (), document)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise SpecError(f"{path}{line}: this is no YAML ({_one_line(error)}); correct it") from None
    for assignment in assignments:
        document.assign(assignment)
    return document


def _construct(loader: yaml.SafeLoader, node: yaml.Node, path: Path_, document: Document) -> Any:
    document.places[path] = (f"{document.name}:{node.start_mark.line + 1}", document.folder)
    if isinstance(node, yaml.MappingNode):
        mapping: dict[Any, Any] = {}
        loader.flatten_mapping(node)
        for key_node, value_node in node.value:
            key = loader.construct_object(key_node, deep=True)
            where = f"{document.name}:{key_node.start_mark.line + 1}"
            if not isinstance(key, str):
                raise SpecError(f"{where}: the key {key!r} must be text; put it in quotes")
            if key in mapping:
                raise SpecError(f"{where}: the key {key!r} stands twice; remove one of them")
            mapping[key] = _construct(loader, value_node, (*path, key), document)
            # A key's own line is where a reader looks, also when its value starts further down.
            document.places[*path, key] = (where, document.folder)
        return mapping
    if isinstance(node, yaml.SequenceNode):
        return [
            _construct(loader, child, (*path, position), document)
            for position, child in enumerate(node.value)
        ]
    return loader.construct_object(node, deep=True)


def _one_line(error: yaml.YAMLError) -> str:
    return getattr(error, "problem", None) or str(error).splitlines()[0]


# --- the shape of a benchmark file ---------------------------------------------------------------

Choice = str | dict[str, dict[str, Any] | None]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Compare(_Strict):
    """A family of paired comparisons: cells that differ along one axis only."""

    across: Literal["separator", "features", "model"]


class Exclusion(_Strict):
    """Cells to leave out: those that match every name given."""

    dataset: str | None = None
    separator: str | None = None
    features: str | None = None
    model: str | None = None

    def matches(self, names: Mapping[str, str]) -> bool:
        """Tell whether a cell of these names is left out."""
        given = {axis: getattr(self, axis) for axis in _AXES if getattr(self, axis) is not None}
        return bool(given) and all(names[axis] == name for axis, name in given.items())


class Spec(_Strict):
    """What a benchmark file may say."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", description="Name of the benchmark.")
    datasets: list[Choice] = Field(min_length=1, description="Datasets, each with its `root`.")
    separators: list[Choice] = Field([MIXED], min_length=1, description="Separators.")
    features: list[Choice | list[Choice]] = Field(
        min_length=1, description="Feature extractors; a list for models with several inputs."
    )
    models: list[Choice] = Field(min_length=1, description="Models.")
    protocol: Choice = Field(MonteCarlo.name, description="How clips are split.")
    compare: list[Compare] = Field(
        [Compare(across="separator"), Compare(across="model")],
        description="Families of paired comparisons.",
    )
    baselines: bool = Field(True, description="Include the registered baselines.")
    exclude: list[Exclusion] = Field([], description="Cells to leave out.")
    plugins: list[str] = Field([], description="Plugin files and folders to load.")
    seed: int = Field(1, ge=0, description="Where every model's chance comes from.")
    device: str = Field("cpu", min_length=1, description="Torch device that models train on.")


@dataclass(frozen=True)
class RootedDataset:
    """A dataset and the folder it lies in; None for one that needs no folder."""

    dataset: Dataset
    root: Path | None


@dataclass(frozen=True)
class Benchmark:
    """A benchmark file with every name turned into a component, and every grid into its points."""

    spec: Spec
    datasets: tuple[RootedDataset, ...]
    separators: tuple[Separator, ...]
    features: tuple[tuple[FeatureExtractor, ...], ...]
    models: tuple[Model, ...]
    baselines: tuple[Model, ...]
    protocol: Protocol


def parse(document: Document) -> Spec:
    """Check a document's shape.

    Raises
    ------
    SpecError
        With file and line.
    """
    if not isinstance(document.data, dict):
        raise document.error((), "a benchmark file is a mapping with name, datasets, features, …")
    try:
        return Spec.model_validate(document.data)
    except ValidationError as error:
        raise _explained(error, document, (), Spec) from None


def plugin_paths(document: Document, spec: Spec) -> list[Path]:
    """Return the plugin files and folders a benchmark names, and the `plugins/` beside it."""
    paths = []
    for position, text in enumerate(spec.plugins):
        path = document.base(("plugins", position)) / Path(text).expanduser()
        if not path.exists():
            raise document.error(("plugins", position), f"the plugin {path} does not exist")
        paths.append(path)
    beside = document.folder / "plugins"
    return [*paths, beside] if beside.is_dir() else paths


def resolve(document: Document, spec: Spec, registry: Registry) -> Benchmark:
    """Turn every name of a benchmark into components.

    Raises
    ------
    SpecError
        A name or parameter is wrong; with file, line and the nearest right one.
    """
    build = _Builder(document, registry)
    datasets = []
    for position, choice in enumerate(spec.datasets):
        path: Path_ = ("datasets", position)
        name, parameters = _split(document, choice, path)
        root = parameters.pop("root", None)
        if root is not None and not isinstance(root, (str, os.PathLike)):
            raise document.error((*path, name, "root"), f"root must be a folder, not {root!r}")
        folder = None
        if root is not None:
            folder = document.base((*path, name, "root")) / Path(root).expanduser()
        for component in build.grid("dataset", {name: parameters}, path):
            assert isinstance(component, Dataset)
            if folder is None and component.needs_root:
                raise document.error(
                    path,
                    f"{component.name} needs `root`, the folder it lies in; write it here, or say "
                    f"--set datasets.{component.name}.root=PATH",
                )
            datasets.append(RootedDataset(component, folder))
    features: list[tuple[FeatureExtractor, ...]] = []
    for position, entry in enumerate(spec.features):
        path = ("features", position)
        entries = entry if isinstance(entry, list) else [entry]
        if not entries:
            raise document.error(path, "an empty list of features; name at least one")
        grids = [
            build.grid("feature", e, (*path, i) if isinstance(entry, list) else path)
            for i, e in enumerate(entries)
        ]
        features += itertools.product(*grids)  # type: ignore[arg-type]
    benchmark = Benchmark(
        spec,
        tuple(datasets),
        tuple(build.all("separator", spec.separators, "separators")),  # type: ignore[arg-type]
        tuple(features),
        tuple(build.all("model", spec.models, "models")),  # type: ignore[arg-type]
        _baselines(registry) if spec.baselines else (),
        _protocol(document, spec.protocol),
    )
    _refuse_twins(document, benchmark)
    _check_exclusions(document, benchmark)
    return benchmark


def _baselines(registry: Registry) -> tuple[Model, ...]:
    classes = [entry.cls for entry in registry.of_kind("model")]
    return tuple(cls() for cls in classes if issubclass(cls, Model) and cls.baseline)


def _protocol(document: Document, choice: Any) -> Protocol:
    name, parameters = _split(document, choice, ("protocol",))
    if name not in PROTOCOLS:
        raise document.error(
            ("protocol",), f"there is no protocol {name!r}{nearest(name, PROTOCOLS)}"
        )
    try:
        return PROTOCOLS[name].model_validate(parameters)
    except ValidationError as error:
        raise _explained(error, document, ("protocol", name), PROTOCOLS[name]) from None


def _refuse_twins(document: Document, benchmark: Benchmark) -> None:
    axes: dict[str, list[Any]] = {
        "datasets": [(d.dataset.identity(), str(d.root)) for d in benchmark.datasets],
        "separators": [s.identity() for s in benchmark.separators],
        "features": [[f.identity() for f in features] for features in benchmark.features],
        "models": [m.identity() for m in benchmark.models],
    }
    for axis, identities in axes.items():
        for position, identity in enumerate(identities):
            if identity in identities[:position]:
                raise document.error(
                    (axis,), f"{axis} names the same component with the same parameters twice"
                )


def _check_exclusions(document: Document, benchmark: Benchmark) -> None:
    known = {
        "dataset": {d.dataset.name for d in benchmark.datasets},
        "separator": {s.title for s in benchmark.separators},
        "features": {feature_title(f) for f in benchmark.features},
        "model": {m.title for m in (*benchmark.models, *benchmark.baselines)},
    }
    for position, exclusion in enumerate(benchmark.spec.exclude):
        given = exclusion.model_dump(exclude_none=True)
        if not given:
            raise document.error(("exclude", position), "an exclusion names at least one axis")
        for axis, name in given.items():
            if name not in known[axis]:
                raise document.error(
                    ("exclude", position, axis),
                    f"this benchmark has no {axis} {name!r}{nearest(name, known[axis])}",
                )


def feature_title(features: Sequence[FeatureExtractor]) -> str:
    """Name of one or several features as tables show it."""
    return " + ".join(feature.title for feature in features)


# --- components from choices ----------------------------------------------------------------------


@dataclass(frozen=True)
class _Builder:
    document: Document
    registry: Registry

    def all(self, kind: str, choices: Sequence[Any], key: str) -> list[Component]:
        return [c for i, choice in enumerate(choices) for c in self.grid(kind, choice, (key, i))]

    def grid(self, kind: str, choice: Any, path: Path_) -> list[Component]:
        """Build a choice; lists of parameter values make one component a combination."""
        name, parameters = _split(self.document, choice, path)
        try:
            cls = self.registry.get(kind, name).cls
        except PluginError as error:
            raise self.document.error(path, str(error)) from None
        return [
            self._component(kind, cls, name, point, path)
            for point in _points(cls, parameters, self.registry)
        ]

    def _component(
        self, kind: str, cls: type[Component], name: str, parameters: dict[str, Any], path: Path_
    ) -> Component:
        inside = (*path, name)
        if not isinstance(cls, type) or not issubclass(cls, KINDS[kind]):  # pragma: no cover
            raise AssertionError(cls)
        based = {
            key: self._absolute(cls, key, value, (*inside, key))
            for key, value in parameters.items()
        }
        try:
            return self.registry.build(kind, name, based)
        except ValidationError as error:
            raise _explained(error, self.document, inside, cls) from None

    def _absolute(self, cls: type[Component], key: str, value: Any, path: Path_) -> Any:
        """Make a relative path start from the file it was written in."""
        field_info = cls.model_fields.get(key)
        if field_info is None or not isinstance(value, str) or not _takes_path(field_info):
            return value
        based = self.document.base(path) / Path(value).expanduser()
        # Where text is also allowed ("merbench", or a path), only what exists is a path.
        if (
            not _takes_text(field_info)
            or based.exists()
            or list(based.parent.glob(based.name + ".*"))
        ):
            return based
        return value


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


def _is_grid(field_info: FieldInfo | None, value: Any) -> bool:
    if field_info is None or not isinstance(value, list) or not value:
        return False
    if _is_model(field_info):
        return True
    try:
        TypeAdapter(field_info.rebuild_annotation()).validate_python(value)
    except ValidationError:
        return True
    return False


def _split(document: Document, choice: Any, path: Path_) -> tuple[str, dict[str, Any]]:
    try:
        return split_choice(choice)
    except PluginError as error:
        raise document.error(path, str(error)) from None


# --- errors --------------------------------------------------------------------------------------


def _explained(
    error: ValidationError, document: Document, prefix: Path_, model: type[BaseModel]
) -> SpecError:
    """Turn pydantic's first complaint into one sentence with file and line."""
    first = min(error.errors(), key=lambda e: e["type"] != "extra_forbidden")
    # pydantic adds union branches to a location; what stands in the document is the longest prefix.
    location: list[str | int] = []
    value: Any = document.data
    for step in prefix:
        value = value[step] if _holds(value, step) else {}
    for step in first["loc"]:
        if not _holds(value, step):
            continue
        location.append(step)
        value = value[step]
    path = (*prefix, *location)
    named = ".".join(str(step) for step in path) or "the file"
    last = str(first["loc"][-1]) if first["loc"] else ""
    match first["type"]:
        case "extra_forbidden":
            owner = _model_at(model, first["loc"][:-1])
            owner_name = ".".join(map(str, path[:-1]))
            of = f" of {owner_name}" if owner_name else ""
            message = f"unknown key {last!r}{of}{nearest(last, owner.model_fields)}"
        case "missing":
            message = f"{'.'.join(map(str, (*path, last)))} is missing; add it"
        case "too_short":
            message = f"{named} is an empty list; name at least one"
        case _:
            reason = first["msg"].removeprefix("Value error, ")
            given = "" if isinstance(first["input"], (dict, list)) else f", not {first['input']!r}"
            text = reason[0].lower() + reason[1:] if first["type"] != "nested" else reason
            message = f"{named}: {text}{given if first['type'] != 'nested' else ''}"
    return document.error(path, message)


def _holds(value: Any, step: Any) -> bool:
    if isinstance(value, dict):
        return step in value
    return isinstance(value, list) and isinstance(step, int) and step < len(value)


def _model_at(model: type[BaseModel], location: Sequence[Any]) -> type[BaseModel]:
    """Find the pydantic model whose key is wrong."""
    for step in location:
        field_info = model.model_fields.get(step) if isinstance(step, str) else None
        if field_info is None:
            continue
        candidates = [field_info.annotation, *get_args(field_info.annotation)]
        for candidate in candidates:
            if isinstance(candidate, type) and issubclass(candidate, BaseModel):
                model = candidate
    return model
