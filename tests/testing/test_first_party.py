"""Every first-party plugin keeps its contract, by being listed."""

from __future__ import annotations

import pytest

from merbench import testing
from merbench.plugins import discovery, registry

DISTRIBUTION = "merbench"
REGISTRY = discovery.load()
ENTRIES = [e for e in REGISTRY.entries.values() if e.origin.distribution == DISTRIBUTION]


def test_every_first_party_plugin_can_be_used() -> None:
    problems = [p for p in REGISTRY.problems if p.origin.distribution == DISTRIBUTION]
    assert [str(problem) for problem in problems] == []


def test_there_is_one_of_every_kind_that_a_benchmark_needs() -> None:
    assert {e.kind for e in ENTRIES} >= {"dataset", "separator", "feature", "model"}


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: f"{entry.kind}/{entry.name}")
def test_contract(entry: registry.Entry, monkeypatch: pytest.MonkeyPatch) -> None:
    # The checks' tables are small: threads that wait for each other only cost time.
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    results = testing.check(entry, REGISTRY)
    failed = [f"{r.check}: {r.detail}" for r in results if r.status == "failed"]
    assert failed == []
    assert "passed" in {r.status for r in results}
