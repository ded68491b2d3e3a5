"""Links that lead out of a page."""

from __future__ import annotations

import pytest

from merbench.leaderboard.results import Results, Sources
from merbench.pages.links import link, links_of, paper_name


def test_only_web_addresses_are_links():
    assert str(link("https://x.org/a?b=1&c=2", "it <is>")) == (
        '<a href="https://x.org/a?b=1&amp;c=2" rel="noopener nofollow">it &lt;is&gt;</a>'
    )


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "https://", "//x", "["])
def test_what_is_none_stays_text(url: str):
    assert "<a" not in str(link(url))
    assert str(link('"><script>')) == "&#34;&gt;&lt;script&gt;"


def test_papers_are_named_by_their_number():
    assert paper_name("https://doi.org/10.1/x") == "doi:10.1/x"
    assert paper_name("https://arxiv.org/abs/2101.1") == "arXiv:2101.1"
    assert paper_name("https://example.org/paper.pdf") == "paper"


def test_a_dataset_is_found_by_its_name_whatever_its_parameters():
    import pandas as pd

    known = {"dataset": "songs (fixed_std=0.1)", "homepage": "https://x.org", "licence": "CC",
             "paper": "https://doi.org/10.1/x"}  # fmt: skip
    content = Results("x", [], [], pd.DataFrame(), pd.DataFrame(), sources=Sources([known]))
    assert [str(part) for part in links_of(content, "songs")][2] == "licence: CC"
    assert links_of(content, "others") == []
