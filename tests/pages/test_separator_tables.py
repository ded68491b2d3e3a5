"""The paper's tables of separators as text."""

from __future__ import annotations

from merbench.pages import separator_tables


def test_latex_escapes_what_names_may_hold():
    assert separator_tables._escaped("a_b & 50%") == r"a\_b \& 50\%"
