"""Figures of systems: over several data sets, and what they cost."""

from __future__ import annotations

import pandas as pd
from ranked_results import ranked

from merbench.leaderboard.results import Results
from merbench.pages.figure_sections import cost_section, datasets_section
from merbench.pages.view import View


def test_several_datasets_have_a_critical_difference_diagram():
    across = [
        {"system": name, "mean_rank": rank, "n_datasets": 6, "friedman_p": 0.01, "cliques": clique}
        for name, rank, clique in (("a", 1.2, "1"), ("b", 1.9, "1; 2"), ("c", 2.9, "2"))
    ]
    empty = pd.DataFrame({"cell": []})
    content = Results("x", [], [], empty, empty, across=across)
    html = datasets_section(View(content))
    assert "6 datasets, p 0.010" in html
    assert "Not to be told apart: a, b; b, c." in html


def test_cost_is_drawn_where_two_systems_have_one():
    content = ranked(4)
    assert cost_section(View(content)) is None
    for place, row in enumerate(content.rows):
        row["seconds"] = 8.0 - place
    html = str(cost_section(View(content)))
    assert "Runtime against KL, x." in html
    assert "Numbered are the systems that no other beats in both. 1: m3; 2: m1; 3: m0." in html
    assert "what features and separating cost is not in them" in html
    content.rows[0]["mark"] = "worse than a constant"
    html = str(cost_section(View(content)))
    assert "1: m3; 2: m1. Seconds" in html
    assert "m0" not in html
