"""The documentation's site: every page is reached, and every page that is named is there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
KINDS = ("dataset", "separator", "augmentation", "feature", "model", "protocol", "engine")
GENERATED = {f"reference/{name}.md" for name in ("commands", "keys", "columns")}
GENERATED |= {f"reference/{kind}s.md" for kind in KINDS}


def named(entry: Any) -> set[str]:
    if isinstance(entry, str):
        return {entry}
    inner = entry.values() if isinstance(entry, dict) else entry
    return set().union(*map(named, inner))


def test_the_navigation_has_every_page_and_no_other() -> None:
    settings = yaml.safe_load((REPOSITORY / "mkdocs.yml").read_text())
    docs = REPOSITORY / "docs"
    written = {path.relative_to(docs).as_posix() for path in docs.rglob("*.md")}
    assert named(settings["nav"]) == written | GENERATED


def test_the_generated_pages_are_those_of_the_navigation() -> None:
    text = (REPOSITORY / "mkdocs_hooks.py").read_text()
    made = set(re.findall(r'"(reference/\w+\.md)"', text))
    assert made == {name for name in GENERATED if f"{name[10:-4]}" not in KINDS}
    assert 'f"reference/{kind}s.md"' in text


def test_ci_builds_it_and_a_broken_link_is_an_error() -> None:
    assert "make docs" in (REPOSITORY / ".ci/run").read_text()
    assert "mkdocs build --strict" in (REPOSITORY / "Makefile").read_text()


def test_the_glossary_is_in_order_and_has_the_words_of_the_readme() -> None:
    text = (REPOSITORY / "docs/glossary.md").read_text()
    words = re.findall(r"^\| ([\w ]+) \|", text, re.MULTILINE)[1:]
    assert words == sorted(words, key=str.casefold)
    readme = (REPOSITORY / "README.md").read_text().partition("## Start")[0]
    defined = {word.casefold() for word in re.findall(r"^- (?:A |\*\*)\*?\*?(\w+)", readme, re.M)}
    assert defined <= {word.casefold() for word in words}
