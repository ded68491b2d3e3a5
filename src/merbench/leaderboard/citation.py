"""How to cite a leaderboard: software, data sets and systems in it, as Citation File Format."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import yaml

from merbench import __version__
from merbench.identity import canonical
from merbench.leaderboard.sources import paper_in
from merbench.runs.record import RunRecord
from merbench.runs.row_columns import bare_name

DEVELOPERS = "The merbench developers"

_CREDITS = ("authors", "citation", "paper", "repository")
"""What a plugin says of those to credit."""


def citation(runs: Sequence[RunRecord]) -> str:
    """Return the text of CITATION.cff (Citation File Format 1.2.0, Druskat et al. 2021).

    Authors are credited as data sets and plugins name them, and nobody else with their work; who
    submits a run is no author of what is in it.
    """
    document: dict[str, Any] = {
        "cff-version": "1.2.0",
        "message": (
            "Please cite merbench, and the data sets and systems that the numbers you use are from."
        ),
        "title": "merbench: a benchmark for music emotion recognition",
        "type": "software",
        "version": __version__,
        "license": "MIT",
        "authors": [{"name": DEVELOPERS}],
    }
    # Two people's tables may have one name: what is said of them tells them apart.
    datasets = (entry for run in runs for entry in run.manifest["datasets"])
    plugins = (entry for run in runs for entry in run.manifest.get("plugins", ()))
    if references := [*_each_once(map(_reference, datasets)), *_each_once(_systems(plugins))]:
        document["references"] = references
    text: str = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)
    return text


def _reference(entry: dict[str, Any]) -> dict[str, Any]:
    # Where no authors are named, they stand in the citation, as one text: that is given whole, not
    # taken apart.
    cited = entry["citation"]
    title = bare_name(entry["name"])
    reference = _credited("data", title, entry)
    if entry["homepage"]:
        reference["url"] = entry["homepage"]
    notes = [cited, f"terms: {entry['licence']}" if entry["licence"] else ""]
    notes.append("synthetic music and ratings" if entry["synthetic"] else "")
    reference["notes"] = "; ".join(note for note in notes if note)
    return reference


def _each_once(references: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return references in the order of their titles, equal ones once."""
    known = {canonical(reference): reference for reference in references}
    return [known[key] for key in sorted(known, key=lambda key: (known[key]["title"], key))]


def _systems(entries: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the references to plugins that say whom to credit, one for those of one paper."""
    of_paper: dict[bytes, list[Mapping[str, Any]]] = {}
    for entry in entries:
        if entry.get("kind") != "dataset" and (entry.get("authors") or entry.get("citation")):
            of_paper.setdefault(canonical([entry.get(c) for c in _CREDITS]), []).append(entry)
    return map(_system, of_paper.values())


def _system(plugins: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return one reference to plugins that credit alike."""
    entry = plugins[0]
    title = ", ".join(sorted({str(plugin["name"]) for plugin in plugins}))
    reference = _credited("software", title, entry)
    if entry.get("repository"):
        reference["repository-code"] = entry["repository"]
    if entry.get("citation"):
        reference["notes"] = entry["citation"]
    return reference


def _credited(kind: str, title: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return the beginning of a reference: authors as they are named, and the paper's DOI."""
    authors = entry.get("authors") or [f"The authors of {title}"]
    reference: dict[str, Any] = {
        "type": kind,
        "title": title,
        "authors": [{"name": name} for name in authors],
    }
    paper = entry.get("paper") or paper_in(entry.get("citation") or "")
    if "doi.org/" in paper:
        reference["doi"] = paper.partition("doi.org/")[2]
    return reference
