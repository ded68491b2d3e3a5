"""The schema by which editors check benchmark files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from merbench.benchmark import protocols
from merbench.benchmark.json_schema import DIALECT, json_schema
from merbench.benchmark.schema import Spec
from merbench.benchmark.shipped import shipped
from merbench.plugins import discovery
from merbench.plugins.registry import Registry

BASE: dict[str, Any] = {
    "name": "x", "datasets": ["demo"], "features": ["compare-2016"], "models": ["ridge"],
}  # fmt: skip


@pytest.fixture(scope="module")
def registry() -> Registry:
    return protocols.with_protocols(discovery.load_plugins())


@pytest.fixture(scope="module")
def schema(registry: Registry) -> dict[str, Any]:
    return json_schema(registry)


@pytest.fixture(scope="module")
def validator(schema: dict[str, Any]) -> Any:
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_it_has_every_key_and_every_plugin(schema: dict[str, Any], registry: Registry) -> None:
    assert schema["$schema"] == DIALECT
    assert schema["properties"].keys() == Spec.model_fields.keys()
    assert all(each.get("description") for each in schema["properties"].values())
    for kind in ("dataset", "separator", "feature", "model", "protocol", "augmentation"):
        _, with_parameters = schema["$defs"][kind]["anyOf"]
        assert with_parameters["properties"].keys() == {e.name for e in registry.of_kind(kind)}


def test_every_reference_leads_somewhere(schema: dict[str, Any]) -> None:
    def references(value: Any) -> set[str]:
        if isinstance(value, dict):
            own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
            return own.union(*map(references, value.values()))
        return set().union(*map(references, value)) if isinstance(value, list) else set()

    found = references(schema)
    assert {"#/$defs/model", "#/$defs/protocol"} <= found
    assert {ref.removeprefix("#/$defs/") for ref in found} <= schema["$defs"].keys()


def test_what_must_be_named_with_parameters_is_no_bare_name(schema: dict[str, Any]) -> None:
    names = {each["const"] for each in schema["$defs"]["model"]["anyOf"][0]["anyOf"]}
    assert "ridge" in names
    assert "calibrated" not in names  # which needs a model
    calibrated = schema["$defs"]["model"]["anyOf"][1]["properties"]["calibrated"]
    assert calibrated["properties"]["model"]["anyOf"][0] == {"$ref": "#/$defs/model"}


@pytest.mark.parametrize("name", shipped())
def test_the_benchmarks_that_come_with_merbench_are_valid(name: str, validator: Any) -> None:
    document = yaml.safe_load(shipped()[name].read_text(encoding="utf-8"))
    assert [error.message for error in validator.iter_errors(document)] == []


@pytest.mark.parametrize(
    "change",
    [
        {"models": [{"ridge": None}, {"xgboost": {"n_estimators": [50, 100]}}]},
        {"models": [{"calibrated": {"model": {"random-forest": {}}}}]},
        {"features": [["compare-2016", "egemaps"]], "augmentations": ["none", ["noise", "gain"]]},
        {"datasets": [{"table": {"name": "mine", "root": "clips", "scale": [1, 9]}}]},
        {"compare": [{"across": "models"}], "protocol": {"monte-carlo": {"folds": 3}}},
    ],
)  # fmt: skip
def test_what_merbench_takes_is_valid(change: dict[str, Any], validator: Any) -> None:
    assert [error.message for error in validator.iter_errors({**BASE, **change})] == []


@pytest.mark.parametrize(
    "change",
    [
        {"models": ["riddge"]},
        {"models": [{"ridge": {"alhpa": 1}}]},
        {"models": [{"ridge": {}, "svr": {}}]},
        {"models": ["calibrated"]},
        {"models": []},
        {"datasets": [{"pmemo": {"root": 3}}]},
        {"protocol": {"monte-carlo": {"folds": [3, 5]}}},
        {"modles": ["ridge"]},
    ],
)
def test_what_merbench_refuses_is_not(change: dict[str, Any], validator: Any) -> None:
    assert not validator.is_valid({**BASE, **change})


def test_a_users_own_plugins_are_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from merbench.authoring.plugin_files import new_plugin
    from merbench.plugins import trial

    monkeypatch.setattr(trial, "wanted", lambda: False)
    new = new_plugin("model", "own-model", tmp_path, package=False)
    schema = json_schema(protocols.with_protocols(discovery.load_plugins([new.source])))
    assert "own-model" in schema["$defs"]["model"]["anyOf"][1]["properties"]
