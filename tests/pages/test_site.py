"""A leaderboard's site, from its files to a browser."""

from __future__ import annotations

import dataclasses
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from merbench.errors import MerbenchError
from merbench.leaderboard import files
from merbench.leaderboard.results import Results
from merbench.pages import leaderboard_table, report, sections, site
from tinybench import TinyBench

REPORTED = (
    'dataset,system,kl_mean,status,source\nnoise,"a network",0.948,reported,"A paper, Table 1"\n'
)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TinyBench]:
    with pytest.MonkeyPatch.context() as patch:
        made = TinyBench.make(tmp_path_factory.mktemp("site") / "bench", clips=16)
        patch.setenv("MERBENCH_HOME", str(made.home))
        patch.setenv("TINY_TRACE", str(made.trace))
        yield made


@pytest.fixture(scope="module")
def board(bench: TinyBench, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A leaderboard of two runs, whose splits differ, and of a paper's row."""
    folder = tmp_path_factory.mktemp("board")
    finished = [
        bench.run(),
        bench.run(protocol={"monte-carlo": {"folds": 2, "test_fraction": 0.25}}),
    ]
    files.write(files.compose(finished), folder)
    (folder / "reported.csv").write_text(REPORTED)
    site.write(folder)
    return folder


def page_of(board: Path) -> str:
    return (board / "index.html").read_text()


def test_it_has_a_table_for_each_set_of_rows_that_may_be_compared(board: Path):
    text = page_of(board)
    leaderboard = pd.read_csv(board / "leaderboard.csv")
    assert leaderboard["table"].nunique() == 2
    assert text.count('<section class="board"') == 2
    assert text.count("<tr data-role=") == len(leaderboard) == 6
    assert "6 rows in 2 tables from 2 runs" in text
    for value in leaderboard["kl_mean"]:
        assert f">{value:.3f}</td>" in text


def test_reported_rows_stand_apart(board: Path):
    before, after = page_of(board).split('<section id="reported"')
    assert "a network" not in before
    reported = after.split("</section>")[0]
    assert "a network" in reported
    assert "A paper, Table 1" in reported
    assert "never ranked" in reported


def test_each_system_has_a_page_that_is_linked(board: Path):
    leaderboard = pd.read_csv(board / "leaderboard.csv", dtype=str)
    pages = {path.name for path in (board / "systems").iterdir()}
    expected = {f"{row.cell}-{row.run[:8]}.html" for row in leaderboard.itertuples()}
    assert pages == expected
    links = re.findall(r'href="systems/([^"]+)"', page_of(board))
    assert set(links) == pages
    for name in pages:
        text = (board / "systems" / name).read_text()
        assert 'href="../index.html"' in text
        assert "Histogram of KL in thirty bins" in text


def test_the_same_files_give_the_same_pages(board: Path, tmp_path: Path):
    shutil.copytree(board, tmp_path / "again")
    for page in (tmp_path / "again").rglob("*.html"):
        page.unlink()
    written = site.write(tmp_path / "again")
    assert {p.relative_to(tmp_path / "again") for p in written} == {
        p.relative_to(board) for p in board.rglob("*.html")
    }
    for page in written:
        other = board / page.relative_to(tmp_path / "again")
        assert page.read_bytes() == other.read_bytes()


def test_pages_of_systems_that_are_gone_go(board: Path, tmp_path: Path):
    shutil.copytree(board, tmp_path / "less")
    (tmp_path / "less" / "systems" / "gone.html").write_text("of an earlier leaderboard")
    site.write(tmp_path / "less")
    assert not (tmp_path / "less" / "systems" / "gone.html").exists()


def test_labels_that_may_not_be_shown_are_not_needed(board: Path, tmp_path: Path):
    shutil.copytree(board, tmp_path / "private")
    path = tmp_path / "private" / "predictions.parquet"
    table = pd.read_parquet(path)
    table.drop(columns=[c for c in table if c.startswith("truth_")]).to_parquet(path)
    site.write(tmp_path / "private")
    text = next((tmp_path / "private" / "systems").iterdir()).read_text()
    assert "Histogram of KL" in text
    assert "valence-arousal plane" not in text
    assert "Best and worst clips" in text


def test_large_leaderboards_get_a_page_for_each_table(
    board: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    shutil.copytree(board, tmp_path / "large")
    monkeypatch.setattr(site, "PAGE_BYTES", 30_000)
    site.write(tmp_path / "large")
    index = page_of(tmp_path / "large")
    tables = sorted(path.name for path in (tmp_path / "large" / "tables").iterdir())
    assert sorted(re.findall(r'href="tables/([^"]+)"', index)) == tables
    assert len(tables) == 2
    assert '<section class="board"' not in index
    text = (tmp_path / "large" / "tables" / tables[0]).read_text()
    assert text.count('<section class="board"') == 1
    assert 'href="../systems/' in text
    assert 'href="../index.html"' in text


@pytest.mark.parametrize(
    "name", ["leaderboard.csv", "folds.csv", "comparisons.csv", "separators.csv"]
)
def test_a_missing_file_is_named(board: Path, tmp_path: Path, name: str):
    shutil.copytree(board, tmp_path / "broken")
    (tmp_path / "broken" / name).unlink()
    with pytest.raises(MerbenchError, match=f"{name} is missing"):
        site.write(tmp_path / "broken")


def test_a_damaged_file_is_named(board: Path, tmp_path: Path):
    shutil.copytree(board, tmp_path / "broken")
    (tmp_path / "broken" / "predictions.parquet").write_bytes(b"PAR1 nothing")
    with pytest.raises(MerbenchError, match=r"predictions.parquet cannot be read"):
        site.write(tmp_path / "broken")


def test_a_published_leaderboard_has_its_site(published: Path):
    names = {path.name for path in published.iterdir()}
    assert {"index.html", "systems"} <= names
    assert "Paper 1" in page_of(published)


# --- a table's rows ------------------------------------------------------------------------------


def row(**changes: Any) -> dict[str, Any]:
    return {
        "dataset": "d", "task": "va", "augmentation": "none", "separator": "s", "features": "f",
        "model": "m", "parameters": None, "role": "system", "status": "ok", "table": "t",
        "cell": "c", "run": None, "split_hash": "split", "n_clips": 8, "n_folds": 2,
        "kl_mean": 0.5, "kl_mean_low": 0.4, "kl_mean_high": 0.75, "tier": 1, "rank": 1,
        "rank_low": 1, "rank_high": 3, "synthetic": False,
    } | changes  # fmt: skip


def texts(table: leaderboard_table.Table, line: int) -> dict[str, str]:
    return {cell.column.key: cell.text for cell in table.lines[line].cells}


def test_a_row_says_its_rank_interval_marks_and_failure():
    table = leaderboard_table.table(
        "t",
        [
            row(),
            row(mark="worse than a constant; uncorrelated with truth", rank=2, rank_low=2,
                rank_high=2, corrected_p_holm=0.2, clip_p_holm=0.00001),
            row(status="failed", kl_mean=None, kl_mean_low=None, kl_mean_high=None, tier=None,
                rank=None, error="it raised"),
        ],
    )  # fmt: skip
    first, second, third = (texts(table, i) for i in range(3))
    assert (first["tier"], first["rank"], first["interval"]) == ("1", "1 (1–3)", "0.400 to 0.750")
    assert (second["rank"], second["corrected_p_holm"]) == ("2", "0.200")
    assert (third["rank"], third["kl_mean"], third["interval"]) == ("–", "–", "–")
    assert table.lines[1].tags == (
        ("mark", "worse than a constant"), ("mark", "uncorrelated with truth"),
    )  # fmt: skip
    assert table.lines[2].tags == (("failed", "failed"),)
    scale = 1.25 * 0.75
    assert table.lines[0].low == pytest.approx(0.4 / scale, abs=1e-4)
    assert table.lines[0].high == pytest.approx(0.75 / scale, abs=1e-4)
    assert table.lines[2].middle is None


def test_columns_without_content_are_left_out():
    table = leaderboard_table.table("t", [row(augmentation="none")])
    keys = {column.key for column in table.columns}
    assert "augmentation" not in keys
    assert "kl_difference_to_people" not in keys
    assert {"separator", "features", "model", "kl_mean"} <= keys


def test_a_baseline_far_off_does_not_set_the_scale():
    table = leaderboard_table.table(
        "t", [row(), row(role="baseline", kl_mean=40.0, kl_mean_high=60.0)]
    )
    assert table.scale == pytest.approx(1.25 * 0.75)
    assert table.lines[1].beyond


def test_a_few_systems_far_off_do_not_set_the_scale():
    good = [row(kl_mean=0.4 + i / 100, kl_mean_high=0.5 + i / 100) for i in range(6)]
    table = leaderboard_table.table(
        "t", [*good, row(kl_mean=1.4, kl_mean_high=1.7), row(kl_mean=3.0)]
    )
    assert table.scale == pytest.approx(1.25 * 0.55)
    assert [line.beyond for line in table.lines] == [False] * 6 + [True] * 2
    table = leaderboard_table.table("t", [*good, row(kl_mean=0.8, kl_mean_high=0.9)])
    assert table.scale == pytest.approx(1.25 * 0.9)


def test_a_quadrant_table_shows_its_own_metrics():
    table = leaderboard_table.table("t", [row(task="quadrant", accuracy=0.61, macro_f1=0.5)])
    shown = texts(table, 0)
    assert (shown["accuracy"], shown["macro_f1"]) == ("0.610", "0.500")


@pytest.mark.parametrize(
    ("value", "text"), [(-0.0004, "0.000"), (-1.5, "−1.500"), (None, "–"), (float("nan"), "–")]
)
def test_numbers_have_true_minus_signs_and_no_minus_zero(value: float | None, text: str):
    assert leaderboard_table.number(value) == text


def test_a_line_ends_each_tier_whatever_stands_between():
    assert sections._tier_ends([None, 1, 1, None, 2, 2, None]) == [
        False, False, True, False, False, True, False,
    ]  # fmt: skip
    assert sections._tier_ends([None]) == [False]


def test_several_datasets_have_a_critical_difference_diagram():
    across = [
        {"system": name, "mean_rank": rank, "n_datasets": 6, "friedman_p": 0.01, "cliques": clique}
        for name, rank, clique in (("a", 1.2, "1"), ("b", 1.9, "1; 2"), ("c", 2.9, "2"))
    ]
    empty = pd.DataFrame({"cell": []})
    content = Results("x", [], [], empty, empty, across=across)
    html = sections.datasets(sections.View(content))
    assert "6 datasets, p 0.010" in html
    assert "Not to be told apart: a, b; b, c." in html


# --- in a browser --------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [390, 1280])
def test_it_works_in_a_browser(browser: Any, board: Path, axe: str, width: int):
    browser.open(board / "index.html", width=width)
    assert browser.run("return document.documentElement.dataset.ready") == ""
    assert browser.requests() == []
    assert browser.texts(".filters output") == ["6 of 6 rows"]
    assert browser.run("return document.documentElement.scrollWidth") <= width
    assert browser.violations(axe) == []
    browser.run("document.querySelector('section.board tbody a').click()")
    browser.wait("return location.pathname.includes('/systems/')")
    assert browser.run("return document.querySelectorAll('svg').length") >= 3
    assert browser.violations(axe) == []
    assert browser.messages() == []


def test_rows_of_one_dataset_can_be_chosen(browser: Any, bench: TinyBench, tmp_path: Path):
    finished = bench.run("model=linear")
    own = finished.leaderboard
    rows = pd.concat([own, own.assign(dataset="b", table="b")])
    report.write(dataclasses.replace(finished, leaderboard=rows), tmp_path)
    browser.open(tmp_path / "index.html")
    assert browser.texts(".filters output") == ["4 of 4 rows"]
    assert len(browser.texts("section.board h3")) == 2
    browser.run(
        "const s = document.querySelector('select[name=dataset_name]'); s.value = 'b';"
        "s.dispatchEvent(new Event('input', { bubbles: true }))"
    )
    assert browser.texts("section.board h3") == ["b version 1"]
    assert browser.texts(".filters output") == ["2 of 4 rows"]
