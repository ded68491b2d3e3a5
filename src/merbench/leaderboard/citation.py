"""How to cite a leaderboard: the software and the data sets in it, as Citation File Format."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from merbench import __version__
from merbench.recorded import Recorded

DEVELOPERS = "The merbench developers"


def citation(runs: Sequence[Recorded]) -> str:
    """Return the text of CITATION.cff (Citation File Format 1.2.0, Druskat et al. 2021)."""
    document: dict[str, Any] = {
        "cff-version": "1.2.0",
        "message": "Please cite merbench, and the data sets that the numbers you use are from.",
        "title": "merbench: a benchmark for music emotion recognition",
        "type": "software",
        "version": __version__,
        "license": "MIT",
        "authors": [{"name": DEVELOPERS}],
    }
    known: dict[str, dict[str, Any]] = {}
    for run in runs:
        for entry in run.manifest["datasets"]:
            known.setdefault(entry["name"], entry)
    if known:
        document["references"] = [_reference(known[name]) for name in sorted(known)]
    text: str = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)
    return text


def _reference(entry: dict[str, Any]) -> dict[str, Any]:
    # Its authors stand in the plugin's citation, as one text: that is given whole, not taken apart.
    cited = entry["citation"]
    reference: dict[str, Any] = {
        "type": "data",
        "title": entry["name"],
        "authors": [{"name": f"The authors of {entry['name']}" if cited else DEVELOPERS}],
    }
    if entry["homepage"]:
        reference["url"] = entry["homepage"]
    notes = [cited, f"terms: {entry['licence']}" if entry["licence"] else ""]
    notes.append("synthetic music and ratings" if entry["synthetic"] else "")
    reference["notes"] = "; ".join(note for note in notes if note)
    return reference
