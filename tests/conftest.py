"""What every test may use."""

from __future__ import annotations

import gc
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

# Before any library reads it: tests share the cores as processes, and threads of each that wait for
# the others' only cost time.
os.environ["OMP_NUM_THREADS"] = os.environ.get("OMP_NUM_THREADS", "1")

from merbench.network import go_offline

if TYPE_CHECKING:
    from tinybench import TinyBench

# No test may download anything, whatever the machine it runs on can reach.
go_offline()

pytest_plugins = ["board_fixtures", "in_process", "run_fixtures", "skips"]

REPOSITORY = Path(__file__).resolve().parents[1]
LONG = ("scenarios", "engines", "testing")
"""Folders of the tests that take longest: first, so that no worker is left with one at the end."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        room = item.path.relative_to(REPOSITORY / "tests").parts[0]
        return LONG.index(room) if room in LONG else len(LONG)

    items.sort(key=place)


def pytest_collection_finish() -> None:
    """Look for garbage more rarely, and never in what was imported: a fifteenth of all time."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of reference data that is not part of the project; tests without it are skipped."""
    folder = Path(os.environ.get("MERBENCH_SHARED", REPOSITORY.parent / "shared"))
    if not (folder / "golden").is_dir():
        pytest.skip(f"reference data not found at {folder}; set MERBENCH_SHARED to its folder")
    return folder


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty store of the test's own."""
    folder = tmp_path / "home"
    monkeypatch.setenv("MERBENCH_HOME", str(folder))
    return folder


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TinyBench:
    """A benchmark of numpy-only plugins, for this test to run, edit and break."""
    from tinybench import TinyBench

    made = TinyBench.make(tmp_path / "bench")
    monkeypatch.setenv("MERBENCH_HOME", str(made.home))
    monkeypatch.setenv("TINY_TRACE", str(made.trace))
    return made
