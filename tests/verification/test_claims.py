"""What a submission says of plugins, held against the plugins."""

from __future__ import annotations

import pytest

from merbench.plugins import discovery
from merbench.plugins.registry import Registry
from merbench.verification.claims import claim_differences


@pytest.fixture(scope="module")
def installed() -> Registry:
    return discovery.load_plugins()


def manifest(**changes: object) -> dict[str, object]:
    entry = {"name": "demo", "labels_public": True, "synthetic": True} | changes
    cell = {"id": "c", "role": "system", "identity": {"model": {"name": "ridge"}}}
    return {"datasets": [entry], "cells": [cell]}


def test_what_plugins_say_too_is_no_fault(installed):
    assert list(claim_differences(manifest(), installed)) == []
    assert list(claim_differences(manifest(name="demo (n_clips=9)"), installed)) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"labels_public": False}, "labels of demo may not be republished"),
        ({"labels_withheld": True}, "its plugin says that they are public"),
        ({"synthetic": False}, "demo is not synthetic"),
        ({"name": "emopia", "synthetic": False}, "labels of emopia may be republished"),
        ({"labels_public": False, "plugin": "nobodys"}, "labels of demo may not be"),
        ({"name": "my songs", "plugin": "table", "synthetic": False}, "labels of my songs may be"),
    ],
)
def test_what_they_say_otherwise_is_one(installed, changes, said):
    (fault,) = claim_differences(manifest(**changes), installed)
    assert said in fault


def test_of_plugins_that_are_not_here_nothing_is_known():
    assert list(claim_differences(manifest(labels_public=False), Registry())) == []


def test_a_role_is_the_models(installed):
    document = manifest()
    document["cells"][0]["identity"]["model"]["name"] = "constant-mean"
    (fault,) = claim_differences(document, installed)
    assert fault == "cell c: its role is system, and its model is a baseline's"
