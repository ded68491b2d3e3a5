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
from merbench.pages import report, site
from tinybench import TinyBench

REPORTED = (
    "system,dataset,metric,value,status,source,note\n"
    'a network,noise,kl_mean,0.948,reported,"A paper, Table 1",\n'
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
    files.write_board(files.compose_board(finished), folder)
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
    assert "How to submit" in text
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


def test_a_dataset_has_its_page(board: Path):
    (page,) = (board / "datasets").iterdir()
    assert 'href="datasets/noise.html"' in page_of(board)
    text = page.read_text()
    assert text.count('<section class="board"') == 2
    assert 'href="../systems/' in text
    assert "clips in 16 groups" in text


def test_a_system_says_what_it_is_and_where_it_can_be_had(board: Path, tmp_path: Path):
    shutil.copytree(board, tmp_path / "told")
    plugins = pd.read_csv(tmp_path / "told" / "plugins.csv", dtype=str, keep_default_na=False)
    linear = plugins["name"] == "linear"
    assert linear.sum() == 2
    plugins.loc[linear, ["distribution", "distribution_version"]] = ["their-plugins", "1.2"]
    plugins.loc[linear, "repository"] = "https://example.org/code"
    plugins.loc[linear, "paper"] = "https://doi.org/10.1/x"
    plugins.loc[~linear, "repository"] = "javascript:alert(1)"
    plugins.to_csv(tmp_path / "told" / "plugins.csv", index=False)
    leaderboard = pd.read_csv(board / "leaderboard.csv", dtype=str)
    cell = leaderboard.loc[leaderboard["model"] == "linear", "cell"].iloc[0]
    site.write(tmp_path / "told")
    (page, *_) = (tmp_path / "told" / "systems").glob(f"{cell}-*.html")
    text = page.read_text()
    assert '<a href="https://example.org/code" rel="noopener nofollow">' in text
    assert "their-plugins 1.2" in text
    assert 'href="https://doi.org/10.1/x" rel="noopener nofollow">doi:10.1/x</a>' in text
    assert "penalty=0.1" in text
    assert "Hardware" in text
    assert 'href="javascript' not in text


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
    report.write_report(dataclasses.replace(finished, leaderboard=rows), tmp_path)
    browser.open(tmp_path / "index.html")
    assert browser.texts(".filters output") == ["4 of 4 rows"]
    assert len(browser.texts("section.board h3")) == 2
    browser.run(
        "const s = document.querySelector('select[name=dataset]'); s.value = 'b';"
        "s.dispatchEvent(new Event('input', { bubbles: true }))"
    )
    assert browser.texts("section.board h3") == ["b version 1"]
    assert browser.texts(".filters output") == ["2 of 4 rows"]
