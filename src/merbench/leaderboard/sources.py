"""Where data sets, plugins and runs are from: what links and credits are made from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from merbench.identity import canonical
from merbench.leaderboard.columns import DatasetSource, PluginSource, Submission, SystemPart
from merbench.runs.record import RunRecord

__all__ = ["dataset_sources", "paper_in", "plugin_rows", "submissions", "system_parts"]

_DOI = re.compile(r"\b10\.\d{4,9}/[^\s,;]*[^\s,;.)]")
_ARXIV = re.compile(r"\barxiv[:\s]\s*(\d{4}\.\d{4,5})", re.IGNORECASE)
_KINDS = {"augmentations": "augmentation", "features": "feature"}
"""What a manifest calls the components of an axis that may have several."""
_NO_COMPONENT = {"dataset", "protocol", "seed", "device"}


def dataset_sources(runs: Sequence[RunRecord]) -> list[DatasetSource]:
    """Return a row for each data set of some runs, by name: once for equal data and version."""
    found: dict[tuple[str, ...], DatasetSource] = {}
    for run in runs:
        for entry in run.manifest["datasets"]:
            key = (str(entry["name"]), str(entry["version"]), str(entry["data_hash"]))
            found[key] = DatasetSource(
                dataset=key[0],
                dataset_version=key[1],
                task=str(entry["task"]),
                n_clips=int(entry.get("n_clips", 0)),
                n_groups=int(entry.get("n_groups", 0)),
                synthetic=bool(entry["synthetic"]),
                labels_public=bool(entry.get("labels_public", False)),
                provenance=str(entry.get("provenance") or ""),
                licence=str(entry["licence"] or ""),
                homepage=str(entry["homepage"] or ""),
                paper=str(entry.get("paper") or paper_in(entry["citation"] or "")),
                citation=str(entry["citation"] or ""),
                authors="; ".join(entry.get("authors") or ()),
                data_hash=key[2],
            )
    return [found[key] for key in sorted(found)]


def paper_in(citation: str) -> str:
    """Return the address of a paper whose DOI or arXiv number stands in a text, or nothing."""
    if doi := _DOI.search(citation):
        return f"https://doi.org/{doi[0]}"
    if arxiv := _ARXIV.search(citation):
        return f"https://arxiv.org/abs/{arxiv[1]}"
    return ""


def plugin_rows(runs: Sequence[RunRecord]) -> list[PluginSource]:
    """Return a row for each plugin of each run; runs made before it was kept have none."""
    return [
        PluginSource(
            run=str(run.manifest["run"]),
            plugin_kind=str(entry["kind"]),
            name=str(entry["name"]),
            version=str(entry.get("version", "")),
            summary=str(entry.get("summary", "")),
            description=str(entry.get("description", "")),
            authors="; ".join(entry.get("authors") or ()),
            citation=str(entry.get("citation", "")),
            paper=str(entry.get("paper") or paper_in(str(entry.get("citation", "")))),
            distribution=str(entry.get("distribution", "")),
            distribution_version=str(entry.get("distribution_version", "")),
            repository=str(entry.get("repository", "")),
            commit=str(entry.get("commit", "")),
            changed=bool(entry.get("changed", False)),
        )
        for run in runs
        for entry in map(_mapping, run.manifest.get("plugins") or ())
        if {"kind", "name"} <= entry.keys()
    ]


def system_parts(runs: Sequence[RunRecord], listed: Iterable[tuple[str, str]]) -> list[SystemPart]:
    """Return the components of some cells, with all their parameters, defaults among them.

    Parameters
    ----------
    runs
        What was recorded.
    listed
        Run and cell of the rows that are wanted.
    """
    wanted = set(listed)
    return [
        SystemPart(
            run=str(run.manifest["run"]),
            cell=str(cell["id"]),
            plugin_kind=kind,
            name=str(part["name"]),
            version=str(part.get("version", "")),
            all_parameters=canonical(part.get("parameters") or {}).decode(),
            source=str(cell.get("sources", {}).get(part["name"], "")),
        )
        for run in runs
        for cell in run.manifest.get("cells", ())
        if (run.manifest["run"], cell["id"]) in wanted
        for kind, part in _components(cell.get("identity", {}))
    ]


def _components(identity: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for kind, value in identity.items():
        for part in value if isinstance(value, list) else [value]:
            if kind not in _NO_COMPONENT and isinstance(part, Mapping) and "name" in part:
                yield _KINDS.get(kind, kind), part


def _mapping(value: Any) -> Mapping[str, Any]:
    """Return what a stranger's manifest should have as a mapping; nothing where it is none."""
    return value if isinstance(value, Mapping) else {}


def submissions(runs: Sequence[RunRecord]) -> list[Submission]:
    """Return a row for each run: who submitted it, when, and what it ran with."""
    return [_submission(run.manifest) for run in runs]


def _submission(manifest: Mapping[str, Any]) -> Submission:
    said, git = (_mapping(manifest.get(key)) for key in ("submission", "git"))
    return Submission(
        run=str(manifest["run"]),
        name=str(manifest["name"]),
        submitter=str(said.get("submitter", "")),
        published=str(said.get("published", "")),
        started=str(manifest["started"]),
        merbench=str(manifest["merbench"]),
        commit=str(git.get("commit") or ""),
        changed=bool(git.get("dirty")),
        hardware=canonical(manifest["hardware"]).decode(),
    )
