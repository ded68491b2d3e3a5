"""New plugins keep their contract before a line is changed."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest

from merbench import testing
from merbench.authoring import plugin_files
from merbench.errors import PluginError
from merbench.plugins import discovery, trial
from merbench.plugins.registry import KINDS, Registry


@pytest.fixture
def untried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plugins of this project's own making need no process of their own."""
    monkeypatch.setattr(trial, "wanted", lambda: False)


def loaded(path: Path) -> Registry:
    registry = discovery.load_plugins([path])
    assert not registry.problems
    return registry


@pytest.mark.parametrize("package", [False, True], ids=["file", "package"])
@pytest.mark.parametrize("kind", plugin_files.KINDS)
def test_a_new_plugin_passes_its_checks_at_once(
    kind: str, package: bool, tmp_path: Path, untried: None
) -> None:
    new = plugin_files.new_plugin(kind, f"new-{kind}", tmp_path, package=package)
    registry = loaded(new.source.parent if package else new.source)
    entry = registry.get(kind, f"new-{kind}")
    failed = [r for r in testing.check(entry, registry) if r.status == "failed"]
    assert not failed
    lines = new.source.read_text().splitlines()
    assert new.to_change
    for number, what in new.to_change:
        assert lines[number - 1].endswith(f"CHANGE: {what}")


def test_there_is_a_template_of_every_kind_but_engines() -> None:
    assert {*plugin_files.KINDS, "engine"} == KINDS.keys()


def test_a_package_has_all_that_is_published(tmp_path: Path) -> None:
    new = plugin_files.new_plugin("feature", "2-beats.fast", tmp_path, package=True)
    home = tmp_path / "merbench-2-beats.fast"
    settings = tomllib.loads((home / "pyproject.toml").read_text())
    assert settings["project"]["entry-points"]["merbench"] == {
        "merbench_2_beats_fast": "merbench_2_beats_fast"
    }
    test = (home / "tests/test_merbench_2_beats_fast.py").read_text()
    assert "def test_it_keeps_the_contract(merbench_check):" in test
    assert "from merbench_2_beats_fast import Feature2BeatsFast" in test
    assert "${{ matrix.python }}" in (home / ".github/workflows/tests.yml").read_text()
    assert "MIT License" in (home / "LICENSE").read_text()
    assert "`2-beats.fast`" in (home / "README.md").read_text()
    for file in new.files:
        assert "$name" not in file.read_text()
        if file.suffix == ".py":
            ast.parse(file.read_text())


@pytest.mark.parametrize(
    ("kind", "name", "error"),
    [
        ("modle", "mine", "there is no template of modle; did you mean 'model'?"),
        ("engine", "mine", "there is no template of engine"),
        ("model", "My Model", "'My Model' is no name of a plugin; write lower-case words"),
        ("model", "../up", "is no name of a plugin"),
    ],
)
def test_mistakes_are_one_sentence(kind: str, name: str, error: str, tmp_path: Path) -> None:
    with pytest.raises(PluginError) as caught:
        plugin_files.new_plugin(kind, name, tmp_path, package=False)
    assert error in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    new = plugin_files.new_plugin("model", "mine", tmp_path, package=False)
    new.source.write_text("my work")
    with pytest.raises(Exception, match="is there already"):
        plugin_files.new_plugin("feature", "mine", tmp_path, package=False)
    assert new.source.read_text() == "my work"


@pytest.mark.parametrize("name", ["class", "import"])
def test_a_name_that_no_file_of_python_can_have_is_refused(name, tmp_path):
    with pytest.raises(PluginError, match=rf"{name}.* cannot be the name of a Python file"):
        plugin_files.new_plugin("model", name, tmp_path, package=False)
    assert not list(tmp_path.iterdir())
