"""Benchmark files: reading YAML with its lines, checking it, and naming the plugins it means."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    TypeAdapter,
    ValidationError,
)
from pydantic.fields import FieldInfo

from merbench.components import (
    MIXED,
    Augmentation,
    Component,
    Dataset,
    FeatureExtractor,
    Model,
    Separator,
    Task,
    files_at,
)
from merbench.errors import MerbenchError, PluginError, SpecError
from merbench.plugins import Registry, nearest, split_choice
from merbench.protocols import PROTOCOLS, MonteCarlo, Protocol

Path_ = tuple[str | int, ...]
"""Where a value stands in a document: keys and positions."""

AXES = ("dataset", "augmentation", "separator", "features", "model")
"""What a cell is a choice of, in the order that tables show it."""

_AXES_BY_NAME = {name: axis for axis in AXES for name in (axis, f"{axis.removesuffix('s')}s")} | {
    "feature": "features"
}

NONE = "none"
"""What stands for an axis that a cell has nothing of: no augmentation, or, for a model that never
looks at the music, no separator and no features."""


def axis_of(name: str) -> str | None:
    """Return the axis that a name means, in the singular or the plural; None for none."""
    return _AXES_BY_NAME.get(name.strip().lower())


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

    def file(self, path: Path_, text: str) -> Path:
        """Turn the name of a file or folder, written at `path`, into an absolute path."""
        try:
            return self.base(path) / Path(text).expanduser()
        except RuntimeError:
            raise self.error(path, f"{text}: there is no such home folder") from None

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
        where = f"--set {' '.join(assignment.split())}"
        if not sign or not key:
            raise SpecError(f"{where}: write it as KEY=VALUE, as in --set seed=7")
        value = _Parser(text, lambda line: where).parse()
        steps = key.split(".")
        if not isinstance(self.data, dict):
            self.data = {}
        holder: Any = self.data
        path: Path_ = ()
        for step in steps[:-1]:
            holder, path = self._step(holder, path, step, where)
        last = _position(holder, steps[-1], path, where) if isinstance(holder, list) else steps[-1]
        holder[last], path = value, (*path, last)
        self.places = {p: place for p, place in self.places.items() if p[: len(path)] != path}
        self.places[path] = (where, Path.cwd())

    def _step(self, holder: Any, path: Path_, step: str, where: str) -> tuple[Any, Path_]:
        """Go one step down, turning `name` into `{name: {}}` where a parameter is to be set."""
        key: str | int = step
        if isinstance(holder, list):
            key = _position(holder, step, path, where)
        elif holder.get(step) is None:
            holder[step] = {}
            self.places.setdefault((*path, step), (where, Path.cwd()))
        if isinstance(holder[key], str):
            holder[key] = {holder[key]: {}}
        if not isinstance(holder[key], (dict, list)):
            raise SpecError(f"{where}: {step!r} holds {holder[key]!r}, which has no parts to set")
        inner = holder[key]
        if isinstance(key, int) and not step.isdigit() and step in inner:
            return self._step(inner, (*path, key), step, where)
        return inner, (*path, key)


def _entry_name(entry: Any) -> str | None:
    if isinstance(entry, str):
        return entry
    if isinstance(entry, dict) and len(entry) == 1:
        return str(next(iter(entry)))
    return None


def _position(entries: list[Any], step: str, path: Path_, where: str) -> int:
    names = [_entry_name(entry) for entry in entries]
    if step in names:
        return names.index(step)
    if step.isdecimal() and int(step) < len(entries):
        return int(step)
    raise SpecError(
        f"{where}: {'.'.join(map(str, path))} has no entry {step!r}"
        f"{nearest(step, [name for name in names if name])}"
    )


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
    parser = _Parser(text, lambda line: f"{path}:{line}")
    document.data = parser.parse()
    document.places = {p: (place, document.folder) for p, place in parser.places.items()}
    for assignment in assignments:
        document.assign(assignment)
    return document


@dataclass
class _Parser:
    """Reads YAML and notes where each value stands, which `yaml.safe_load` does not tell."""

    text: str
    place: Callable[[int], str]
    """What to call a line, counted from 1."""
    places: dict[Path_, str] = field(default_factory=dict)
    _flat: set[int] = field(default_factory=set)

    def parse(self) -> Any:
        try:
            self._loader = yaml.SafeLoader(self.text)
            node = self._loader.get_single_node()
            self.places[()] = self.place(1)  # of a file that holds nothing
            return None if node is None else self._construct(node, ())
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            position = getattr(error, "position", 0)
            line = mark.line if mark else self.text.count("\n", 0, position)
            reason = getattr(error, "problem", None) or str(error).splitlines()[0]
            raise SpecError(
                f"{self.place(line + 1)}: this is no YAML ({reason}); correct it"
            ) from None
        except RecursionError:
            raise SpecError(
                f"{self.place(1)}: it is nested too deeply, or holds an alias of itself; correct it"
            ) from None

    def _construct(self, node: yaml.Node, path: Path_) -> Any:
        self.places[path] = self.place(node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self._construct(child, (*path, i)) for i, child in enumerate(node.value)]
        return self._scalar(node)

    def _mapping(self, node: yaml.MappingNode, path: Path_) -> dict[str, Any]:
        if id(node) not in self._flat:  # an alias is met again
            self._flat.add(id(node))
            self._refuse_twins(node)
            # Merged keys (`<<: *alias`) come first, so that those written here override them.
            self._loader.flatten_mapping(node)
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            place = self.place(key_node.start_mark.line + 1)
            key = self._scalar(key_node)
            if not isinstance(key, str):
                raise SpecError(f"{place}: the key {key!r} must be text; put it in quotes")
            mapping[key] = self._construct(value_node, (*path, key))
            # A key's own line is where a reader looks, also when its value starts further down.
            self.places[*path, key] = place
        return mapping

    def _refuse_twins(self, node: yaml.MappingNode) -> None:
        seen: set[str] = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen:
                place = self.place(key.start_mark.line + 1)
                raise SpecError(f"{place}: the key {key.value!r} stands twice; remove one of them")
            seen.add(key.value)

    def _scalar(self, node: yaml.Node) -> Any:
        try:
            return self._loader.construct_object(node, deep=True)
        except (ValueError, LookupError, ArithmeticError, AttributeError):
            kind = node.tag.rpartition(":")[2]
            raise SpecError(
                f"{self.place(node.start_mark.line + 1)}: {node.value!r} is no {kind}; "
                "put it in quotes where it is text"
            ) from None


# --- the shape of a benchmark file ---------------------------------------------------------------


def _choice(value: Any) -> Any:
    try:
        split_choice(value)
    except PluginError as error:
        raise ValueError(str(error)) from None
    return value


Choice = Annotated[str | dict[str, dict[str, Any] | None], BeforeValidator(_choice)]

# The tags keep complaints apart, so that the one shown is about what was meant.
OneOrSeveral = Annotated[
    Annotated[Choice, Tag("one")] | Annotated[list[Choice], Field(min_length=1), Tag("several")],
    Discriminator(lambda value: "several" if isinstance(value, list) else "one"),
]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Compare(_Strict):
    """A family of paired comparisons: cells that differ along one axis only."""

    across: Annotated[
        Literal["augmentation", "separator", "features", "model"],
        BeforeValidator(lambda value: axis_of(value) or value if isinstance(value, str) else value),
    ]


class Exclusion(_Strict):
    """Cells to leave out: those that match every name given.

    A name may be that of a component alone, or with parameters, as tables show them; see `means`.
    """

    dataset: str | None = None
    augmentation: str | None = None
    separator: str | None = None
    features: str | None = None
    model: str | None = None

    def matches(self, names: Mapping[str, str], full_names: Mapping[str, str]) -> bool:
        """Tell whether a cell of these names, without and with parameters, is left out."""
        given = {axis: getattr(self, axis) for axis in AXES if getattr(self, axis) is not None}
        return bool(given) and all(
            means(name, names[axis], full_names[axis]) for axis, name in given.items()
        )


class Spec(_Strict):
    """What a benchmark file may say."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", description="Name of the benchmark.")
    datasets: list[Choice] = Field(min_length=1, description="Datasets, each with its `root`.")
    augmentations: list[OneOrSeveral] = Field(
        [NONE],
        min_length=1,
        description="Augmentations of the training clips; `none` for the clips alone, a list for "
        "several whose copies are added together.",
    )
    separators: list[Choice] = Field([MIXED], min_length=1, description="Separators.")
    features: list[OneOrSeveral] = Field(
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
    device: str = Field(
        "cpu", min_length=1, description="Torch device that models train on, or auto."
    )


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
        raise _explained(error, document, (), Spec, None) from None


def plugin_paths(document: Document, spec: Spec) -> list[Path]:
    """Return the plugin files and folders a benchmark names, and the `plugins/` beside it."""
    paths = []
    for position, text in enumerate(spec.plugins):
        path = document.file(("plugins", position), text)
        if not os.path.exists(path):  # noqa: PTH110 - False for what can be no path at all
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
        _baselines(registry) if spec.baselines else (),
        _protocol(document, spec.protocol),
        document,
    )
    _refuse_twins(document, benchmark)
    _check_exclusions(document, benchmark)
    return benchmark


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
    return _Builder(document, registry).build(kind, name, document.data, ())


def _refuse_borrowed_name(
    document: Document, dataset: Dataset, registry: Registry, path: Path_
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


def _tasks(document: Document, value: Any, path: Path_) -> list[Task | None]:
    """Return what a dataset's labels are to be read as; a list makes a dataset each."""
    values = value if isinstance(value, list) and value else [value]
    try:
        return [None if value is None else _READABLE[value] for value in values]
    except (KeyError, TypeError):
        raise document.error(
            path, f"task must be {' or '.join(_READABLE)}, not {value!r}"
        ) from None


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
        raise _explained(error, document, ("protocol", name), PROTOCOLS[name], None) from None


def _refuse_twins(document: Document, benchmark: Benchmark) -> None:
    axes: dict[str, list[Any]] = {
        "datasets": [(d.dataset.identity(), str(d.root), d.task) for d in benchmark.datasets],
        "augmentations": [[a.identity() for a in several] for several in benchmark.augmentations],
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
    for several in benchmark.augmentations:
        names = [augmentation.name for augmentation in several]
        for name in names:
            if names.count(name) > 1:
                raise document.error(
                    ("augmentations",),
                    f"one choice of augmentations names {name} twice; say how many of its copies "
                    "there are with `copies`",
                )


def _check_exclusions(document: Document, benchmark: Benchmark) -> None:
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
    for position, exclusion in enumerate(benchmark.spec.exclude):
        given = exclusion.model_dump(exclude_none=True)
        if not given:
            raise document.error(("exclude", position), "an exclusion names at least one axis")
        for axis, name in given.items():
            if not any(means(name, *names) for names in known[axis]):
                near = nearest(name, {text for names in known[axis] for text in names})
                raise document.error(
                    ("exclude", position, axis), f"this benchmark has no {axis} {name!r}{near}"
                )


def joint_title(components: Sequence[Component]) -> str:
    """Name of what a cell has on an axis, as tables show it: none, one or several components."""
    return " + ".join(component.title for component in components) or NONE


def full_title(components: Sequence[Component]) -> str:
    """Name of what a cell has on an axis, with the parameters that differ from their defaults."""
    return joint_title(components) + settings_text([c.settings for c in components])


def means(name: str, title: str, full: str) -> bool:
    """Tell whether a name means a choice that has this name without and with its parameters.

    `knn` means it whatever its parameters are, `knn (k=3)` with k = 3 and any others, `knn ()` with
    its defaults.
    """
    if name in (title, full) or title.startswith(f"{name} ("):
        return True
    if not name.startswith(f"{title} (") or not name.endswith(")"):
        return False
    wanted, given = (text[len(title) + 2 : -1].split(", ") for text in (name, full))
    return set(wanted) <= set(given)


def settings_text(settings: Any) -> str:
    """Settings as a name shows them: ` (k=3)`; nothing where all are defaults."""
    pairs = _flat(settings)
    return f" ({', '.join(f'{key}={value}' for key, value in pairs)})" if pairs else ""


def _flat(settings: Any) -> list[tuple[str, Any]]:
    pairs: list[tuple[str, Any]] = []
    for part in settings if isinstance(settings, list) else [settings]:
        for key, value in part.items():
            pairs += _flat(value) if isinstance(value, dict) else [(key, value)]
    return pairs


# --- components from choices ----------------------------------------------------------------------


@dataclass(frozen=True)
class _Builder:
    document: Document
    registry: Registry

    def all(self, kind: str, choices: Sequence[Any], key: str) -> list[Component]:
        return [c for i, choice in enumerate(choices) for c in self.grid(kind, choice, (key, i))]

    def several(self, kind: str, entries: Sequence[Any], key: str) -> list[tuple[Component, ...]]:
        """Build entries that are one choice or several together; `none` is no component."""
        built: list[tuple[Component, ...]] = []
        for position, entry in enumerate(entries):
            path: Path_ = (key, position)
            if isinstance(entry, list):
                grids = [self.grid(kind, e, (*path, i)) for i, e in enumerate(entry)]
            else:
                grids = [] if entry == NONE else [self.grid(kind, entry, path)]
            built += itertools.product(*grids)
        return built

    def grid(self, kind: str, choice: Any, path: Path_) -> list[Component]:
        """Build a choice; lists of parameter values make one component a combination."""
        name, parameters = _split(self.document, choice, path)
        try:
            cls = self.registry.get(kind, name).cls
        except PluginError as error:
            raise self.document.error(path, str(error)) from None
        return [
            self.build(kind, name, point, (*path, name))
            for point in _points(cls, parameters, self.registry)
        ]

    def build(
        self, kind: str, name: str, parameters: Mapping[str, Any], inside: Path_
    ) -> Component:
        """Build a component whose parameters were written at `inside`."""
        cls = self.registry.get(kind, name).cls
        try:
            return self.registry.build(kind, name, self._based(cls, parameters, inside))
        except ValidationError as error:
            raise _explained(error, self.document, inside, cls, self.registry) from None

    def _based(
        self, cls: type[Component], parameters: Mapping[str, Any], path: Path_
    ) -> dict[str, Any]:
        """Make relative paths among the parameters start from the file they were written in."""
        fields = cls.model_fields
        return {
            key: self._absolute(fields[key], value, (*path, key)) if key in fields else value
            for key, value in parameters.items()
        }

    def _absolute(self, field_info: FieldInfo, value: Any, path: Path_) -> Any:
        if _is_model(field_info):
            try:
                name, parameters = split_choice(value)
                cls = self.registry.get("model", name).cls
            except PluginError:
                return value  # building it will say what is wrong, and where
            return {name: self._based(cls, parameters, (*path, name))}
        if isinstance(value, list):
            return [self._absolute(field_info, v, (*path, i)) for i, v in enumerate(value)]
        if not isinstance(value, str) or not _takes_path(field_info):
            return value
        file = self.document.file(path, value)
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
    takes = TypeAdapter(field_info.rebuild_annotation())
    # A list that is no value, and holds none either, is a mistake for the field to explain.
    return not _valid(takes, value) and any(_valid(takes, v) for v in value)


def _valid(takes: TypeAdapter[Any], value: Any) -> bool:
    try:
        takes.validate_python(value)
    except ValidationError:
        return False
    return True


def _split(document: Document, choice: Any, path: Path_) -> tuple[str, dict[str, Any]]:
    try:
        return split_choice(choice)
    except PluginError as error:
        raise document.error(path, str(error)) from None


# --- errors --------------------------------------------------------------------------------------


def _explained(
    error: ValidationError,
    document: Document,
    prefix: Path_,
    model: type[BaseModel],
    registry: Registry | None,
) -> SpecError:
    """Turn pydantic's first complaint into one sentence with file and line."""
    first = min(error.errors(), key=lambda e: e["type"] != "extra_forbidden")
    path = _located(document, prefix, first["loc"])
    last = str(first["loc"][-1]) if first["loc"] else ""
    named = ".".join(map(str, path)) or "the file"
    match first["type"]:
        case "extra_forbidden":
            owner = _model_at(model, first["loc"][:-1], registry)
            owner_name = ".".join(map(str, path[:-1] if path[-1] == last else path))
            of = f" of {owner_name}" if owner_name else ""
            names = [info.alias or key for key, info in owner.model_fields.items()]
            message = f"unknown key {last!r}{of}{nearest(last, names)}"
        case "missing":
            message = f"{'.'.join(map(str, (*path, last)))} is missing; add it"
        case "too_short":
            message = f"{named} is an empty list; name at least one"
        case "model_type":
            known = ", ".join(_model_at(model, first["loc"], registry).model_fields)
            message = f"{named}: expected a mapping of {known}, not {first['input']!r}"
        case "plugin":
            message = first["msg"]
        case "value_error":
            message = f"{named}: {first['msg'].removeprefix('Value error, ')}"
        case _:
            given = repr(first["input"])
            shown = given if len(given) < 80 else f"{given[:80]}…"
            message = f"{named}: {first['msg'][0].lower()}{first['msg'][1:]}, not {shown}"
    return document.error(path, message)


def _located(document: Document, prefix: Path_, location: Sequence[str | int]) -> Path_:
    """Return where in the document a complaint points to.

    pydantic's location has more steps than the document (a union's branches) and fewer (the
    position in a grid).
    """
    value: Any = document.data
    for step in prefix:
        value = value[step] if _holds(value, step) else {}
    path = prefix
    for step in location:
        if isinstance(value, list) and isinstance(step, str):
            for position, entry in enumerate(value):
                if isinstance(entry, dict) and step in entry:
                    value, path = entry, (*path, position)
        if _holds(value, step):
            value, path = value[step], (*path, step)
        elif isinstance(value, str) and value == step:  # a bare name: its parameters are none
            value, path = {}, (*path, step)
    return path


def _holds(value: Any, step: Any) -> bool:
    if isinstance(value, dict):
        return step in value
    return isinstance(value, list) and isinstance(step, int) and step < len(value)


def _model_at(
    model: type[BaseModel], location: Sequence[Any], registry: Registry | None
) -> type[BaseModel]:
    """Find the pydantic model whose key is wrong."""
    for step in location:
        if model is Model and registry is not None:
            model = registry.get("model", step).cls
            continue
        field_info = model.model_fields.get(step) if isinstance(step, str) else None
        if field_info is None:
            continue
        candidates = [field_info.annotation, *get_args(field_info.annotation)]
        for candidate in candidates:
            if isinstance(candidate, type) and issubclass(candidate, BaseModel):
                model = candidate
    return model
