"""A manifest agrees with itself, and a run's tables with it: what does not is said."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from merbench.errors import MerbenchError
from merbench.identity import truth_hash
from merbench.runs import record
from merbench.runs.record import RunRecord
from merbench.verification.manifest_check import (
    labels_of,
    manifest_differences,
    table_differences,
    with_labels,
)


@pytest.fixture(scope="module")
def honest(written) -> RunRecord:
    return record.read(written[1])


@pytest.fixture
def manifest(honest) -> dict[str, Any]:
    """A manifest to be tampered with."""
    return copy.deepcopy(dict(honest.manifest))


def test_an_honest_run_agrees(honest):
    assert manifest_differences(honest.manifest) == []
    assert table_differences(honest) == []


def clip_twice(manifest: dict[str, Any]) -> None:
    ids = manifest["datasets"][0]["clips"]["id"]
    ids[1] = ids[0]


def clip_more(manifest: dict[str, Any]) -> None:
    manifest["datasets"][0]["clips"]["id"].append("more")


def side(manifest: dict[str, Any], mark: str) -> None:
    manifest["datasets"][0]["sides"][1] = mark + manifest["datasets"][0]["sides"][1][1:]


def count(manifest: dict[str, Any]) -> None:
    manifest["datasets"][0]["n_groups"] = 99


def cell_twice(manifest: dict[str, Any]) -> None:
    manifest["cells"].append(manifest["cells"][0])


MANIFESTS: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "the benchmark": (
        lambda m: m["spec"].update(seed=99), r"spec_hash is not the hash of the benchmark in it",
    ),
    "the protocol": (
        lambda m: m["protocol"]["parameters"].update(folds=9),
        r"protocol is not the one of the benchmark in it",
    ),
    "the evaluator": (
        lambda m: m["evaluator"].update(hash="f" * 64),
        r"it was scored by evaluator \d+ of source ffffffffffff; this merbench has evaluator",
    ),
    "a clip twice": (clip_twice, r"noise: its clips are not listed once each"),
    "a clip without a group": (clip_more, r"noise: its clips are not listed once each"),
    "a side that is none": (
        lambda m: side(m, "x"), r"noise: its folds do not give each clip a side",
    ),
    "a side too many": (
        lambda m: side(m, "tt"), r"noise: its folds do not give each clip a side",
    ),
    "a count": (count, r"noise: n_groups is 99 where \d+ are listed"),
    "a group": (
        lambda m: m["datasets"][0]["clips"]["group"].__setitem__(0, "new"),
        r"noise: data_hash is not the hash of the clips listed",
    ),
    "a cell twice": (cell_twice, r"cell \w+ stands twice"),
    "a cell of other data": (
        lambda m: m["cells"][0].update(data_hash="0"),
        r"cell \w+: its data are not among the data sets",
    ),
    "a role": (
        lambda m: m["cells"][0].update(role="judge"),
        r"cell \w+: its role 'judge' is neither system nor baseline",
    ),
    "a seed": (
        lambda m: m["cells"][0]["seeds"].__setitem__(1, 5),
        r"cell \w+: its seeds do not follow from its identity",
    ),
    "a cell's model": (
        lambda m: m["cells"][0].update(model="genius"),
        r"cell \w+: model is 'genius', which its identity is not",
    ),
    "a cell's id": (
        lambda m: m["cells"][0].update(id="0"),
        r"cell 0: its id is not the hash of its identity and data",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("tamper", "says"), MANIFESTS.values(), ids=MANIFESTS.keys())
def test_what_does_not_follow_in_a_manifest_is_said(manifest, tamper, says):
    tamper(manifest)
    found = manifest_differences(manifest)
    assert any(re.fullmatch(rf"manifest\.json: {says}.*", line) for line in found), found


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({}, "'spec_hash' is missing"),
        ({"spec_hash": "0", "spec": None}, "a value in it is of another kind than it should be"),
    ],
)
def test_what_is_no_manifest_is_called_so(document, reason):
    (found,) = manifest_differences(document)
    assert re.fullmatch(rf"manifest\.json is no manifest of a run \({reason}\)", found)


def first(table: pd.DataFrame, column: str, value: Any) -> pd.DataFrame:
    changed = table[column].astype(object)  # names are categories as they are read
    changed.iloc[0] = value
    return table.assign(**{column: changed})


TABLES: dict[str, tuple[str, Callable[[pd.DataFrame], pd.DataFrame], str]] = {
    "a fold's seed": (
        "folds", lambda t: first(t, "seed", 7),
        r"folds\.parquet, cell \w+, fold 0: seed is 7 where manifest\.json says \d+",
    ),
    "a fold's size": (
        "folds", lambda t: first(t, "n_test", 7),
        r"folds\.parquet, cell \w+, fold 0: n_test is 7 where manifest\.json says 2",
    ),
    "a fold's status": (
        "folds", lambda t: first(t, "status", "fine"),
        r"folds\.parquet, cell \w+, fold 0: status is 'fine', which is neither ok nor failed",
    ),
    "a fold missing": (
        "folds", lambda t: t.iloc[1:],
        r"folds\.parquet, cell \w+, fold 0: the row is missing",
    ),
    "a fold twice": (
        "folds", lambda t: pd.concat([t, t.iloc[[0]]]), r"folds\.parquet: a fold stands twice",
    ),
    "a fold of no cell": (
        "folds", lambda t: pd.concat([t, t.iloc[[0]].assign(cell="new")]),
        r"folds\.parquet, cell new, fold 0: manifest\.json knows no such cell and fold",
    ),
    "predictions of no cell": (
        "predictions", lambda t: pd.concat([t, t.iloc[[0]].assign(cell="new")]),
        r"predictions\.parquet, cell new, fold 0: folds\.parquet knows no such cell and fold",
    ),
    "no predictions": (
        "predictions", lambda t: t.iloc[2:],
        r"predictions\.parquet, cell \w+, fold 0: there are no predictions",
    ),
    "a clip that was not tested": (
        "predictions", lambda t: pd.concat([t.iloc[:2], t.iloc[[1]].assign(clip="cx"), t.iloc[2:]]),
        r"predictions\.parquet, cell \w+, fold 0: clip cx is there, which the fold does not test",
    ),
    "clips in another order": (
        "predictions", lambda t: t.iloc[[1, 0, *range(2, len(t))]],
        r"predictions\.parquet, cell \w+, fold 0: its clips are not in the data set's order",
    ),
    "a clip's group": (
        "predictions", lambda t: first(t, "group", "other"),
        r"predictions\.parquet, cell \w+, fold 0: clip c\d is of group 'other', which manifest.*",
    ),
    "a row's separator": (
        "predictions", lambda t: first(t, "separator", "magic"),
        r"predictions\.parquet, cell \w+, fold 0: separator is not '\w+' in every row",
    ),
    "a clip's label": (
        "predictions", lambda t: first(t, "truth_valence_mean", 0.987),
        r"predictions\.parquet: clip c\d of noise has several labels",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("table", "change", "says"), TABLES.values(), ids=TABLES.keys())
def test_tables_that_differ_from_the_manifest_are_said(honest, table, change, says):
    tables = {"folds": honest.folds, "predictions": honest.predictions}
    tables[table] = change(tables[table].copy()).reset_index(drop=True)
    found = table_differences(RunRecord(honest.manifest, tables["folds"], tables["predictions"]))
    assert any(re.fullmatch(says, line) for line in found), found


def test_predictions_that_are_called_left_out_must_be(honest):
    cell = honest.predictions["cell"].iloc[0]
    manifest = honest.manifest | {"predictions_withheld": [cell]}
    found = table_differences(RunRecord(manifest, honest.folds, honest.predictions))
    assert found == [
        f"predictions.parquet, cell {cell}: predictions that manifest.json calls left out are there"
    ]


# --- a reader's own copy -------------------------------------------------------------------------

LABEL = (0.5, 0.4, 0.1, 0.2)


def entry(*clips: str) -> dict[str, Any]:
    truth = [truth_hash(clip, LABEL, "file") for clip in clips]
    return {"name": "d", "clips": {"id": list(clips), "truth": truth}}


def test_labels_of_a_copy_are_those_whose_hash_is_right():
    known = entry("a", "b", "c", "d")
    copies = [("a", LABEL, "file"), ("b", LABEL, "other"), ("c", (0.9, *LABEL[1:]), "file")]
    labels, found = labels_of(known, copies)
    assert labels == {"a": LABEL}
    assert found == [
        *(f"clip {c} of d: its label or file in the copy given is not the one that was scored"
          for c in "bc"),
        "clip d of d is not in the copy given",
    ]  # fmt: skip


def test_a_clip_that_was_dealt_out_twice_has_its_own_label():
    labels, found = labels_of(entry("a", "a (2)"), [("a", LABEL, "file")])
    assert (labels, found) == ({"a": LABEL, "a (2)": LABEL}, [])


def test_labels_are_filled_into_the_rows_of_their_data_alone(honest):
    noise, rated = honest.manifest["datasets"]
    columns = [c for c in honest.predictions if c.startswith("truth_")]
    blank = honest.predictions.assign(**dict.fromkeys(columns, np.nan))
    secret = {**noise, "labels_withheld": True}
    manifest = honest.manifest | {"datasets": [secret, rated]}
    rows = honest.predictions["dataset"] == "noise"
    of_noise = honest.predictions[rows]
    labels = dict(zip(of_noise["clip"], of_noise[columns].to_numpy().tolist(), strict=True))
    filled = with_labels(RunRecord(manifest, honest.folds, blank), secret, labels)
    pd.testing.assert_frame_equal(filled.predictions[rows], of_noise)
    assert filled.predictions[~rows][columns].isna().all(axis=None)
    assert json.dumps(filled.manifest["datasets"]) == json.dumps([noise, rated])
    assert blank[columns].isna().all(axis=None), "the run that was given has changed"


def test_a_tested_clip_without_a_label_is_named(honest):
    with pytest.raises(MerbenchError, match=r"clip c\d of noise has no label"):
        with_labels(honest, honest.manifest["datasets"][0], {})
