"""Who is to be cited for a leaderboard."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
import yaml
from board_cells import NOISE

from boards import made, recorded_run
from merbench.leaderboard import files
from merbench.leaderboard.citation import citation
from merbench.runs.record import RunRecord


def test_the_citation_names_the_software_and_each_dataset_once():
    runs = [
        recorded_run(made("a", NOISE), made("b", NOISE, dataset="e"), run="1"),
        recorded_run(made("c", NOISE), run="2"),
    ]
    text = files.compose_board(runs).texts["CITATION.cff"]
    assert "&" not in text  # YAML's shorthand, which not every reader of this format knows
    document = yaml.safe_load(text)
    assert document["cff-version"] == "1.2.0"
    assert {"title", "message", "authors", "version", "license"} <= document.keys()
    assert [reference["title"] for reference in document["references"]] == ["d", "e"]
    for reference in document["references"]:
        assert reference["type"] == "data"
        assert "Who, What, 2000" in reference["notes"]
        assert reference["url"] == "https://example.org"
        assert reference["authors"]


def cited(**entry: Any) -> dict[str, Any]:
    """The one reference of a board of one dataset."""
    known = {"name": "my-songs", "data_hash": "data", "version": "1", "task": "va",
             "citation": "", "homepage": "", "licence": "", "synthetic": False}  # fmt: skip
    text = citation([RunRecord({"datasets": [known | entry]}, pd.DataFrame(), pd.DataFrame())])
    assert text.count("merbench developers") == 1  # of the software
    (reference,) = yaml.safe_load(text)["references"]
    return reference


@pytest.mark.parametrize("synthetic", [False, True])
def test_nobody_is_credited_with_somebodys_data(synthetic):
    reference = cited(synthetic=synthetic)
    assert reference["authors"] == [{"name": "The authors of my-songs"}]


def test_authors_that_a_dataset_names_are_credited():
    reference = cited(name="my-songs (fixed_std=0.1)", authors=["Ann", "Bo"], citation="Ann 2026")
    assert reference["title"] == "my-songs"
    assert reference["authors"] == [{"name": "Ann"}, {"name": "Bo"}]
    assert reference["notes"] == "Ann 2026"


def test_two_datasets_of_one_name_are_both_cited():
    entries = [
        {"name": "table", "citation": text, "homepage": "", "licence": "", "synthetic": False}
        for text in ("Ann 2026", "Bo 2025", "Ann 2026")
    ]
    text = citation([RunRecord({"datasets": entries}, pd.DataFrame(), pd.DataFrame())])
    assert [r["notes"] for r in yaml.safe_load(text)["references"]] == ["Ann 2026", "Bo 2025"]


def test_systems_are_credited_as_they_say_and_nobody_who_does_not():
    plugins = [
        {"kind": "model", "name": "theirs", "authors": ["Ann", "Bo"], "paper":
         "https://doi.org/10.1/x", "repository": "https://example.org/theirs"},
        {"kind": "feature", "name": "cited", "citation": "Cy, A feature, 2020"},
        {"kind": "model", "name": "silent", "summary": "Says nothing of its authors."},
        {"kind": "dataset", "name": "my-songs", "authors": ["Dee"]},
    ]  # fmt: skip
    manifest = {"datasets": [], "plugins": plugins, "submission": {"submitter": "Eve"}}
    text = citation([RunRecord(manifest, pd.DataFrame(), pd.DataFrame())] * 2)
    first, second = yaml.safe_load(text)["references"]
    assert first == {
        "type": "software", "title": "cited", "authors": [{"name": "The authors of cited"}],
        "notes": "Cy, A feature, 2020",
    }  # fmt: skip
    assert second["authors"] == [{"name": "Ann"}, {"name": "Bo"}]
    assert second["doi"] == "10.1/x"
    assert second["repository-code"] == "https://example.org/theirs"
    assert "Eve" not in text
    assert "silent" not in text


def test_systems_of_one_paper_are_one_reference():
    same = {
        "kind": "model",
        "citation": "Ann, Two networks, 2024",
        "paper": "https://doi.org/10.1/x",
    }
    plugins = [same | {"name": "b"}, same | {"name": "a"}, same | {"name": "c", "citation": "Bo"}]
    runs = [
        RunRecord({"datasets": [], "plugins": some}, pd.DataFrame(), pd.DataFrame())
        for some in (plugins[:1], plugins[1:])
    ]
    references = yaml.safe_load(citation(runs))["references"]
    assert [(r["title"], r["notes"]) for r in references] == [
        ("a, b", "Ann, Two networks, 2024"),
        ("c", "Bo"),
    ]
