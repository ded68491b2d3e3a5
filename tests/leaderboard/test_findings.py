"""What a table comes to, in sentences that follow from its numbers."""

from __future__ import annotations

from typing import Any

import pandas as pd
from board_cells import board, noisy

from boards import comparison
from merbench.leaderboard.columns import Comparison, leaderboard_rows, typed_rows
from merbench.leaderboard.findings import TableFinding, findings, findings_of, findings_table


def row(cell: str, rank: int, **changes: Any) -> dict[str, Any]:
    return {
        "table": "t", "dataset": "d", "cell": cell, "run": None, "rank": rank, "tier": 1,
        "role": "system", "mark": None, "model": cell, "features": "f", "separator": "mixed",
        "augmentation": "none", "parameters": None, "kl_mean": rank / 10, "n_groups": 20,
        "n_folds": 5, "status": "ok", "corrected_p_holm": None, "groups_needed": None,
        "detectable_difference": None, "baseline_p_holm": None,
        "kl_difference_to_baseline": None,
    } | changes  # fmt: skip


def pair(a: str, b: str, **changes: Any) -> Comparison:
    known = {
        "table": "t", "across": "separator", "cell_a": a, "cell_b": b, "run_a": "r",
        "run_b": "r", "kl_difference": -0.1, "kl_low": -0.2, "kl_high": 0.0, "significant": False,
    }  # fmt: skip
    return comparison(**known | changes)


def by_kind(rows: list[dict[str, Any]], *pairs: Comparison) -> dict[str, TableFinding]:
    return {finding.kind: finding for finding in findings_of(rows, pairs)}


def test_who_leads_and_who_is_worse():
    found = by_kind([row("a", 1), row("b", 2), row("c", 3, tier=2), row("e", 4, tier=2)])
    assert found["leads"].text == (
        "a and b lead: none of them is significantly worse than the first (mean KL 0.100 nats, "
        "less is better), and c, the best of the other 2, is."
    )
    assert found["leads"].cells == "a b"
    alone = by_kind([row("a", 1), row("b", 2, tier=2)])["leads"]
    assert "a leads" in alone.text
    assert "b is significantly worse." in alone.text
    only = by_kind([row("a", 1), row("m", 2, mark="worse than a constant", tier=None)])["leads"]
    assert "the only system that competes" in only.text
    assert only.text.startswith("1 of 2 systems is marked as doubtful, and 1 competes. ")


def test_a_table_that_cannot_separate_says_what_it_would_take():
    rows = [
        row("a", 1, tier=None),
        row("b", 2, tier=None, groups_needed=1500.0),
        row("c", 3, tier=None, groups_needed=60.0),
    ]
    found = by_kind(rows)["leads"]
    assert found.text.startswith("None of the other 2 is significantly worse than a, which ranks")
    assert "apart" not in found.text, "two others may differ: all are held against the first alone"
    assert "about 60 groups of clips instead of 20" in found.text
    assert found.cells == "a c"


def test_separating_helps_harms_or_does_nothing_and_by_how_much_at_most():
    rows = [row("m1", 1), row("s1", 2, separator="s"), row("m2", 3), row("s2", 4, separator="s")]
    nothing = by_kind(rows, pair("s1", "m1"), pair("m2", "s2", kl_low=-0.3, kl_high=0.05))
    assert nothing["separation"].text == (
        "Separating with s made no significant difference in 2 comparisons with unseparated clips; "
        "as far as these data go, it lowers KL by no more than 0.200 nats (95 % intervals)."
    )
    assert nothing["separation"].cells == "s1 s2"
    helped = pair("s1", "m1", significant=True)
    harmed = pair("m2", "s2", kl_difference=-0.1, kl_low=-0.3, kl_high=-0.05, significant=True)
    text = by_kind(rows, helped, harmed)["separation"].text
    assert "helped in 1 and harmed in 1 of 2 comparisons" in text
    assert "harmed in 1 of 1 comparison with" in by_kind(rows, harmed)["separation"].text
    assert "it does not lower KL" in by_kind(rows, harmed)["separation"].text
    assert "helped in 1 of 1" in by_kind(rows, helped)["separation"].text
    assert "separation" not in by_kind(rows, pair("s1", "s2"), pair("s1", "m1", across="model"))


def test_what_broken_systems_do_with_stems_says_nothing_of_separating():
    rows = [row("m1", 1), row("s1", 2, separator="s", mark="worse than a constant")]
    assert "separation" not in by_kind(rows, pair("s1", "m1", significant=True))


def test_who_is_not_shown_to_be_better_than_what_hears_nothing():
    blind = row("constant", 3, role="baseline", features="none", separator="none", tier=None)
    hears = {"baseline_p_holm": 0.001, "kl_difference_to_baseline": -0.2}
    deaf = {"baseline_p_holm": 0.4, "kl_difference_to_baseline": -0.1}
    worse = {"baseline_p_holm": 0.001, "kl_difference_to_baseline": 0.3}
    rows = [row("a", 1, **hears), row("b", 2, **deaf), blind, row("c", 4, **worse)]
    found = by_kind(rows)["baseline"]
    assert found.text == (
        "2 of the 3 systems that compete do not have a significantly lower KL than constant, which "
        "never hears the music: b and c."
    )
    assert found.cells == "b c"
    good = [row("a", 1, **hears), row("b", 2, **hears), blind]
    assert by_kind(good)["baseline"].text.startswith("All 2 that compete have a significantly")
    assert "hearing" not in by_kind(good)
    none = by_kind([row("a", 1, **deaf), row("b", 2, **worse), blind])["baseline"]
    assert none.text.startswith("None of the 2 systems that compete has a significantly lower KL")


def test_who_hears_nothing_is_another_sentence_than_who_is_too_sure():
    both = "uncorrelated with truth; worse than a constant"
    rows = [
        row("a", 1, baseline_p_holm=0.001, kl_difference_to_baseline=-0.2),
        row("constant", 2, role="baseline", features="none", separator="none", tier=None),
        row("deaf", 3, mark=both, baseline_p_holm=0.9, kl_difference_to_baseline=0.1),
        row("sure", 4, mark="worse than a constant", baseline_p_holm=0.9,
            kl_difference_to_baseline=0.2),
    ]  # fmt: skip
    found = by_kind(rows)
    assert found["leads"].text.startswith("2 of 3 systems are marked as doubtful, and 1 competes.")
    assert found["hearing"].text == (
        "The predictions of 1 of 3 systems do not follow the labels, and nothing shows that it "
        "hears the music: deaf."
    )
    assert found["constant"].text.startswith("1 of 3 systems follows the labels and is still worse")
    assert (found["hearing"].cells, found["constant"].cells) == ("deaf", "sure")
    assert "only system that competes has a significantly lower KL" in found["baseline"].text


def test_what_these_data_could_not_have_shown():
    told = {"corrected_p_holm": 0.01, "detectable_difference": 0.5}
    left = [
        row(cell, 2 + i, corrected_p_holm=0.6, detectable_difference=size)
        for i, (cell, size) in enumerate({"b": 0.03, "c": 0.08}.items())
    ]
    found = by_kind([row("a", 1), *left, row("e", 4, **told)])["detectable"]
    assert (
        "2 of the other 3 systems are not significantly worse than the first, and a true "
        "difference below 0.030 to 0.080 nats"
    ) in found.text
    lower = [row("a", 1), row("e", 2, tier=2, **told), left[1] | {"rank": 3, "tier": 2}]
    assert "(1 of them in a lower tier, for one above is)" in by_kind(lower)["detectable"].text
    assert found.cells == "b c"
    assert "equal: a true difference from the first below" in (
        by_kind([row("a", 1), *left])["detectable"].text
    )
    assert "detectable" not in by_kind([row("a", 1), row("e", 2, **told)])


def test_people_and_a_single_fold_are_said():
    people = row("panel", 1, role="people", kl_mean=0.05) | {"rank": None}
    found = by_kind([people, row("a", 1, n_folds=1)])
    assert found["people"].text.endswith("comes to a KL of 0.050 nats, the best system to 0.100.")
    assert "these fitted models" in found["given"].text
    assert next(iter(found)) == "given", "what all depends on comes first"
    assert "given" not in by_kind([row("a", 1)])


def test_a_table_without_systems_has_nothing_to_say():
    assert findings([], []) == []
    assert findings_of([row("c", 1, role="baseline")], []) == []


def test_findings_of_a_board_name_rows_that_are_there():
    made = board(noisy("good", 0.05, 1), noisy("bad", 0.09, 2), spec={"compare": []})
    table = findings_table(
        leaderboard_rows(made.leaderboard), typed_rows(Comparison, made.comparisons)
    )
    assert isinstance(table, pd.DataFrame)
    assert "leads" in set(table["kind"])
    leads = TableFinding(**table[table["kind"] == "leads"].iloc[0])
    assert leads.keys == [("good", "run-1")]
