"""Names, lines and JSON in a run's files."""

from __future__ import annotations

import json

import pytest

from merbench.runs import record
from merbench.runs.received import manifest_faults, table_faults


def test_a_run_of_ours_has_no_fault(written):
    run = record.read_record(written[1])
    assert list(manifest_faults(run.manifest)) == []
    assert list(table_faults(run.folds, run.predictions)) == []


@pytest.mark.parametrize("key", ["name", "run", "started", "merbench"])
def test_each_name_and_line_is_asked(written, key):
    manifest = record.read_record(written[1]).manifest
    assert len(list(manifest_faults(manifest | {key: "a\n../b"}))) == 1


def test_the_names_of_cells_and_data_are_asked(written):
    manifest = json.loads((written[1] / "manifest.json").read_text())
    manifest["cells"][0] |= {"id": "../a", "model": "a\nb"}
    manifest["datasets"][0]["data_hash"] = "a/b"
    manifest["marks"] = {"../../c": ""}
    found = list(manifest_faults(manifest))
    assert len(found) == 4


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [("cell", "../a", "cell '../a'"), ("model", "a\nb", "model"), ("trials", "{", "is no JSON")],
)
def test_tables_are_asked(written, column, value, said):
    run = record.read_record(written[1])
    folds = run.folds.assign(**{column: value})
    (fault, *_) = table_faults(folds, run.predictions)
    assert said in fault
