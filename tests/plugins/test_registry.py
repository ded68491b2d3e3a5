"""Components by their kind and name, and built from parameters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from plugin_files import model, write
from pydantic import ValidationError

from merbench.errors import PluginError
from merbench.plugins import discovery
from merbench.plugins.registry import Registry, split_choice


def test_a_component_that_cannot_be_built_is_said(tmp_path: Path) -> None:
    body = "def model_post_init(self, context): raise KeyError('weights')"
    path = write(tmp_path / "mine.py", model("mine", body))
    with pytest.raises(PluginError, match=r"model 'mine' cannot be built \(KeyError: 'weights'\)"):
        discovery.load_plugins([path]).build("model", "mine", {})


def test_what_could_not_be_loaded_is_said_where_a_name_is_not_found(tmp_path: Path) -> None:
    path = write(tmp_path / "mine.py", "def (")
    registry = discovery.load_plugins([path])
    with pytest.raises(PluginError, match=r"no plugin 'mine'.*mine\.py: it cannot be imported"):
        registry.find("mine")


def test_the_nearest_right_name_is_offered(registry: Registry) -> None:
    with pytest.raises(PluginError, match=r"there is no model 'plian'; did you mean 'plain'\?"):
        registry.get("model", "plian")
    with pytest.raises(PluginError, match=r"there is no plugin 'plian'; did you mean 'plain'\?"):
        registry.find("plian")
    with pytest.raises(PluginError, match=r"there is no plugin 'dataset/plain'"):
        registry.find("dataset/plain")
    with pytest.raises(PluginError, match=r"'zzz'; `merbench plugins list` names what there is$"):
        registry.find("zzz")
    with pytest.raises(PluginError, match=r"there is no model 'zzz'; choose from .*plain.*wrapper"):
        registry.get("model", "zzz")


def test_a_name_that_is_not_found_may_be_that_of_a_broken_plugin(tmp_path: Path) -> None:
    path = write(tmp_path / "broken.py", "import no_such_module\n")
    with pytest.raises(PluginError, match=r"no model 'mine'.*broken\.py: it cannot be imported"):
        discovery.load_plugins([path]).get("model", "mine")


def test_find_takes_a_name_with_and_without_its_kind(registry: Registry) -> None:
    assert registry.find("plain") is registry.find("model/plain") is registry.get("model", "plain")


def test_of_kind_is_sorted_by_name(registry: Registry) -> None:
    names = [entry.name for entry in registry.of_kind("model")]
    assert names == sorted(names)
    assert {"plain", "wrapper"} <= set(names)


def test_build_sets_parameters(registry: Registry) -> None:
    assert registry.build("model", "plain", {"k": 3}).settings == {"k": 3}
    wrapper = registry.build("model", "wrapper", {"model": {"plain": {"k": 3}}})
    assert wrapper.title == "wrapper(plain)"
    assert wrapper.settings == {"model": {"k": 3}}
    inner = registry.build("model", "wrapper", {"model": registry.build("model", "plain", {})})
    assert inner == registry.build("model", "wrapper", {"model": "plain"})


@pytest.mark.parametrize(
    ("choice", "location", "text"),
    [
        ({"plain": {"kk": 1}}, ("model", "plain", "kk"), "not permitted"),
        ({"plain": {"k": "x"}}, ("model", "plain", "k"), "valid integer"),
        ({"plian": {}}, ("model", "plian"), "did you mean 'plain'"),
        ("plian", ("model", "plian"), "did you mean 'plain'"),
        (5, ("model",), "expected a name"),
        ({"plain": {}, "wrapper": {}}, ("model",), "expected a name"),
        ({"wrapper": {"model": {"plain": {"kk": 1}}}}, None, "not permitted"),
        ("wrapper", ("model", "wrapper", "model"), "required"),
    ],
)
def test_a_fault_of_a_wrapped_model_is_located(
    registry: Registry, choice: Any, location: tuple[str, ...] | None, text: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        registry.build("model", "wrapper", {"model": choice})
    (error,) = caught.value.errors()
    assert error["loc"] == (location or ("model", "wrapper", "model", "plain", "kk"))
    assert text in error["msg"]


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("ridge", ("ridge", {})),
        ({"ridge": None}, ("ridge", {})),
        ({"ridge": {"alpha": 1}}, ("ridge", {"alpha": 1})),
    ],
)
def test_split_choice(choice: Any, expected: tuple[str, dict[str, Any]]) -> None:
    assert split_choice(choice) == expected


@pytest.mark.parametrize("choice", [None, 5, [], {}, {"a": 1}, {"a": {}, "b": {}}, {1: {}}])
def test_split_choice_refuses(choice: Any) -> None:
    with pytest.raises(PluginError, match="expected a name, or one name with its parameters"):
        split_choice(choice)
