"""A run's report: what stands in it, and how it works in a browser."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from merbench.errors import MerbenchError
from merbench.leaderboard import run_results
from merbench.leaderboard.music_shift import shift_of
from merbench.leaderboard.results import Results
from merbench.pages import report, sections, stem_levels
from merbench.pages.system import ClipExcerpts


@pytest.fixture(scope="module")
def folder(run: run_results.RunResults, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("written")
    assert report.write_report(run, folder) == [folder / "index.html"]
    return folder


@pytest.fixture(scope="module")
def text(folder: Path) -> str:
    return (folder / "index.html").read_text()


class Outline(HTMLParser):
    """Tags of a page: that they are closed, their ids, and what they refer to."""

    VOID = frozenset({"meta", "link", "input", "br"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.ids: list[str] = []
        self.sources: list[str] = []
        self.links: list[str] = []
        self.feed(text)
        assert self.stack == []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        attributes = dict(attrs)
        if tag not in self.VOID:
            self.stack.append(tag)
        self.ids += [attributes["id"]] if "id" in attributes else []
        self.sources += [attributes["src"]] if "src" in attributes else []
        if tag in ("a", "link"):
            self.links.append(attributes["href"])

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.stack.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag


# --- what stands in it ---------------------------------------------------------------------------


def test_it_is_one_sound_page_that_loads_nothing(text: str):
    outline = Outline(text)
    assert len(outline.ids) == len(set(outline.ids))
    assert outline.sources == []
    inner = [link.removeprefix("#") for link in outline.links if link.startswith("#")]
    assert set(inner) <= set(outline.ids)
    assert [link for link in outline.links if not link.startswith("#")] == ["data:,"]
    assert "http://" not in text
    assert "https://" not in text
    assert len(text.encode()) < report.PAGE_BYTES


def test_it_is_the_same_bytes_for_the_same_run(
    run: run_results.RunResults, folder: Path, tmp_path: Path
):
    report.write_report(run, tmp_path)
    assert (tmp_path / "index.html").read_bytes() == (folder / "index.html").read_bytes()


def test_a_failed_row_stands_last_with_its_reason(text: str):
    rows = re.findall(r"<tr data-role=.*?</tr>", text, flags=re.DOTALL)
    assert len(rows) == 5
    assert "it &lt;cannot&gt; be done" in rows[-1]
    assert 'class="tag failed">failed<' in rows[-1]
    assert all("cannot" not in row for row in rows[:3])


def test_numbers_are_those_of_the_leaderboard(run: run_results.RunResults, text: str):
    for row in Results.of_run(run).rows:
        if row["status"] == "ok":
            assert f">{row['kl_mean']:.3f}</td>" in text


def test_each_system_has_its_figures(run: run_results.RunResults, text: str):
    content = Results.of_run(run)
    for row in content.rows:
        if row["status"] != "ok":
            continue
        part = text.split(f'id="s-{row["cell"]}"')[1].split("</details>")[0]
        titles = re.findall(r"<title id=[^>]*>([^<]*)", part)
        learned = row["model"] == "linear"
        assert len(titles) == (6 if learned else 4)
        assert titles[0].startswith("Histogram of KL in thirty bins")
        assert any("valence-arousal plane" in title for title in titles)
        for quantity in ("Loss", "Accuracy"):
            assert (f"{quantity} in training: 3 folds, 2 epochs" in titles) == learned
        if learned:
            loss, accuracy = re.findall(r"<figcaption>(Loss.*?|Accuracy.*?)</figcaption>", part)
            assert re.sub("<[^>]*>", " ", loss).split() == ["Loss", "by", "epoch", "train"]
            assert re.findall(r'class="key k(.)">([a-z]*)<', accuracy) == [
                ("1", "train"), ("2", "validation"),
            ]  # fmt: skip
        predictions = content.predictions_of(row)
        mean = predictions.groupby("clip")["kl"].mean()
        listed = re.findall(r'<th scope="row">(c\d+)</th>', part)
        assert listed[0] == mean.idxmin()
        assert listed[-1] == mean.idxmax()
        assert len(listed) == min(6, len(mean))


def test_sections_stand_in_their_order(text: str):
    found = re.findall(r'<section id="([a-z]+)"', text)
    assert found == [name for name, *_ in sections.SECTIONS if name in found]
    assert {"leaderboard", "differences", "separators", "separation", "systems", "about"} <= set(
        found
    )


def test_systems_move_to_pages_of_their_own_where_the_page_would_grow_too_large(
    run: run_results.RunResults, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(report, "PAGE_BYTES", 100_000)
    written = report.write_report(run, tmp_path)
    assert len(written) == 4
    main = written[0].read_text()
    assert len(main.encode()) < 200_000
    for page in written[1:]:
        assert f'href="{page.name}"' in main
        assert "<svg" in page.read_text()
        Outline(page.read_text())
    monkeypatch.undo()
    assert report.write_report(run, tmp_path) == [tmp_path / "index.html"]
    assert [path.name for path in tmp_path.iterdir()] == ["index.html"]


def test_a_folder_that_cannot_be_written_is_named(run: run_results.RunResults, tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(MerbenchError, match=r"file.* cannot be written"):
        report.write_report(run, tmp_path / "file")


# --- tables for a paper ---------------------------------------------------------------------------


def test_tables_are_files_of_three_kinds(run: run_results.RunResults, tmp_path: Path):
    content = Results.of_run(run)
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "gone.csv").write_text("of an earlier export")
    names = {str(p.relative_to(tmp_path)) for p in report.write_tables(content, tmp_path)}
    assert {"tables.md", "tables.tex", "tables/separators-1-noise.csv"} <= names
    assert not (tmp_path / "tables" / "gone.csv").exists()
    (alone,) = report.write_tables(content, tmp_path / "alone", ["latex"])
    assert alone.read_bytes() == (tmp_path / "tables.tex").read_bytes()


def test_an_unknown_shift_gives_its_reason(text: str):
    reason = "the music it was trained on is not described"
    entry = {"dataset": "d", "separator": "s", "reason": reason}
    (said,) = stem_levels.shift_in_words(shift_of(entry))
    assert "not known: the music it was trained on is not described." in said
    assert "the music it was trained on is not described" in text


# --- in a browser --------------------------------------------------------------------------------


def models(browser: Any) -> list[str]:
    return [name.split("\n")[0].split(" ")[0] for name in browser.texts("section.board tbody th")]


def test_it_loads_quietly_and_asks_for_nothing(browser: Any, folder: Path):
    browser.open(folder / "index.html")
    assert browser.run("return document.documentElement.dataset.ready") == ""
    assert browser.messages() == []
    assert browser.requests() == []


def test_it_sorts_by_a_column_and_back_with_missing_values_last(browser: Any, folder: Path):
    browser.open(folder / "index.html")
    index, button = browser.run(
        "const b = [...document.querySelectorAll('section.board th button')]"
        ".find(b => b.innerText.startsWith('KL mean'));"
        "return [b.closest('th').cellIndex, b]"
    )
    cells = f"section.board tbody tr > :nth-child({index + 1})"
    button.click()
    descending = browser.texts(cells)
    assert browser.run("return arguments[0].closest('th').ariaSort", button) == "descending"
    button.click()
    ascending = browser.texts(cells)
    assert browser.run("return arguments[0].closest('th').ariaSort", button) == "ascending"
    numbers = [float(text) for text in ascending if text != "–"]
    assert numbers == sorted(numbers)
    assert [float(t) for t in descending if t != "–"] == numbers[::-1]
    assert ascending[len(numbers) :] == descending[len(numbers) :] == ["–", "–"]
    assert len(browser.run("return document.querySelectorAll('[aria-sort]')")) == 1


def test_it_filters_by_text(browser: Any, folder: Path):
    browser.open(folder / "index.html")
    assert browser.texts(".filters output") == ["5 of 5 rows"]
    field = browser.run("return document.querySelector('input[name=text]')")
    field.send_keys("halves linear")
    assert models(browser) == ["linear"]
    assert browser.texts(".filters output") == ["1 of 5 rows"]
    field.send_keys("xyz")
    assert models(browser) == []
    browser.run("document.querySelector('form.filters button').click()")
    browser.wait("return document.querySelector('output').innerText === '5 of 5 rows'")
    assert len(models(browser)) == 5


def test_a_link_to_a_row_that_is_filtered_out_takes_the_filters_back(browser: Any, folder: Path):
    browser.open(folder / "index.html")
    browser.run("return document.querySelector('input[name=text]')").send_keys("xyz")
    assert models(browser) == []
    browser.run("document.querySelector('ul.findings a').click()")
    assert browser.texts(".filters output") == ["5 of 5 rows"]
    there = "const r = document.getElementById(location.hash.slice(1)).getBoundingClientRect();"
    browser.wait(there + "return r.height > 0 && r.top >= 0 && r.bottom <= innerHeight")


def test_a_reader_chooses_what_rows_are_ranked_by(browser: Any, folder: Path):
    browser.open(folder / "index.html", width=400)
    choose = (
        "const s = document.querySelector('select[name=way]'); s.value = arguments[0];"
        "s.dispatchEvent(new Event('input', { bubbles: true }))"
    )
    first = models(browser)
    browser.run(choose, "squared error")
    heads = [text.strip(" ↕↑↓\n") for text in browser.texts("section.board thead th")]
    assert heads == ["Rank", "Model", "KL mean", "By sq. error"], "on a phone too"
    places = browser.texts("section.board tbody td.chosen")
    assert [place.split(",")[0] for place in places[:2]] == ["1", "2"]
    assert browser.run("return document.querySelectorAll('table.resorted').length") == 1
    browser.run(choose, "KL")
    assert models(browser) == first
    assert browser.run("return document.querySelectorAll('table.resorted').length") == 0


def test_a_link_in_the_table_opens_the_system(browser: Any, folder: Path):
    browser.open(folder / "index.html")
    assert not browser.run("return document.querySelector('details.system').open")
    browser.run("document.querySelector('section.board tbody a').click()")
    browser.wait("return document.querySelectorAll('details[open]').length === 1")
    opened = browser.run("return document.querySelector('details[open]').id")
    assert browser.run("return location.hash") == f"#{opened}"


def test_the_keyboard_is_enough(browser: Any, folder: Path):
    from selenium.webdriver.common.keys import Keys

    browser.open(folder / "index.html")
    browser.press(Keys.TAB)
    assert browser.run("return document.activeElement.className") == "skip"
    browser.press(Keys.ENTER)
    assert browser.run("return location.hash") == "#content"
    reached = set()
    for _ in range(60):
        browser.press(Keys.TAB)
        reached.add(
            browser.run(
                "const e = document.activeElement; const s = getComputedStyle(e);"
                "return (e.closest('th') ? 'head' : e.closest('summary') ? 'summary' : e.localName)"
                " + (s.outlineStyle === 'none' ? ' unseen' : '')"
            )
        )
        if browser.run("return document.activeElement.closest('details.system') !== null"):
            break
    assert {"input", "head", "summary"} <= reached
    assert not [name for name in reached if name.endswith(" unseen")]
    browser.press(Keys.ENTER)
    assert browser.run("return document.activeElement.closest('details').open")
    browser.run("document.querySelector('section.board th button').focus()")
    browser.press(Keys.SPACE)
    assert browser.run("return document.activeElement.closest('th').ariaSort")


@pytest.mark.parametrize("dark", [False, True])
def test_it_follows_the_systems_theme_and_can_be_told_otherwise(
    browser: Any, folder: Path, dark: bool
):
    paper = "return getComputedStyle(document.body).backgroundColor"
    browser.open(folder / "index.html", dark=dark)
    browser.run("localStorage.clear()")
    browser.open(folder / "index.html", dark=dark)
    before = browser.run(paper)
    assert (max(map(int, re.findall(r"\d+", before)[:3])) < 100) == dark
    button = browser.run("return document.getElementById('theme')")
    assert button.text == ("Light theme" if dark else "Dark theme"), "it names what it will do"
    button.click()
    assert button.text == ("Dark theme" if dark else "Light theme")
    after = browser.run(paper)
    assert (max(map(int, re.findall(r"\d+", after)[:3])) < 100) != dark
    browser.driver.refresh()
    assert browser.run(paper) == after, "the choice is forgotten"
    browser.run("localStorage.clear()")


def test_a_phone_shows_rank_system_and_score_and_all_else_when_asked(browser: Any, folder: Path):
    browser.open(folder / "index.html", width=400)
    heads = [text.split("\n")[0].strip(" ↕↑↓") for text in browser.texts("section.board thead th")]
    assert heads == ["Rank", "Model", "KL mean"]
    fits = "const b = document.querySelector('section.board .scroll');"
    assert browser.run(fits + "return b.scrollWidth <= b.clientWidth")
    assert "levels" in browser.texts("section.board tbody th")[0], "its features stand below"
    browser.run("document.querySelector('.all-columns').click()")
    assert len(browser.texts("section.board thead th")) > 5


def test_what_columns_mean_is_told_by_touch_and_keyboard(browser: Any, folder: Path):
    from selenium.webdriver.common.keys import Keys

    browser.open(folder / "index.html", width=400)
    browser.run("document.querySelector('.legend summary').focus()")
    browser.press(Keys.ENTER)
    told = browser.texts(".legend dt")
    assert {"Rank", "KL mean", "Δ best"} <= set(told)
    assert len(browser.texts(".legend dd")) == len(told)


@pytest.mark.parametrize("width", [390, 1280])
def test_it_never_overflows_the_screen(browser: Any, folder: Path, width: int):
    browser.open(folder / "index.html", width=width)
    browser.run("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    assert browser.run("return document.documentElement.scrollWidth") <= width
    assert browser.run("return innerWidth") == width


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing(browser: Any, folder: Path, axe: str, width: int, dark: bool):
    browser.open(folder / "index.html", width=width, dark=dark)
    browser.run("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    assert browser.violations(axe) == []


def test_printing_opens_everything_and_closes_it_again(browser: Any, folder: Path):
    browser.open(folder / "index.html")
    count = "return document.querySelectorAll('details[open]').length"
    browser.run("dispatchEvent(new Event('beforeprint'))")
    assert browser.run(count) == browser.run("return document.querySelectorAll('details').length")
    browser.run("dispatchEvent(new Event('afterprint'))")
    assert browser.run(count) == 0


def test_clips_can_be_heard_stem_by_stem(
    browser: Any, run: run_results.RunResults, tmp_path: Path, axe: str
):
    import soundfile

    tone = 0.2 * np.sin(np.arange(16_000) * 0.1)
    (tmp_path / "audio").mkdir()
    for name in ("mix", "bass"):
        soundfile.write(tmp_path / f"audio/{name}.mp3", tone, 16_000, format="MP3")
    (tmp_path / "audio/stale.mp3").write_bytes(b"of an earlier report")
    sources = (("mix", "audio/mix.mp3"), ("bass", "audio/bass.mp3"))
    report.write_report(run, tmp_path, lambda row, clip: ClipExcerpts(sources, "no vocals"))
    assert {path.name for path in (tmp_path / "audio").iterdir()} == {"mix.mp3", "bass.mp3"}
    browser.open(tmp_path / "index.html")
    assert browser.requests() == [], "music is loaded only when asked for"
    browser.run("document.querySelector('details.system').open = true")
    assert "no vocals" in browser.texts("td span.quiet")
    first = "document.querySelector('.player audio')"
    browser.run(f"{first}.play()")
    browser.wait(f"return {first}.readyState >= 2 && {first}.currentTime > 0.05")
    assert browser.run(f"return {first}.duration") == pytest.approx(1.0, abs=0.15)
    browser.run("document.querySelectorAll('.player button')[1].click()")
    browser.wait(f"return {first}.currentSrc.endsWith('bass.mp3') && {first}.readyState >= 2")
    pressed = browser.run(
        "return [...document.querySelector('.player').querySelectorAll('button')]"
        ".map(b => b.ariaPressed)"
    )
    assert pressed == ["false", "true"]
    assert browser.messages() == []
    assert browser.violations(axe) == []
