"""Every first-party plugin keeps its contract, by being listed."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator

import pytest

import merbench_plugins
from merbench import Component, testing
from merbench.benchmark import protocols
from merbench.engines import catalogue
from merbench.plugins import discovery, registry

DISTRIBUTION = "merbench"
REGISTRY = catalogue.with_ours(protocols.with_protocols(discovery.load_plugins()))
ENTRIES = [e for e in REGISTRY.entries.values() if e.origin.distribution == DISTRIBUTION]
NOT_EVERYWHERE = r"the weights .+ are not here|come with the package vibenet|tinysoundfont"
"""Why a plugin's work may go unchecked: weights that do not come with merbench, a package under the
GPL, and a synthesiser that may be missing on Python 3.13."""


def test_every_first_party_plugin_can_be_used() -> None:
    problems = [p for p in REGISTRY.problems if p.origin.distribution == DISTRIBUTION]
    assert [str(problem) for problem in problems] == []


def test_there_is_one_of_every_kind_that_a_benchmark_needs() -> None:
    kinds = {"dataset", "augmentation", "separator", "feature", "model", "protocol", "engine"}
    assert {e.kind for e in ENTRIES} >= kinds


def subclasses(cls: type[Component]) -> Iterator[type[Component]]:
    for sub in cls.__subclasses__():
        yield sub
        yield from subclasses(sub)


def test_every_component_of_the_plugins_that_has_a_name_is_listed() -> None:
    for module in pkgutil.walk_packages(merbench_plugins.__path__, "merbench_plugins."):
        importlib.import_module(module.name)
    ours = {c for c in subclasses(Component) if c.__module__.startswith("merbench_plugins.")}
    left_out = {c.__name__ for c in ours if c.name} - {e.cls.__name__ for e in ENTRIES}
    assert left_out == set()


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: f"{entry.kind}/{entry.name}")
def test_contract(entry: registry.Entry, monkeypatch: pytest.MonkeyPatch) -> None:
    # The checks' tables are small: threads that wait for each other only cost time.
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    results = testing.check(entry, REGISTRY)
    failed = [f"{r.check}: {r.detail}" for r in results if r.status == "failed"]
    assert failed == []
    idle = [r.detail for r in results if (r.check, r.status) == ("does its work", "skipped")]
    assert all(re.search(NOT_EVERYWHERE, detail) for detail in idle), idle
