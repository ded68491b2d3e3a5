"""A YAML file read with the lines its values were written in, and `--set` applied to it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from merbench.errors import SpecError
from merbench.naming import nearest

DocumentPath = tuple[str | int, ...]
"""Where a value stands in a document: keys and positions."""

_MOST_BYTES = 2**24
_MOST_VALUES = 1_000_000
"""Of a document, with every alias written out."""
_PATTERN = re.compile(r"\{[^{}:,'\"]+\}(?=[^\s#])|\*\*/")
"""How a pattern of file names begins, such as `{id}.mp3` or `**/{id}.mp3`, which is no YAML: `{` is
a mapping, and `*` an alias."""
_LONGEST_NUMBER = 400
"""Characters of a number; those of base 60 take the square of their length to read."""


# --- the document --------------------------------------------------------------------------------


@dataclass
class Document:
    """A YAML file's content, and where each value of it was written."""

    name: str
    folder: Path
    data: Any
    places: dict[DocumentPath, tuple[str, Path]] = field(default_factory=dict)
    """Path of a value to its 'file:line' and the folder that relative paths in it start from."""

    def place(self, path: DocumentPath) -> str:
        """'file:line' of a value, or of the nearest one around it."""
        return self._nearest(path)[0]

    def base(self, path: DocumentPath) -> Path:
        """Folder that a relative path written at `path` starts from."""
        return self._nearest(path)[1]

    def file(self, path: DocumentPath, text: str) -> Path:
        """Turn the name of a file or folder, written at `path`, into an absolute path."""
        try:
            return self.base(path) / Path(text).expanduser()
        except RuntimeError:
            raise self.error(path, f"{text}: there is no such home folder") from None

    def error(self, path: DocumentPath, message: str) -> SpecError:
        """An error that says where it stands."""
        return SpecError(f"{self.place(path)}: {message}")

    def _nearest(self, path: DocumentPath) -> tuple[str, Path]:
        for end in range(len(path), -1, -1):
            if path[:end] in self.places:
                return self.places[path[:end]]
        return self.name, self.folder

    def assign(self, assignment: str) -> None:
        """Apply `KEY=VALUE`: a dotted path through keys, positions and names, and a YAML value.

        A pattern of file names such as `{id}.mp3` or `**/{id}.mp3` is taken as it stands.
        """
        key, sign, text = assignment.partition("=")
        where = f"--set {' '.join(assignment.split())}"
        if not sign or not key:
            raise SpecError(f"{where}: write it as KEY=VALUE, as in --set seed=7")
        plain = _PATTERN.match(text) is not None
        value = text if plain else _YamlReader(text, lambda line: where).parse()
        steps = key.split(".")
        if not isinstance(self.data, dict):
            self.data = {}
        holder: Any = self.data
        path: DocumentPath = ()
        for step in steps[:-1]:
            holder, path = self._step(holder, path, step, where)
        last = _position(holder, steps[-1], path, where) if isinstance(holder, list) else steps[-1]
        holder[last], path = value, (*path, last)
        self.places = {p: place for p, place in self.places.items() if p[: len(path)] != path}
        self.places[path] = (where, Path.cwd())

    def take_smoke_values(self) -> None:
        """Set what the file itself says under `smoke`: the budgets to try it with.

        Raises
        ------
        SpecError
            It says nothing there, or of values that it does not hold.
        """
        values = self.data.get("smoke") if isinstance(self.data, dict) else None
        if not isinstance(values, dict) or not values:
            raise SpecError(f"{self.name}: it has no values under `smoke`, and cannot be tried so")
        for key, value in values.items():
            self.assign(f"{key}={json.dumps(value)}")

    def _step(
        self, holder: Any, path: DocumentPath, step: str, where: str
    ) -> tuple[Any, DocumentPath]:
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


def _position(entries: list[Any], step: str, path: DocumentPath, where: str) -> int:
    names = [_entry_name(entry) for entry in entries]
    if step in names:
        return names.index(step)
    if step.isdecimal() and int(step) < len(entries):
        return int(step)
    raise SpecError(
        f"{where}: {'.'.join(map(str, path))} has no entry {step!r}"
        f"{nearest(step, [name for name in names if name])}"
    )


def read_document(
    path: Path, assignments: Sequence[str] = (), *, what: str = "benchmark file"
) -> Document:
    """Read a YAML file and apply `--set` assignments to it.

    Parameters
    ----------
    path
        Of the file.
    assignments
        Each `KEY=VALUE`.
    what
        What messages call the file.

    Raises
    ------
    SpecError
        The file is missing, no YAML, or has a key twice.
    """
    try:
        size = path.stat().st_size
        if size > _MOST_BYTES:
            raise SpecError(
                f"{path}: the benchmark file has {size:,} bytes; {_MOST_BYTES:,} are the most"
            )
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise SpecError(f"{path}: the {what} cannot be read ({reason})") from None
    document = Document(str(path), path.parent.absolute(), None)
    parser = _YamlReader(text, lambda line: f"{path}:{line}")
    document.data = parser.parse()
    document.places = {p: (place, document.folder) for p, place in parser.places.items()}
    for assignment in assignments:
        document.assign(assignment)
    return document


# Why not ruamel.yaml (0.19), whose mappings know the lines of their keys: a key merged by `<<` has
# none, nor has the error about a value that its type does not allow (`2020-13-45`, `!!int twelve`);
# a list that holds itself and an unknown tag are let pass; and our benchmark files take twice the
# time. The walk that collects the places would be ours as before.


@dataclass
class _YamlReader:
    """Reads YAML and notes where each value stands, which `yaml.safe_load` does not tell."""

    text: str
    place: Callable[[int], str]
    """What to call a line, counted from 1."""
    places: dict[DocumentPath, str] = field(default_factory=dict)
    _flat: set[int] = field(default_factory=set)

    def parse(self) -> Any:
        try:
            self._loader = yaml.SafeLoader(self.text)
            node = self._loader.get_single_node()
            if node is not None:
                self._refuse_bomb(node)
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

    def _refuse_bomb(self, root: yaml.Node) -> None:
        """Count what a document comes to when every alias is written out, before doing so."""
        counts: dict[int, int] = {}

        def count(node: yaml.Node) -> int:
            if isinstance(node, yaml.ScalarNode):
                return 1
            if id(node) not in counts:
                counts[id(node)] = 0  # an alias of itself is found when it is constructed
                parts = node.value
                if isinstance(node, yaml.MappingNode):
                    parts = [part for pair in node.value for part in pair]
                counts[id(node)] = 1 + sum(map(count, parts))
            return counts[id(node)]

        values = count(root)
        if values > _MOST_VALUES:
            raise SpecError(
                f"{self.place(1)}: its aliases come to {values:,} values when they are written "
                f"out; {_MOST_VALUES:,} are the most"
            )

    def _construct(self, node: yaml.Node, path: DocumentPath) -> Any:
        self.places[path] = self.place(node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self._construct(child, (*path, i)) for i, child in enumerate(node.value)]
        return self._scalar(node)

    def _mapping(self, node: yaml.MappingNode, path: DocumentPath) -> dict[str, Any]:
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
            if len(node.value) > _LONGEST_NUMBER and node.tag.endswith((":int", ":float")):
                raise ValueError
            return self._loader.construct_object(node, deep=True)
        except (ValueError, LookupError, ArithmeticError, AttributeError):
            kind = node.tag.rpartition(":")[2]
            shown = repr(node.value)
            shown = shown if len(shown) <= 80 else f"{shown[:80]}…"
            raise SpecError(
                f"{self.place(node.start_mark.line + 1)}: {shown} is no {kind}; "
                "put it in quotes where it is text"
            ) from None
