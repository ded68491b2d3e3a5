"""Links that lead out of a page: to papers, homepages and code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from merbench.leaderboard.results import Results, Row
from merbench.runs.row_columns import bare_name

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["code_link", "link", "links_of", "source_of"]


def link(url: Any, text: str = "") -> Markup | str:
    """Return a link to a web address; what is none, as a stranger's file may hold, stays text."""
    from markupsafe import Markup, escape

    url = str(url or "")
    try:
        parts = urlsplit(url)
        safe = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        safe = False
    if not safe:
        return escape(text or url)
    return Markup('<a href="{}" rel="noopener nofollow">{}</a>').format(url, text or url)


def source_of(content: Results, dataset: str) -> Row | None:
    """Return what is known of where a dataset is from."""
    bare = bare_name(dataset)
    rows = [row for row in content.sources.datasets if row["dataset"] == dataset]
    rows += [row for row in content.sources.datasets if bare_name(str(row["dataset"])) == bare]
    return rows[0] if rows else None


def links_of(content: Results, dataset: str) -> list[Markup | str]:
    """Return a dataset's homepage, paper and licence, as far as they are known."""
    row = source_of(content, dataset)
    if row is None:
        return []
    found = [link(row["homepage"], "homepage")] if row.get("homepage") else []
    found += [link(row["paper"], paper_name(row["paper"]))] if row.get("paper") else []
    return found + ([f"licence: {row['licence']}"] if row.get("licence") else [])


def paper_name(url: str) -> str:
    """Name a paper by its address: its DOI, or its number on arXiv."""
    for start, name in (("doi.org/", "doi:"), ("arxiv.org/abs/", "arXiv:")):
        if start in url:
            return name + url.partition(start)[2]
    return "paper"


def code_link(plugin: Mapping[str, Any]) -> Markup | str:
    """Say where a plugin can be had: distribution, version, repository, commit."""
    from markupsafe import Markup

    named = str(plugin.get("distribution") or "")
    if named and plugin.get("distribution_version"):
        named += f" {plugin['distribution_version']}"
    commit = str(plugin.get("commit") or "")[:12]
    if commit and plugin.get("changed") in (True, "True"):
        commit += " with changes"
    parts = [part for part in (named, f"commit {commit}" if commit else "") if part]
    if plugin.get("repository"):
        parts.append(link(plugin["repository"]))
    return Markup(", ").join(parts)
