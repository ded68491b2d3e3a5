"""Pages of reference that follow from the code: plugins, the benchmark file, columns of tables.

The site of the documentation is built with them, so that they cannot fall behind.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from merbench.benchmark.schema import Exclusion, Reported, ReportedSystem, Spec
from merbench.components import Dataset, FeatureExtractor, Model, Separator
from merbench.leaderboard.dictionary import every_column
from merbench.plugins.registry import KINDS, Entry, Registry

KIND_TITLES = {
    "dataset": "Datasets",
    "separator": "Separators",
    "augmentation": "Augmentations",
    "feature": "Feature extractors",
    "model": "Models",
    "protocol": "Protocols",
    "engine": "Engines",
}


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of Markdown."""
    lines = [list(columns), ["---"] * len(columns), *([_cell(text) for text in r] for r in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(text: str) -> str:
    """Write a text so that nothing in it is taken for Markdown, but for what is in backticks."""
    parts = re.split(r"(`[^`]*`)", " ".join(text.split()))
    parts[::2] = [re.sub(r"([\\*_<\[\]])", r"\\\1", part) for part in parts[::2]]
    return "".join(parts).replace("|", "\\|")


def plugins_page(kind: str, registry: Registry) -> str:
    """Return the page of a kind's plugins: what each is, its parameters, whom to cite."""
    entries = registry.of_kind(kind)
    base = KINDS[kind].__name__
    intro = f"What `merbench plugins list --kind {kind}` lists, of those that come with merbench. "
    contents = table(("name", "what"), ((f"`{entry.name}`", entry.summary) for entry in entries))
    parts = [f"# {KIND_TITLES[kind]}", f"{intro}Their contract is `merbench.{base}`.", contents]
    return "\n\n".join([*parts, *map(_plugin, entries)]) + "\n"


def _plugin(entry: Entry) -> str:
    cls = entry.cls
    paragraphs = (inspect.getdoc(cls) or "").split("\n\n")
    parts = [f"## {entry.name}", *(_paragraph(paragraph) for paragraph in paragraphs)]
    facts = [f"{key}: {value}" for key, value in _facts(cls)]
    if facts:
        parts.append("; ".join(facts) + ".")
    rows = [
        (f"`{info.alias or name}`", _default(info), info.description or "")
        for name, info in cls.model_fields.items()
    ]
    parts.append(table(("parameter", "default", "what"), rows) if rows else "It has no parameters.")
    if isinstance(cls.citation, str) and cls.citation:
        parts.append(f"Cite: {_cell(cls.citation)}")
    if isinstance(cls.paper, str) and cls.paper:
        parts.append(f"Paper: <{cls.paper}>")
    return "\n\n".join(parts)


def _paragraph(text: str) -> str:
    """Return a paragraph of a docstring; what is laid out there stays so."""
    if any(line.startswith((" ", "-")) for line in text.splitlines()):
        return f"```text\n{text}\n```"
    return _cell(text)


def _facts(cls: type) -> Iterable[tuple[str, str]]:
    """Yield what the class attributes say that a reader wants to know."""

    def said(name: str) -> Any:
        value = getattr(cls, name, None)
        return None if isinstance(value, property) else value  # which depends on parameters

    if issubclass(cls, Dataset):
        for key, name, form in (
            ("task", "task", "`{}`"),
            ("licence", "licence", "{}"),
            ("from", "homepage", "<{}>"),
        ):
            if said(name):
                yield key, form.format(said(name))
    elif issubclass(cls, Separator):
        if said("stems"):
            yield "stems", ", ".join(said("stems"))
    elif issubclass(cls, FeatureExtractor):
        if said("kind"):
            yield "gives", f"a {said('kind')}"
    elif issubclass(cls, Model):
        if said("tasks"):
            yield "tasks", ", ".join(f"`{task}`" for task in sorted(said("tasks")))
        inputs = said("inputs")
        if inputs is not None:
            kinds = inputs if isinstance(inputs, tuple) else (inputs,)
            yield "inputs", ", ".join(map(str, kinds)) or "none"


def schema_page() -> str:
    """Return the page of the benchmark file's keys."""
    parts = [
        "# Keys of the benchmark file",
        "`merbench schema` writes the same, with every plugin and parameter, for editors.",
        _keys(Spec),
        "## An entry of `exclude` and `include`, and `cells`",
        "Cells that match every name given.",
        _keys(Exclusion),
        "## `reported`",
        _keys(Reported),
        "### An entry of its `systems`",
        _keys(ReportedSystem),
    ]
    return "\n\n".join(parts) + "\n"


def _keys(model: type[BaseModel]) -> str:
    rows = [
        (f"`{name}`", _default(info), info.description or "")
        for name, info in model.model_fields.items()
    ]
    return table(("key", "default", "what"), rows)


def _default(info: FieldInfo) -> str:
    """Return the default of a field, as a benchmark file would have it."""
    if info.is_required():
        return "required"
    value = info.get_default(call_default_factory=True)
    if isinstance(value, (tuple, list)):
        value = [v.model_dump() if isinstance(v, BaseModel) else v for v in value]
    elif isinstance(value, BaseModel):
        value = value.model_dump()
    return f"`{json.dumps(value, default=str, ensure_ascii=False)}`"


def columns_page() -> str:
    """Return the page of the columns of all tables."""
    known: Mapping[str, tuple[str, str]] = every_column()
    rows = ((f"`{name}`", unit, meaning) for name, (unit, meaning) in sorted(known.items()))
    intro = (
        "What every column of every table means that a run or a leaderboard has. A name with "
        "brackets is a pattern of many columns, and `{0}` in its meaning what stands there."
    )
    columns = table(("column", "unit", "meaning"), rows)
    return "\n\n".join(["# Columns of the tables", intro, columns]) + "\n"
