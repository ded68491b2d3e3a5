"""Benchmarks called by name: those in `benchmarks/` of the current folder, and those of merbench.

A benchmark that comes with merbench lies where no user has data, so that its relative paths start
from the current folder, and the `plugins/` folder there belongs to it.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from merbench.benchmark.document import Document, read_document
from merbench.errors import SpecError
from merbench.naming import nearest

DEMO = "demo"
"""What the default benchmark is called, whose file in a checkout is `benchmarks.yaml`."""
STUDY_FILE = "benchmark.yaml"
"""The benchmark file of a folder that `merbench init` wrote."""
OWN = Path("benchmarks")
"""Folder of a user's own benchmarks, which may be called by name as well."""


@cache
def shipped() -> dict[str, Path]:
    """Return the files of the benchmarks that come with merbench, by their names.

    A wheel has them beside this module; a checkout has them at its root.
    """
    here, root = Path(__file__).parent / "files", Path(__file__).resolve().parents[3]
    if not here.is_dir():
        here = root / "benchmarks"
    found = {path.stem: path for path in sorted(here.glob("*.yaml"))}
    if DEMO not in found:
        found[DEMO] = root / "benchmarks.yaml"
    return found


def known() -> dict[str, Path]:
    """Return every benchmark that can be called by name here; a user's own go first."""
    return {**shipped(), **{path.stem: path for path in sorted(OWN.glob("*.yaml"))}}


def read_benchmark(name: str) -> Document:
    """Read a benchmark file.

    Parameters
    ----------
    name
        Its path, or the name of one of `known`.

    Raises
    ------
    SpecError
        There is none, or it is no YAML.
    """
    path, names = Path(name), known()
    if path.is_dir() and ((path / STUDY_FILE).exists() or name not in names):
        inside = sorted(file.name for file in path.glob("*.yaml"))
        meant = STUDY_FILE if STUDY_FILE in inside or not inside else inside[0]
        advice = f"did you mean {path / meant}?" if inside else "name a benchmark file"
        raise SpecError(f"{name} is a folder; {advice}")
    if path.exists() and not path.is_dir():
        return read_document(path)
    if name not in names:
        raise SpecError(
            f"{name}: there is no such file, nor a benchmark of this name"
            f"{nearest(Path(name).stem, names)}"
        )
    document = read_document(names[name])
    if names[name] == shipped().get(name):
        _start_here(document)
    return document


def _start_here(document: Document) -> None:
    """Let relative paths start from the current folder: `../data` is what stands beside a file."""
    here = Path.cwd()
    document.folder = here
    document.places = {path: (place, here) for path, (place, _) in document.places.items()}
    for choice in document.data["datasets"]:
        for parameters in choice.values() if isinstance(choice, dict) else ():
            if "root" in parameters:
                parameters["root"] = parameters["root"].removeprefix("../")
