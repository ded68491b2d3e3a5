"""The paper's tables of separators, from a run."""

from __future__ import annotations

from merbench.leaderboard import run_results
from merbench.leaderboard.fold_tables import fold_tables
from merbench.leaderboard.results import Results
from merbench.pages import separator_tables
from merbench.pages.text_table import csv, latex, markdown


def test_the_papers_layout_in_every_format(run: run_results.RunResults):
    (table,) = fold_tables(Results.of_run(run))
    made = separator_tables.text_table("separators-1-d", table)
    shown = ("kl_mean_a", "kl_mean_b", "kl_median_upper_a", "kl_median_upper_b", "wilcoxon_p")
    numbers = [f"{getattr(table.folds[0], name):.3f}" for name in shown]
    text = markdown([made])
    assert "| Iteration | E plain | E halves | M plain | M halves | W |" in text
    assert f"| 1 | {' | '.join(numbers)} |" in text
    text = latex([made])
    assert f"1 & {' & '.join(numbers)} \\\\" in text
    assert r"$E_{\text{plain}}$ & $E_{\text{halves}}$" in text
    assert text.index(r"\midrule" + "\nmean & ") > text.index("\n3 & ")
    lines = csv(made).splitlines()
    assert lines[0] == (
        "iteration,kl_mean_plain,kl_mean_halves,kl_median_upper_plain,kl_median_upper_halves,"
        "wilcoxon_p"
    )
    assert lines[1] == f"1,{','.join(f'{getattr(table.folds[0], name):.10g}' for name in shown)}"
    assert len(lines) == 1 + 3 + 1
