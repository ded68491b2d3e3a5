"""A new plugin, as one file or as a package: it keeps its contract before a line is changed."""

from __future__ import annotations

import datetime
import keyword
import re
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import NamedTuple

from merbench import __version__
from merbench.authoring.new_files import write_new
from merbench.errors import PluginError
from merbench.naming import nearest
from merbench.plugins.registration import NAME

TEMPLATES = Path(__file__).parent / "templates"
KINDS = ("augmentation", "dataset", "feature", "model", "protocol", "separator")
"""The kinds that there is a template of."""
MARK = "CHANGE: "


class NewPlugin(NamedTuple):
    """A plugin that was written."""

    source: Path
    """The file that is the plugin."""
    files: tuple[Path, ...]
    """All that was written."""
    to_change: tuple[tuple[int, str], ...]
    """Lines of the source that are to be changed first, and what stands there to change."""


def class_name(name: str, kind: str) -> str:
    """Return the name of the class of a plugin: `my-model` is `MyModel`."""
    words = re.split(r"[-.]", name)
    joined = "".join(word[:1].upper() + word[1:] for word in words)
    return joined if joined.isidentifier() else f"{kind.capitalize()}{joined}"


def plugin_source(kind: str, name: str, option: str = "") -> str:
    """Return the source of a new plugin.

    Parameters
    ----------
    kind, name
        What it is, and what benchmark files are to call it.
    option
        What `merbench plugins check` is told beside the name, to find it.
    """
    return _filled(f"{kind}.py.txt", _words(kind, name) | {"option": option})


def new_plugin(kind: str, name: str, folder: Path, *, package: bool) -> NewPlugin:
    """Write a new plugin.

    Parameters
    ----------
    kind
        One of `KINDS`.
    name
        What benchmark files are to call it.
    folder
        Where the file goes, or the package's own folder.
    package
        Whether it is a distribution with an entry point, tests, a licence and a CI workflow.

    Raises
    ------
    PluginError
        There is no such kind, or the name is none; a file of it is there already.
    """
    if kind not in KINDS:
        raise PluginError(f"there is no template of {kind}{nearest(kind, KINDS)}")
    if not NAME.fullmatch(name):
        raise PluginError(
            f"{name!r} is no name of a plugin; write lower-case words joined by hyphens, such as "
            f"my-{kind}"
        )
    file_name = name.replace("-", "_").replace(".", "_")
    if keyword.iskeyword(file_name):
        raise PluginError(
            f"{name!r} cannot be the name of a Python file that others import; take another, such "
            f"as my-{name}"
        )
    words = _words(kind, name)
    if package:
        home = folder / words["distribution"]
        source = home / "src" / words["module"] / "__init__.py"
        files = {
            source: plugin_source(kind, name),
            home / "tests" / f"test_{words['module']}.py": _filled("test_plugin.py.txt", words),
            home / ".github/workflows/tests.yml": _filled("tests.yml.txt", words),
        }
        for file in ("pyproject.toml", "README.md", "LICENSE"):
            files[home / file] = _filled(f"{file}.txt", words)
    else:
        source = folder / f"{file_name}.py"
        beside = folder.name == "plugins" and folder.parent in (Path(), Path.cwd())
        option = "" if beside else f" --plugins {source}"
        files = {source: plugin_source(kind, name, option)}
    write_new(files)
    marked = [
        (number, line.partition(MARK)[2])
        for number, line in enumerate(files[source].splitlines(), 1)
        if MARK in line
    ]
    return NewPlugin(source, tuple(files), tuple(marked))


def _words(kind: str, name: str) -> dict[str, str]:
    """Return what stands in a template in place of `$name` and the like."""
    return {
        "kind": {"feature": "feature extractor"}.get(kind, kind),
        "name": name,
        "title": name.replace("-", " ").capitalize(),
        "class_name": class_name(name, kind),
        "module": f"merbench_{name.replace('-', '_').replace('.', '_')}",
        "distribution": f"merbench-{name}",
        "version": ".".join(__version__.split(".")[:2]),
        "year": str(datetime.date.today().year),
    }


def _filled(template: str, words: Mapping[str, str]) -> str:
    return Template((TEMPLATES / template).read_text(encoding="utf-8")).substitute(words)
