"""Runs of the tiny benchmark, a leaderboard that holds two of them, and a browser for its pages."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from html import escape
from pathlib import Path

import pytest

from headless import axe as axe
from headless import browser as browser
from merbench.leaderboard import run_results, submission
from merbench.publishing.publish import publish
from tinybench import TinyBench

PUBLIC = """
import sys
from dataclasses import replace
from merbench import Model, Task, hookimpl

modules = [m for name, m in sys.modules.items() if name.endswith(".noise")]
noise = next(m for m in modules if PLACE in m.__file__)

class Rated(noise.Noise):
    "The same, with raters."
    name = "rated"

    def clips(self, root):
        def ratings(clip):
            v, a = clip.label[:2]
            return tuple((v + d * d / 500, a - d / 100) for d in range(-6, 7))
        return [replace(clip, ratings=ratings(clip)) for clip in super().clips(root)]

class Shown(noise.Noise):
    "The same, with labels that may be republished."
    name = "shown"
    labels_public = True

class Parrot(Model):
    "Says one of the training labels, whatever the music."
    name = "parrot"
    inputs = ()
    tasks = frozenset({Task.VA})

    def estimator(self, *, task, seed, device):
        return self

    def fit(self, X, Y):
        object.__setattr__(self, "_label", Y[0])

    def predict(self, X):
        return [self._label] * len(X)

@hookimpl
def merbench_datasets():
    yield Shown
    yield Rated

@hookimpl
def merbench_models():
    yield Parrot
"""


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages with figures that hold no more than their titles: drawing takes most of publishing.

    What is drawn is the subject of tests/pages.
    """
    leave_undrawn(monkeypatch)


def leave_undrawn(patch: pytest.MonkeyPatch) -> None:
    """Have figures say their titles alone until the patch is undone."""

    def titled(key: str, *_: object, title: str, description: str) -> str:
        ids = f"{key}-t {key}-d"
        return (
            f'<svg role="img" aria-labelledby="{ids}"><title id="{key}-t">{escape(title)}</title>'
            f'<desc id="{key}-d">{escape(description)}</desc></svg>'
        )

    for module in ("diagrams", "figures"):
        patch.setattr(f"merbench.pages.{module}.draw", titled)
    patch.setattr("merbench.pages.svg._DRAWN", {})  # such figures are no other test's


@pytest.fixture(scope="session")
def two_runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[TinyBench, Path, Path]:
    """The benchmark, and two runs: of labels that are secret and public, and of another model."""
    bench = TinyBench.make(tmp_path_factory.mktemp("board") / "bench", clips=12)
    bench.write_plugin("zshown", PUBLIC.replace("PLACE", repr(str(bench.folder))))
    datasets = [{"noise": {"root": "data"}}, {"shown": {"root": "data"}}]
    folders = []
    chosen = {"first": ["average", "linear"], "second": [{"linear": {"penalty": 9.0}}]}
    for name, models in chosen.items():
        finished = bench.run(datasets=datasets, models=models, baselines=name == "first")
        run_results.write_results(finished, bench.folder / name)
        folders.append(bench.folder / name)
    return bench, folders[0], folders[1]


@pytest.fixture(scope="session", autouse=True)
def one_day() -> Iterator[None]:
    """Let it be one day in all tests of a session: boards of two days are not equal."""
    day = submission.today()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(submission, "today", lambda: day)
        yield


@pytest.fixture(scope="session")
def published(
    two_runs: tuple[TinyBench, Path, Path], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A leaderboard with both, and a paper's numbers, its figures undrawn."""
    folder = tmp_path_factory.mktemp("published") / "leaderboard"
    (folder / "reported").mkdir(parents=True)
    (folder / "reported" / "paper.csv").write_text(
        "system,dataset,metric,value,status,source,note\nthem,noise,kl_mean,0.5,reported,Paper 1,\n"
    )
    with pytest.MonkeyPatch.context() as patch:
        leave_undrawn(patch)
        for run in two_runs[1:]:
            publish(run, folder)
    return folder


@pytest.fixture(scope="session")
def short_runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two runs of a cell each, for what concerns the folder of a leaderboard and not its tables."""
    bench = TinyBench.make(tmp_path_factory.mktemp("short") / "bench")
    for model in ("average", "linear"):
        finished = bench.run(models=[model], separators=["plain"])
        run_results.write_results(finished, bench.folder / model)
    return bench.folder / "average", bench.folder / "linear"


@pytest.fixture(scope="session")
def first_published(
    short_runs: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A leaderboard with the first of the short runs, its figures undrawn."""
    folder = tmp_path_factory.mktemp("first") / "leaderboard"
    with pytest.MonkeyPatch.context() as patch:
        leave_undrawn(patch)
        publish(short_runs[0], folder)
    return folder


@pytest.fixture
def first_board(first_published: Path, tmp_path: Path) -> Path:
    """A copy of it, alone in a folder."""
    return Path(shutil.copytree(first_published, tmp_path / "place" / "board"))


@pytest.fixture
def board(published: Path, tmp_path: Path, undrawn: None) -> Path:
    """A copy of it, to be tampered with."""
    return Path(shutil.copytree(published, tmp_path / "leaderboard"))
