"""The sections that rank."""

from __future__ import annotations

from typing import Any

import pandas as pd
from ranked_results import ranked

from merbench.leaderboard.results import Results
from merbench.pages.board_sections import (
    _tier_ends,
    findings_section,
    leaderboard_section,
    variants_section,
)
from merbench.pages.view import View


def row(model: str, kl: float, **changes: Any) -> dict[str, Any]:
    return {
        "dataset": "d", "task": "va", "augmentation": "none", "separator": "mixed",
        "features": "f", "model": model, "parameters": None, "role": "system", "status": "ok",
        "table": "t", "cell": model, "run": None, "split_hash": "split", "n_clips": 8,
        "n_folds": 2, "kl_mean": kl, "tier": 1, "rank": 1, "synthetic": False, "error": None,
        "hardware": '{"cpu": "a processor", "cores": 2}',
    } | changes  # fmt: skip


def page_of(*rows: dict[str, Any]) -> str:
    return str(
        leaderboard_section(View(Results("x", list(rows), [], pd.DataFrame(), pd.DataFrame())))
    )


def test_a_line_ends_each_tier_whatever_stands_between():
    assert _tier_ends([None, 1, 1, None, 2, 2, None]) == [
        False, False, True, False, False, True, False,
    ]  # fmt: skip
    assert _tier_ends([None]) == [False]


def test_rows_can_be_chosen_by_what_differs():
    text = page_of(row("svc", 0.4), row("tuned(svc)", 0.3), row("ridge", 0.5, separator="hpss"))
    assert '<select name="separator" data-filter>' in text
    assert "<option>ridge</option><option>svc</option>" in text
    assert 'name="features"' not in text
    assert 'data-model="svc"' in text


def test_real_music_comes_before_synthetic():
    made = row("a", 0.1, synthetic=True, table="s", dataset="made")
    text = page_of(made, row("b", 0.5, table="r", dataset="real"))
    assert text.index('data-dataset="real"') < text.index('data-dataset="made"')


def test_what_all_systems_share_stands_above_the_table():
    text = page_of(row("a", 0.1), row("b", 0.5))
    assert "Separator of all systems: mixed." in text
    assert "Times were taken on a processor, 2 cores." in text
    assert ">Separator</button>" not in text
    two = page_of(row("a", 0.1), row("b", 0.5, hardware='{"cpu": "another", "cores": 1}'))
    assert "another, 1 core" in two
    assert ">Hardware</button>" in two


def test_the_legend_tells_what_stands_there():
    text = page_of(row("a", 0.1, n_runs=2, kl_mean_least=0.1, kl_mean_most=0.2), row("b", 0.5))
    assert "<dt>KL mean</dt>" in text
    assert "<dt>runs</dt>" in text
    assert "2 runs, KL 0.100 to 0.200" in text
    assert "<dt>uncorrelated with truth</dt>" not in text


def test_variants_of_a_model_stand_side_by_side():
    rows = [row("svc", 0.4), row("tuned(svc)", 0.3), row("ridge", 0.5)]
    html = str(variants_section(View(Results("x", rows, [], pd.DataFrame(), pd.DataFrame()))))
    assert html.index("as it is") < html.index(">tuned<")
    assert "tier" not in html, "a table need not have any"
    assert "<b>0.300</b>" in html
    assert "ridge" not in html
    assert (
        variants_section(View(Results("x", rows[:1], [], pd.DataFrame(), pd.DataFrame()))) is None
    )


def test_findings_are_sentences_with_links_to_their_rows():
    html = str(findings_section(View(ranked(4))))
    assert html.count("<li>") >= 1
    assert "None of the other 2 is significantly worse than m0" in html
    assert '<a href="#r-c0">m0</a>' in html
    nothing = Results("x", [], [], pd.DataFrame(), pd.DataFrame())
    assert findings_section(View(nothing)) is None


def test_who_leads_is_in_sight_and_all_else_unfolds():
    content = ranked(12)
    for row in content.rows[1:]:
        row |= {"corrected_p_holm": 0.5, "detectable_difference": 0.1, "n_folds": 1}
    content.rows[0]["n_folds"] = 1
    html = str(findings_section(View(content)))
    shown, folded = html.split('<details class="findings">')
    assert "There is one fold" in shown
    assert "which ranks first" in shown
    assert "1 more finding<" in folded
    assert "Not significant does not mean equal" in folded
    assert "4 more rows" in folded, "ten rows, six links in sight"
    assert folded.count('<a href="#r-c') == 10


def test_a_link_names_what_tells_its_row_from_the_whole_table():
    content = ranked(4)
    content.rows[1] |= {"separator": "hpss", "model": "m0"}
    html = str(findings_section(View(content)))
    assert '<a href="#r-c0">mixed x m0</a>' in html


def test_a_reader_may_choose_what_rows_are_ranked_by():
    ways = {"rank_by_zero_one": 1, "rank_by_macro_f1": 1}
    text = page_of(row("a", 0.1, task="quadrant", **ways), row("b", 0.5, task="quadrant", **ways))
    assert "<option>KL</option><option>accuracy</option><option>macro F1</option>" in text
    assert 'data-way="macro F1"' in text
    assert 'name="way"' not in page_of(row("a", 0.1))
