"""Hooks of the documentation's site: pages of reference made from the code, and links."""

from __future__ import annotations

import re
from typing import Any

from mkdocs.structure.files import File, Files

OUTSIDE = re.compile(r"\[([^\]]*)\]\(\.\./[^)]*\)")
"""A link to a file of the repository that is no page."""


def pages() -> dict[str, str]:
    """Return the generated pages by their names."""
    from merbench.authoring import reference
    from merbench.benchmark import protocols
    from merbench.cli.reference import commands_page
    from merbench.engines import catalogue
    from merbench.plugins import discovery
    from merbench.plugins.registry import KINDS, Registry

    found = catalogue.with_ours(protocols.with_protocols(discovery.load_plugins()))
    ours = Registry({key: entry for key, entry in found.entries.items() if entry.origin.ours})
    return {
        "reference/commands.md": commands_page(),
        "reference/keys.md": reference.schema_page(),
        "reference/columns.md": reference.columns_page(),
        **{f"reference/{kind}s.md": reference.plugins_page(kind, ours) for kind in KINDS},
    }


def on_files(files: Files, config: Any) -> Files:
    """Add the generated pages."""
    for name, text in pages().items():
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Leave of a link to what is no page its text."""
    return OUTSIDE.sub(r"\1", markdown)
