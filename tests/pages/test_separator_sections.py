"""Separators against each other: which pairs are shown, and that there are more."""

from __future__ import annotations

import pytest

from merbench.leaderboard.fold_tables import fold_tables
from merbench.leaderboard.results import Results
from merbench.pages import separator_sections
from merbench.pages.view import View
from tinybench import TinyBench


def test_many_pairs_of_separators_are_not_all_shown(
    bench: TinyBench, monkeypatch: pytest.MonkeyPatch
):
    separators = ["plain", "halves", {"halves": {"share": 0.5}}]
    content = Results.of_run(bench.run(models=["linear"], separators=separators))
    assert [len(fold_tables(content, most)) for most in (None, 1)] == [2, 1]
    monkeypatch.setattr(separator_sections, "SEPARATED_SHOWN", 1)
    html = separator_sections.separators_section(View(content))
    assert "plain against halves" in html
    assert "halves (share=0.5)" not in html
    assert "1 more pairs are not shown here" in html
