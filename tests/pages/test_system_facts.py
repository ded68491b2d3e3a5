"""What a system's page says in words."""

from __future__ import annotations

from typing import Any

import pandas as pd

from merbench.leaderboard.results import Results, Sources
from merbench.pages import system_facts

PART = {"run": "r" * 32, "cell": "a", "plugin_kind": "model", "name": "m", "version": "1",
        "all_parameters": '{"k": 3}', "source": ""}  # fmt: skip
PLUGIN = {"run": "r" * 32, "plugin_kind": "model", "name": "m", "summary": "A model.",
          "description": "One.\n\nTwo.", "citation": "Someone 2020", "distribution": "d",
          "distribution_version": "2", "commit": "abc", "changed": True}  # fmt: skip


def row(**changes: Any) -> dict[str, Any]:
    return {
        "dataset": "d", "task": "va", "parameters": None, "role": "system", "status": "ok",
        "cell": "a", "n_clips": 10, "n_folds": 1, "kl_mean": 0.5, "kl_median": 0.25,
        "seconds": 3.0, "run": None, "table": "t",
    } | changes  # fmt: skip


def content(sources: Sources | None = None, replications: list[Any] | None = None) -> Results:
    nothing = pd.DataFrame()
    return Results("x", [], [], nothing, nothing, sources=sources or Sources(),
                   replications=replications or [])  # fmt: skip


def test_facts_say_what_must_be_known():
    found = system_facts.facts(
        content(),
        row(parameters={"model": {"k": 3}}, n_failed=2, n_folds=3, n_nonpositive_std=4.0,
            n_floored_std=0, mark="worse than a constant", error="it <broke>",
            ccc_valence_mean=0.5, ccc_arousal_mean=0.75, rmse=0.1, fit_seconds=2.5,
            predict_seconds_per_clip=0.0025, peak_memory_mb=300.0, rank=2.0,
            hardware='{"cpu": "a processor", "cores": 2}'),
    )  # fmt: skip
    assert found == [
        ("Cell", "a"),
        ("Parameters", "k=3"),
        ("KL", "mean 0.500, median 0.250 nats; rank 2"),
        ("Metrics", "CCC valence 0.50, arousal 0.75; RMSE 0.100"),
        ("Tested", "3 folds of a dataset of 10 clips, 2 of them failed"),
        ("Fitting and predicting", "3.0 s"),
        ("Of these", "fitting 2.5 s, all folds; predicting 2.5 ms a clip, features given"),
        ("Memory", "300 MB at most"),
        ("Hardware", "a processor, 2 cores"),
        ("Note", "4 predicted standard deviations not above 0"),
        ("Mark", "worse than a constant"),
        ("Failed", "it <broke>"),
    ]
    plain = system_facts.facts(content(), row(task="quadrant", macro_f1=0.5))
    assert ("Tested", "1 fold of a dataset of 10 clips") in plain
    assert ("Metrics", "macro F1 0.500") in plain


def test_who_submitted_it_and_what_it_ran_with():
    known = {"run": "r" * 32, "name": "n", "submitter": "Ann", "published": "2026-01-02",
             "started": "2026-01-01T00:00:00", "merbench": "0.2.0", "commit": "c" * 40,
             "changed": "True"}  # fmt: skip
    facts = dict(system_facts.facts(content(Sources(submissions=[known])), row(run="r" * 32)))
    assert facts["Submitted by"] == "Ann"
    assert facts["Run with"] == (
        f"merbench 0.2.0, commit {'c' * 12} with changes that are in no commit, on 2026-01-01"
    )
    assert "Submitted by" not in dict(system_facts.facts(content(), row(run="r" * 32)))


def test_parts_have_their_parameters_and_what_they_say_of_themselves():
    sources = Sources(plugins=[PLUGIN], parts=[PART, PART | {"cell": "b"}])
    (part,) = system_facts.system_components(content(sources), row(run="r" * 32))
    assert part["summary"] == "A model."
    assert part["more"] == ["One.", "Two."]
    assert part["cites"] == ["Someone 2020"]
    assert part["parameters"] == "k=3"
    assert str(part["code"]) == "d 2, commit abc with changes"
    (alone,) = system_facts.system_components(content(Sources(parts=[PART])), row(run="r" * 32))
    assert (alone["summary"], str(alone["code"])) == ("", "")


def test_runs_of_a_cell_and_why_something_is_withheld():
    runs = [
        {"table": "t", "cell": "a", "run": name * 32, "started": "2026-01-01T", "kl_mean": kl,
         "seconds": 1.0, "hardware": None, "listed": listed, "status": "ok"}
        for name, kl, listed in (("1", 0.5, True), ("2", 0.6, False))
    ]  # fmt: skip
    found = system_facts.runs(content(replications=[*runs, runs[0] | {"cell": "b"}]), row())
    assert [(run["kl"], run["listed"]) for run in found] == [("0.500", "ranked"), ("0.600", "")]
    assert system_facts.withheld_note(row()) == ""
    assert "hash" in system_facts.withheld_note(row(withheld="labels"))
    assert "as they were submitted" in system_facts.withheld_note(
        row(withheld="labels and predictions")
    )
