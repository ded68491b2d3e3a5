from __future__ import annotations

from pathlib import Path

import pytest

from merbench.home import home, store_folder


def test_home_is_what_the_variable_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MERBENCH_HOME", str(tmp_path / "mine"))
    assert home() == tmp_path / "mine"
    monkeypatch.setenv("MERBENCH_HOME", "~/mine")
    assert home() == Path.home() / "mine"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MERBENCH_HOME", "here")
    assert home() == tmp_path / "here"
    monkeypatch.delenv("MERBENCH_HOME")
    assert home().name == "merbench"


def test_the_store_lies_in_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MERBENCH_HOME", str(tmp_path))
    assert store_folder() == tmp_path / "store"
