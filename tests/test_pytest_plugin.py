"""The fixture that packages of plugins test themselves with."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from checked_plugins import Linear

from merbench import MerbenchError
from merbench.errors import PluginError
from merbench.plugins import trial

pytest_plugins = ["merbench.pytest_plugin"]


@pytest.fixture(autouse=True)
def untried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "wanted", lambda: False)


class Mute(Linear):
    """It hears nothing."""

    name = "mute"

    def estimator(self, **_: Any) -> Any:
        raise ValueError("not written yet")


class Weightless(Linear):
    """It lacks what it needs."""

    name = "weightless"

    def ready(self) -> None:
        raise MerbenchError("weightless: its weights are not here")


def test_a_sound_plugin_passes(merbench_check: Callable[..., Any]) -> None:
    assert len(merbench_check(Linear)) > 10
    assert merbench_check("monte-carlo", {"folds": 2})[-1].check.startswith("meets clips of one")


def test_a_broken_one_fails_with_its_lessons(merbench_check: Callable[..., Any]) -> None:
    with pytest.raises(pytest.fail.Exception) as caught:
        merbench_check(Mute)
    assert "not written yet" in str(caught.value)
    assert f"  where  {__file__}:" in str(caught.value)


def test_what_cannot_work_here_is_skipped(merbench_check: Callable[..., Any]) -> None:
    with pytest.raises(pytest.skip.Exception, match="its weights are not here"):
        merbench_check(Weightless)


def test_what_is_no_plugin_is_one_sentence(merbench_check: Callable[..., Any]) -> None:
    with pytest.raises(PluginError, match="int is no plugin: it derives from none of Dataset, "):
        merbench_check(int)
    with pytest.raises(PluginError, match="there is no plugin 'riddge'; did you mean 'ridge'"):
        merbench_check("riddge")


def test_pytest_starts_no_slower_for_it() -> None:
    settings = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())
    points = settings["project"]["entry-points"]["pytest11"]
    assert points == {"merbench.pytest_plugin": "merbench.pytest_plugin"}
    code = (
        "import sys; import pytest; before = set(sys.modules); import merbench.pytest_plugin; "
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["merbench", "merbench.pytest_plugin"]
