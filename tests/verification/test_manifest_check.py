"""A manifest agrees with itself: what does not is said."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from typing import Any

import pytest

from merbench.runs import record
from merbench.runs.record import RunRecord
from merbench.verification.manifest_check import manifest_differences


@pytest.fixture(scope="module")
def honest(written) -> RunRecord:
    return record.read_record(written[1])


@pytest.fixture
def manifest(honest) -> dict[str, Any]:
    """A manifest to be tampered with."""
    return copy.deepcopy(dict(honest.manifest))


def test_an_honest_run_agrees(honest):
    assert manifest_differences(honest.manifest) == []


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
