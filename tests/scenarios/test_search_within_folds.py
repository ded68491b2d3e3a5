"""Searches within a fold, through the whole framework: no artist on both sides of a split."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from merbench.benchmark.document import read_document
from merbench.benchmark.resolving import resolve
from merbench.benchmark.schema import parse, plugin_paths
from merbench.leaderboard import run_results
from merbench.pages import report
from merbench.planning.planner import make_plan
from merbench.plugins import discovery
from merbench.runs import execution, record
from merbench.steps.fitting import Fit
from tinybench import Here, TinyBench

SEARCHED = '''
from merbench import FeatureKind, Model, Task, hookimpl

class Searched(Model):
    """Ridge regression, its penalty searched for with artists apart."""
    name = "searched"
    inputs = FeatureKind.VECTOR
    tasks = frozenset({Task.VA})

    def estimator(self, *, task, seed, device):
        from sklearn.linear_model import Ridge
        from sklearn.model_selection import GridSearchCV, GroupKFold
        return GridSearchCV(Ridge(), {"alpha": [0.01, 1]}, cv=GroupKFold(2))

@hookimpl
def merbench_models():
    yield Searched
'''
SPY = '''
import json, os
from sklearn.linear_model import Ridge

class Spy(Ridge):
    """Notes the labels, which are unique, of what it is fitted to and of what it is asked."""
    def fit(self, X, y):
        self.fitted_to_ = y[:, 0].tolist()
        return super().fit(X, y)

    def asked(self, labels):
        with open(os.environ["SPY"], "a") as log:
            log.write(json.dumps([self.fitted_to_, labels]) + "\\n")

    def score(self, X, y):
        self.asked(y[:, 0].tolist())
        return super().score(X, y)
'''
ARTISTS = 4
REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def artists(bench: TinyBench) -> dict[float, str]:
    """Make a few artists of the tiny benchmark's clips; returned by label, which tells a clip."""
    table = bench.folder / "data" / "clips.csv"
    with table.open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    for i, row in enumerate(rows):
        row["group"] = f"artist {i % ARTISTS}"
    with table.open("w", newline="") as handle:
        writer = csv.DictWriter(handle, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    assert len({row["valence_mean"] for row in rows}) == len(rows)
    return {float(row["valence_mean"]): row["group"] for row in rows}


def run(bench: TinyBench, **changes) -> record.RunRecord:
    """Run with the plugins of the folder and those that come with merbench."""
    bench.write_spec(separators=["plain"], **changes)
    document = read_document(bench.spec)
    known = discovery.load_plugins(plugin_paths(document, parse(document)))
    bench.store.prepare()
    plan = make_plan(resolve(document, parse(document), known), bench.store)
    return execution.execute_plan(plan, bench.store, Here(bench.store))


def test_the_search_that_the_documentation_shows_works_as_it_stands(bench, artists):
    blocks = (REPOSITORY / "docs" / "plugins.md").read_text().split("```")
    (shown,) = (block.removeprefix("python\n") for block in blocks if "SearchedRidge" in block)
    bench.write_plugin("shown", shown)
    done = run(bench, models=["searched-ridge"])
    assert list(done.folds["status"]) == ["ok"] * 3, list(done.folds["error"])


def test_a_search_of_scikit_learn_s_is_a_plugin_of_a_few_lines(bench, artists):
    assert len(SEARCHED.strip().splitlines()) <= 16
    bench.write_plugin("searched", SEARCHED)
    done = run(bench, models=["searched", {"calibrated": {"model": "searched", "folds": 3}}])
    assert list(done.folds["status"]) == ["ok"] * 6, list(done.folds["error"])


@pytest.mark.parametrize("copies", [0, 2])
def test_no_artist_stands_on_both_sides_of_an_inner_split(
    bench, artists, copies, tmp_path, monkeypatch
):
    log = tmp_path / "spy"
    monkeypatch.setenv("SPY", str(log))
    spied = SEARCHED.replace("        from sklearn.linear_model import Ridge\n", "").replace(
        "GridSearchCV(Ridge()", "GridSearchCV(Spy()"
    )
    bench.write_plugin("searched", SPY + spied)
    augmented = {"augmentations": [{"hiss": {"copies": copies}}]} if copies else {}
    done = run(bench, models=["searched"], **augmented)
    assert list(done.folds["status"]) == ["ok"] * 3, list(done.folds["error"])
    splits = [json.loads(line) for line in log.read_text().splitlines()]
    assert len(splits) == 3 * 2 * 2  # folds, inner folds, penalties
    for fitted, asked in splits:
        assert len(fitted) == (1 + copies) * len(set(fitted))
        assert len(asked) == (1 + copies) * len(set(asked))
        sides = [{artists[round(label, 6)] for label in side} for side in (fitted, asked)]
        assert sides[0]
        assert sides[1]
        assert not sides[0] & sides[1]


def test_a_fit_knows_the_groups_and_copies_of_its_rows_and_so_does_its_key(bench, artists):
    changes = {"models": ["linear"], "augmentations": [{"hiss": {"copies": 1}}]}
    plan = bench.plan(**changes)
    for fit in (task for task in plan.tasks.values() if isinstance(task, Fit)):
        rows = [plan.cells[0].rows[row] for row in fit.train]
        assert fit.groups == tuple(clip.group for clip, _ in rows)
        for position, (clip, copy) in enumerate(rows):
            original, none = rows[fit.copy_of[position]]
            assert (original.id, none) == (clip.id, None)
            assert copy is not None or fit.copy_of[position] == position
    table = bench.folder / "data" / "clips.csv"
    table.write_text(table.read_text().replace("artist ", "singer "))  # the same splits
    again = bench.plan(**changes)
    assert set(plan.fits[plan.cells[0].id]).isdisjoint(again.fits[again.cells[0].id])


TUNED = {"tuned": {"model": "ridge", "over": {"alpha": [0.01, 1]}, "search": "grid", "folds": 2}}


def test_what_a_tuned_model_tried_is_kept_in_the_run_and_shown_in_the_report(
    bench, artists, tmp_path
):
    done = run(bench, models=["linear", TUNED])
    record.write_record(done, tmp_path / "run")
    read = record.read_record(tmp_path / "run")
    trials = dict(zip(read.folds["model"], read.folds["trials"], strict=True))
    assert trials["linear"] == ""
    tried = json.loads(trials["tuned(ridge)"])
    assert sorted(trial["parameters"]["alpha"] for trial in tried) == [0.01, 1.0]
    assert sum(trial["chosen"] for trial in tried) == 1
    assert min(tried, key=lambda trial: trial["score"])["chosen"]
    report.write_report(run_results.RunResults.of(read), tmp_path)
    page = Path(tmp_path / "index.html").read_text()
    assert page.count("Parameters chosen</h3>") == 1
    assert "alpha=[0.01, 1.0]" in page
