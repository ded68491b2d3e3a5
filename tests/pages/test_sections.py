"""The sections of a page: which rows and pairs they show, and what they say of them."""

from __future__ import annotations

import itertools
import re

import pandas as pd
import pytest

from merbench.leaderboard.fold_tables import fold_tables
from merbench.leaderboard.results import Results
from merbench.pages import sections
from merbench.pages.view import View
from merbench.runs import row_columns
from tinybench import TinyBench


def test_several_datasets_have_a_critical_difference_diagram():
    across = [
        {"system": name, "mean_rank": rank, "n_datasets": 6, "friedman_p": 0.01, "cliques": clique}
        for name, rank, clique in (("a", 1.2, "1"), ("b", 1.9, "1; 2"), ("c", 2.9, "2"))
    ]
    empty = pd.DataFrame({"cell": []})
    content = Results("x", [], [], empty, empty, across=across)
    html = sections.datasets(View(content))
    assert "6 datasets, p 0.010" in html
    assert "Not to be told apart: a, b; b, c." in html


def ranked(n: int) -> Results:
    """A table of n systems, a baseline of the third rank, and all pairs of them."""
    rows = [
        dict.fromkeys(row_columns.AXES, "x")
        | {"augmentation": "none", "separator": "mixed", "features": "f", "model": f"m{i}",
           "parameters": None, "role": "system", "rank": i + 1, "cell": f"c{i}", "status": "ok",
           "kl_mean": float(i), "table": "t"}
        for i in range(n)
    ]  # fmt: skip
    rows[2] |= {"role": "baseline", "features": "none", "separator": "none"}
    pairs = [
        {"table": "t", "dataset": "x", "across": "model", "a": row_columns.system_name(a),
         "b": row_columns.system_name(b), "cell_a": a["cell"], "cell_b": b["cell"], "run_a": "r",
         "run_b": "r", "kl_difference": a["kl_mean"] - b["kl_mean"], "significant": False,
         "corrected_p_holm": 0.5}
        for a, b in itertools.combinations(rows, 2)
    ]  # fmt: skip
    return Results("ranked", rows, pairs, pd.DataFrame(), pd.DataFrame())


def test_findings_are_sentences_with_links_to_their_rows():
    html = str(sections.findings(View(ranked(4))))
    assert html.count("<li>") >= 1
    assert "cannot tell the 3 systems apart" in html
    assert '<a href="#r-c0">m0</a>' in html
    names = [name for name, *_ in sections.SECTIONS]
    assert names[0] == "findings"
    nothing = Results("x", [], [], pd.DataFrame(), pd.DataFrame())
    assert sections.findings(View(nothing)) is None


def test_pairs_shown_are_those_of_the_best_systems(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sections, "PAIRS_SHOWN", 4)
    html = str(sections.differences(View(ranked(6))))
    shown = re.findall(r"<tr><td>(.*?)</td><td>(.*?)</td>", html)
    models = {frozenset(name.split(" x ")[-1] for name in pair) for pair in shown}
    assert models == {
        frozenset(pair) for pair in (("m0", "m1"), ("m0", "m3"), ("m1", "m3"), ("m0", "m4"))
    }
    assert "Shown are the pairs of the systems that rank best; 11 more pairs" in html


def test_a_pair_says_once_what_is_alike():
    content = ranked(3)
    html = str(sections.differences(View(content)))
    drawn = re.findall(r"<text[^>]*>([^<]*−[^<]*[a-z][^<]*)<", html)
    assert sorted(drawn) == ["m0 − m1 (mixed x f)", "mixed x f x m0 − m2", "mixed x f x m1 − m2"]
    content.rows[1]["parameters"] = '{"features": {"k": 3}}'
    html = str(sections.differences(View(content)))
    assert "mixed x f x m0 − mixed x f x m1" in html
    content.rows[0]["parameters"] = content.rows[1]["parameters"]
    html = str(sections.differences(View(content)))
    assert "m0 − m1 (mixed x f (k=3))" in html


def test_one_group_decides_nothing():
    content = ranked(3)
    for pair in content.comparisons:
        pair["corrected_p_holm"] = None
    html = str(sections.differences(View(content)))
    assert html.count("undecided: one group") == 3
    assert "not significant" not in html


def test_many_pairs_of_separators_are_not_all_shown(
    bench: TinyBench, monkeypatch: pytest.MonkeyPatch
):
    separators = ["plain", "halves", {"halves": {"share": 0.5}}]
    content = Results.of_run(bench.run(models=["linear"], separators=separators))
    assert [len(fold_tables(content, most)) for most in (None, 1)] == [2, 1]
    monkeypatch.setattr(sections, "SEPARATED_SHOWN", 1)
    html = sections.separators(View(content))
    assert "plain against halves" in html
    assert "halves (share=0.5)" not in html
    assert "1 more pairs are not shown here" in html
