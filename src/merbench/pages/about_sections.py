"""The sections on where results are from: data sets, submissions, how to submit, the run itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from merbench.pages.leaderboard_table import machine
from merbench.pages.links import link, paper_name
from merbench.pages.render import render
from merbench.pages.view import View
from merbench.runs import row_columns

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = [
    "about_section",
    "how_to_submit_section",
    "protocol_in_words",
    "sources_section",
    "submissions_section",
]


def sources_section(view: View) -> Markup | None:
    """Say of each data set what it is, where it is from and what to cite."""
    shown = {str(row["dataset"]) for row in view.content.rows}
    rows = [row for row in view.content.sources.datasets if str(row["dataset"]) in shown]
    rows = sorted(rows or view.content.sources.datasets, key=_is_synthetic)
    if not rows:
        return None
    alone = view.board and len(rows) == 1 and len(shown) == 1  # the page's heading says it
    items = [
        {
            "name": "" if alone else row["dataset"],
            "href": view.datasets.get(str(row["dataset"]), ""),
            "facts": [(term, text) for term, text in _facts(row) if text],
        }
        for row in rows
    ]
    return render("sources", items=items)


def _is_synthetic(row: Mapping[str, Any]) -> bool:
    return row.get("synthetic") in (True, "True")


def _facts(row: Mapping[str, Any]) -> list[tuple[str, Any]]:
    public = row.get("labels_public") in (True, "True")
    kept = "" if public else "not republished here: each clip has a hash of its label instead"
    return [
        ("Task", row.get("task")),
        ("Size", f"{row.get('n_clips')} clips in {row.get('n_groups')} groups"),
        ("Music", "synthetic: made by a program" if _is_synthetic(row) else ""),
        ("Licence", row.get("licence") or "none stated"),
        ("Homepage", link(row["homepage"]) if row.get("homepage") else ""),
        ("Paper", link(row["paper"], paper_name(row["paper"])) if row.get("paper") else ""),
        ("To cite", row.get("citation")),
        ("Authors", row.get("authors")),
        ("Labels", row.get("provenance")),
        ("Labels are", kept),
        ("Version", row.get("dataset_version")),
    ]


def submissions_section(view: View) -> Markup | None:
    """List the submissions: who made each, and what it ran with."""
    if not view.board or not view.content.sources.submissions:
        return None
    rows = [
        {
            "name": f"{row['name']}-{str(row['run'])[:8]}",
            "submitter": row.get("submitter") or "",
            "published": row.get("published") or "",
            "started": str(row["started"])[:10],
            "merbench": str(row["merbench"]) + _commit(row.get("commit"), row.get("changed")),
            "hardware": machine(row.get("hardware")),
        }
        for row in view.content.sources.submissions
    ]
    named = any(row["submitter"] for row in rows)
    dated = any(row["published"] for row in rows)
    return render("submissions", rows=rows, named=named, dated=dated)


def _commit(commit: Any, changed: Any) -> str:
    if not commit:
        return ""
    return f", commit {str(commit)[:12]}{' with changes' if changed in (True, 'True') else ''}"


def how_to_submit_section(view: View) -> Markup | None:
    """Say how a run gets onto the leaderboard; a run's report does not say it."""
    return render("submit") if view.board and view.content.rows else None


def about_section(view: View) -> Markup | None:
    """Say how the run came about."""
    manifest = view.content.manifest
    if not manifest:
        return None
    hardware, git = manifest.get("hardware", {}), manifest.get("git", {})
    known = manifest.get("evaluator") or {}
    evaluator = " ".join(str(known[key])[:12] for key in ("version", "hash") if key in known)
    facts = [
        ("Run", str(manifest["run"])),
        ("Started", str(manifest["started"])),
        ("merbench", str(manifest["merbench"]) + _commit(git.get("commit"), git.get("dirty"))),
        ("Evaluator", evaluator),
        ("Protocol", protocol_in_words(manifest["protocol"])),
        ("Seed", str(manifest["spec"]["seed"])),
        ("Machine", f"{hardware.get('cpu')}, {hardware.get('cores')} cores, "
                    f"{hardware.get('memory_gb')} GB, {hardware.get('platform')}"),
        ("Packages", ", ".join(f"{k} {v}" for k, v in sorted(manifest["packages"].items()))),
    ]  # fmt: skip
    for data in manifest["datasets"]:
        terms = [f"{data['n_clips']} clips in {data['n_groups']} groups"]
        terms += [f"version {data['version']}"]
        terms += [f"licence: {data['licence']}"] if data.get("licence") else []
        terms += [f"by {', '.join(data['authors'])}"] if data.get("authors") else []
        terms += [data["citation"]] if data.get("citation") else []
        terms += [f"data {data['data_hash'][:12]}, split {data['split_hash'][:12]}"]
        facts.append((f"Dataset {data['name']}", "; ".join(terms)))
    return render(
        "about",
        facts=[(term, text) for term, text in facts if text],
        skipped=manifest["skipped"],
        axes=[axis for axis in row_columns.AXES if all(axis in s for s in manifest["skipped"])],
    )


def protocol_in_words(protocol: Mapping[str, Any]) -> str:
    """Return what a protocol is, in words."""
    words = []
    for key, value in sorted(protocol["parameters"].items()):
        name = key.replace("_", " ")
        words.append({True: name, False: f"not {name}"}[value] if isinstance(value, bool)
                     else f"{name}: {' and '.join(value)}" if isinstance(value, list)
                     else f"{name} {value}")  # fmt: skip
    return f"{protocol['name']} ({', '.join(words)})" if words else str(protocol["name"])
