"""Pairs of systems: which are shown, what they are called, and when nothing is decided."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import pytest
from ranked_results import ranked

from merbench.pages import difference_sections
from merbench.pages.difference_sections import differences_section
from merbench.pages.view import View


def test_pairs_shown_are_those_of_the_best_systems(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(difference_sections, "PAIRS_SHOWN", 4)
    html = str(differences_section(View(ranked(6))))
    shown = re.findall(r"<tr><td>(.*?)</td><td>(.*?)</td>", html)
    models = {frozenset(name.split(" x ")[-1] for name in pair) for pair in shown}
    assert models == {
        frozenset(pair) for pair in (("m0", "m1"), ("m0", "m3"), ("m1", "m3"), ("m0", "m4"))
    }
    assert "Shown are the pairs of the systems that rank best; 11 more pairs" in html


def test_a_pair_says_once_what_is_alike():
    content = ranked(3)
    html = str(differences_section(View(content)))
    drawn = re.findall(r"<text[^>]*>([^<]*−[^<]*[a-z][^<]*)<", html)
    assert sorted(drawn) == ["m0 − m1 (mixed x f)", "mixed x f x m0 − m2", "mixed x f x m1 − m2"]
    content.rows[1]["parameters"] = {"features": {"k": 3}}
    html = str(differences_section(View(content)))
    assert "mixed x f x m0 − mixed x f x m1" in html
    content.rows[0]["parameters"] = content.rows[1]["parameters"]
    html = str(differences_section(View(content)))
    assert "m0 − m1 (mixed x f (k=3))" in html


def test_one_group_decides_nothing():
    content = ranked(3)
    unknown = [replace(pair, corrected_p_holm=math.nan) for pair in content.comparisons]
    html = str(differences_section(View(replace(content, comparisons=unknown))))
    assert html.count("undecided: one group") == 3
    assert "not significant" not in html
