"""Papers that plugins cite: each leads somewhere, and each is cited."""

from __future__ import annotations

import re

from merbench.plugins.discovery import load_plugins
from merbench_plugins import papers
from merbench_plugins.papers import Paper

PAPERS = {name: value for name, value in vars(papers).items() if isinstance(value, Paper)}
ADDRESS = re.compile(r"https://(doi\.org/10\.\d{4,9}/\S+|arxiv\.org/abs/\d{4}\.\d{4,5})")


def test_an_address_is_a_dois_or_arxivs_and_stands_once() -> None:
    addresses = [paper.address for paper in PAPERS.values() if paper.address]
    assert [address for address in addresses if not ADDRESS.fullmatch(address)] == []
    assert len(set(addresses)) == len(addresses)


def test_a_citation_names_who_and_when() -> None:
    for name, paper in PAPERS.items():
        assert re.match(r"[A-Z]\.", paper.citation), f"{name} begins with no author"
        assert re.search(r"\b(19|20)\d\d\b", paper.citation), f"{name} has no year"


def test_every_paper_is_cited_by_a_plugin() -> None:
    cited = " ".join(str(entry.cls.citation) for entry in load_plugins().entries.values())
    assert [name for name, paper in PAPERS.items() if paper.citation not in cited] == []
