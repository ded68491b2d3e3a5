"""Which numbers of a paper a cell is held against, and what is none of its systems."""

from __future__ import annotations

import pytest

from merbench.errors import SpecError
from merbench.planning.reported_figure import figures_of


def reported(**changes):
    system = {
        "system": "theirs",
        "cells": {"separator": "plain", "model": "linear (penalty=0.5)"},
        "values": {"noise": 0.4},
    }
    return {"source": "A paper, Table 1", "systems": [system | changes]}


MODELS = ["average", {"linear": {"penalty": [0.1, 0.5]}}]


def figures(plan):
    table = plan.benchmark.spec.reported
    return {
        (cell.names["separator"], str(cell.settings)): figures_of(cell, table)
        for cell in plan.cells
    }


def test_a_cell_has_the_numbers_of_the_systems_that_it_is(bench):
    plan = bench.plan(models=MODELS, reported=reported())
    held = {key: found for key, found in figures(plan).items() if found}
    assert len(plan.cells) == 5
    ((key, (figure,)),) = held.items()
    assert key == ("plain", "{'model': {'penalty': 0.5}}")
    assert (figure.system, figure.metric, figure.value) == ("theirs", "kl_mean", 0.4)
    assert (figure.status, figure.source) == ("reported", "A paper, Table 1")


def test_a_name_in_full_is_no_part_of_another(bench):
    table = reported(cells={"model": "linear"})
    other = {"system": "full", "cells": {"model": "linear (penalty=0.5)"}, "values": {"noise": 0.3}}
    table["systems"].append(other)
    plan = bench.plan(models=MODELS, reported=table)
    named = {key[1]: [f.system for f in found] for key, found in figures(plan).items() if found}
    assert named == {
        "{}": ["theirs"],
        "{'model': {'penalty': 0.5}}": ["full"],
    }


def test_only_the_papers_systems_and_baselines_make_cells(bench):
    table = reported() | {"only": True}
    plan = bench.plan(models=MODELS, reported=table)
    assert [cell.names["model"] for cell in plan.cells] == ["linear"]
    reasons = {skip.reason for skip in plan.skipped}
    assert "none of the systems that the benchmark file reproduces" in reasons
    nowhere = bench.plan(models=MODELS, reported=reported(values={"else": 1.0}) | {"only": True})
    assert not nowhere.cells


def test_what_it_names_is_found_or_an_error(bench):
    with pytest.raises(SpecError, match=r"tiny.yaml:\d+: this benchmark has no model 'liner'"):
        bench.plan(reported=reported(cells={"model": "liner"}))
    other = bench.plan(models=["linear"], reported=reported())
    assert not any(figures(other).values())  # of a parameter that is set otherwise
    with pytest.raises(SpecError, match="a reported system names at least one axis"):
        bench.plan(reported=reported(cells={}))


def test_it_is_no_part_of_what_a_run_is(bench):
    spec = bench.plan(models=MODELS, reported=reported(), smoke={"seed": 2}).benchmark.spec
    assert not {"reported", "smoke"} & spec.model_dump().keys()
