"""Where data sets, plugins and runs are from."""

from __future__ import annotations

import json

import pytest
from board_cells import LESS, NOISE

from boards import made, recorded_run
from merbench.leaderboard import columns, dictionary, files
from merbench.leaderboard.sources import (
    dataset_sources,
    paper_in,
    plugin_rows,
    submissions,
    system_parts,
)

PLUGIN = {"kind": "model", "name": "a", "version": "1", "summary": "A model.",
          "distribution": "d", "distribution_version": "2", "repository": "https://example.org",
          "commit": "abc", "citation": "Someone, doi 10.3390/s24072201."}  # fmt: skip


@pytest.mark.parametrize(
    ("citation", "paper"),
    [
        ("Sensors 24(7):2201, doi 10.3390/s24072201.", "https://doi.org/10.3390/s24072201"),
        ("MERGE, arXiv 2407.06060, 2024", "https://arxiv.org/abs/2407.06060"),
        ("arXiv:2108.01374", "https://arxiv.org/abs/2108.01374"),
        ("ISMIR 2019", ""),
        ("", ""),
    ],
)
def test_a_papers_address_is_found_in_its_citation(citation, paper):
    assert paper_in(citation) == paper


def test_a_dataset_is_listed_once_and_with_what_it_states():
    runs = [recorded_run(made("a", NOISE), run=name) for name in ("1", "2")]
    runs[0].manifest["datasets"][0]["paper"] = "https://doi.org/10.1/x"
    (row,) = dataset_sources(runs[:1] + runs[:1])
    assert (row.dataset, row.homepage, row.paper) == (
        "d", "https://example.org", "https://doi.org/10.1/x",
    )  # fmt: skip
    assert len(dataset_sources(runs)) == 1


def test_plugins_and_submitters_are_those_of_the_manifest():
    run = recorded_run(
        made("a", NOISE), plugins=[PLUGIN], git={"commit": "c", "dirty": True},
        submission={"submitter": "Ann", "published": "2026-01-03"},
    )  # fmt: skip
    (plugin,) = plugin_rows([run])
    assert (plugin.distribution, plugin.distribution_version, plugin.commit) == ("d", "2", "abc")
    assert plugin.paper == "https://doi.org/10.3390/s24072201"
    (submission,) = submissions([run])
    assert (submission.submitter, submission.published) == ("Ann", "2026-01-03")
    assert submission.changed
    assert plugin_rows([recorded_run(made("a", NOISE))]) == []


def test_all_parameters_of_a_systems_parts():
    identity = {
        "dataset": {"name": "d"}, "separator": {"name": "s", "version": "1", "parameters": {}},
        "features": [{"name": "f", "version": "2", "parameters": {"k": 1}}],
        "model": {"name": "m", "version": "1", "parameters": {"c": None}}, "seed": 1,
    }  # fmt: skip
    cells = [{"id": cell, "identity": identity, "sources": {"m": "digest"}} for cell in "ab"]
    run = recorded_run(made("a", NOISE), cells=cells)
    parts = system_parts([run], [("run-1", "a")])
    assert [(p.plugin_kind, p.name, json.loads(p.all_parameters)) for p in parts] == [
        ("separator", "s", {}), ("feature", "f", {"k": 1}), ("model", "m", {"c": None}),
    ]  # fmt: skip
    assert parts[-1].source == "digest"


def test_every_column_has_a_meaning_and_a_file():
    texts = files.compose_board([recorded_run(made("a", NOISE), made("b", LESS))]).texts
    for name, row in (
        ("datasets.csv", columns.DatasetSource), ("plugins.csv", columns.PluginSource),
        ("systems.csv", columns.SystemPart), ("submissions.csv", columns.Submission),
    ):  # fmt: skip
        assert texts[name].splitlines()[0].split(",") == columns.columns_of(row)
        assert all(dictionary.describe_column(column) for column in columns.columns_of(row))
