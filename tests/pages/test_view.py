"""What a page is made from."""

from __future__ import annotations

import pandas as pd

from merbench.leaderboard.results import Results
from merbench.pages.view import View


def test_what_has_no_manifest_is_a_leaderboard():
    board = Results("x", [], [], pd.DataFrame(), pd.DataFrame())
    report = Results("x", [], [], pd.DataFrame(), pd.DataFrame(), manifest={"run": "r"})
    assert View(board).board
    assert not View(report).board
