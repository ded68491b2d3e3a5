"""A page's sections stand in their order, and those with nothing to show are left out."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
from ranked_results import ranked

from merbench.leaderboard.results import Results
from merbench.pages.sections import SECTIONS, page_sections
from merbench.pages.view import View


def test_sections_stand_in_their_order():
    known = [name for name, *_ in SECTIONS]
    assert known[0] == "findings"
    unranked = replace(ranked(4), across=[], reported=[{"system": "a"}])
    rest = replace(unranked, rows=[], comparisons=[])
    found = [
        part.id
        for part in page_sections(
            View(
                rest,
                tables=[],
                systems=[{"href": "s.html", "name": "s", "dataset": "d", "kl": "0.1"}],
            )
        )
    ]
    assert found == ["systems", "reported"]
    assert found == [name for name in known if name in found]


def test_what_has_nothing_to_show_is_left_out():
    nothing = Results("x", [], [], pd.DataFrame(), pd.DataFrame())
    assert page_sections(View(nothing)) == []
