"""A plan is made beside a store that nobody may write to."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from merbench.cli import app
from merbench.errors import StoreError
from merbench.steps import store
from merbench.steps.store import Store


@pytest.fixture
def sealed(bench, monkeypatch):
    """A store that holds a run's artifacts, in which nothing can be made, renamed or removed."""
    bench.run()

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Store, "prepare", refuse)
    monkeypatch.setattr("pathlib.Path.mkdir", refuse)
    monkeypatch.setattr("pathlib.Path.rename", refuse)
    monkeypatch.setattr(store, "explained_failure", lambda error, folder: StoreError(str(error)))
    return bench


def plan(bench) -> dict[str, dict[str, int]]:
    done = CliRunner().invoke(app, ["plan", str(bench.spec), "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)["tasks"]


def test_what_is_there_counts_as_cached(sealed):
    counts = plan(sealed)
    assert counts["fit"]["cached"] > 0
    assert counts["fit"]["to_do"] == 0


def test_what_is_damaged_counts_as_missing_and_stays(sealed):
    damaged = sealed.artifacts()
    for folder in damaged:
        next(folder.glob("*.npy")).write_bytes(b"")
    assert plan(sealed)["fit"]["cached"] == 0
    assert sealed.artifacts() == damaged


def test_where_there_is_no_store_all_is_to_do(bench, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MERBENCH_HOME", str(tmp_path / "file"))
    assert plan(bench)["fit"]["cached"] == 0
