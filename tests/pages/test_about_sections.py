"""The sections on where results are from."""

from __future__ import annotations

from typing import Any

import pandas as pd

from merbench.leaderboard.results import Results, Sources
from merbench.pages.about_sections import (
    how_to_submit_section,
    protocol_in_words,
    sources_section,
    submissions_section,
)
from merbench.pages.view import View

DATASET = {"dataset": "songs", "task": "va", "n_clips": 8, "n_groups": 4, "synthetic": False,
           "labels_public": False, "licence": "CC BY", "homepage": "https://x.org",
           "paper": "https://arxiv.org/abs/2101.00001", "citation": "Who, What"}  # fmt: skip
SUBMISSION = {"run": "r" * 32, "name": "n", "submitter": None, "published": None,
              "started": "2026-01-01T00", "merbench": "0.2.0", "commit": "c" * 40,
              "changed": True, "hardware": None}  # fmt: skip


def view(manifest: dict[str, Any] | None = None, **sources: Any) -> View:
    rows = [{"dataset": "songs"}]
    nothing = pd.DataFrame()
    known = Sources(**sources)
    return View(Results("x", rows, [], nothing, nothing, sources=known, manifest=manifest or {}))


def test_a_protocol_is_said_in_words():
    parameters = {"test": ["test"], "train": ["train", "validation"], "grouped": False, "folds": 3}
    text = protocol_in_words({"name": "p", "parameters": parameters})
    assert text == "p (folds 3, not grouped, test: test, train: train and validation)"


def test_a_dataset_says_where_it_is_from():
    html = str(sources_section(view(datasets=[DATASET, DATASET | {"dataset": "elsewhere"}])))
    assert "8 clips in 4 groups" in html
    assert 'href="https://x.org"' in html
    assert "arXiv:2101.00001</a>" in html
    assert "each clip has a hash of its label instead" in html
    assert "elsewhere" not in html
    assert sources_section(view()) is None


def test_submissions_name_who_is_named_and_changes_that_are_in_no_commit():
    html = str(submissions_section(view(submissions=[SUBMISSION])))
    assert f"0.2.0, commit {'c' * 12} with changes" in html
    assert '<th scope="col">By</th>' not in html
    named = SUBMISSION | {"submitter": "Ann <b>", "published": "2026-01-02"}
    html = str(submissions_section(view(submissions=[SUBMISSION, named])))
    assert "Ann &lt;b&gt;" in html
    assert "2026-01-02" in html


def test_a_report_is_submitted_to_by_nobody():
    report = view({"run": "r"}, submissions=[SUBMISSION])
    assert submissions_section(report) is None
    assert how_to_submit_section(report) is None
    assert "leaderboard publish" in str(how_to_submit_section(view()))
