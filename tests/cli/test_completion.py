"""What a shell completes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from merbench.cli import completion
from merbench.plugins import discovery, trial


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(trial, "wanted", lambda: False)
    return tmp_path


def names(found: completion.Completion) -> list[str]:
    return [name for name, _ in found]


def test_names_of_plugins_with_what_they_are() -> None:
    assert names(completion.plugins("rid")) == ["ridge"]
    assert "regression" in completion.plugins("rid")[0][1]
    assert names(completion.datasets("pm")) == ["pmemo"]
    assert names(completion.separators("hp")) == ["hpss"]
    assert names(completion.engines("lo")) == ["local"]
    assert "monte-carlo" in names(completion.plugins("mo"))
    assert names(completion.weights("htdemucs_f")) == ["htdemucs_ft"]


def test_kinds() -> None:
    assert names(completion.kinds("se")) == ["separator"]
    assert "engine" in names(completion.kinds(""))
    assert "engine" not in names(completion.new_kinds(""))


def test_benchmarks_and_files(here: Path) -> None:
    (here / "own.yaml").touch()
    (here / "own").mkdir()
    (here / "own/inner.yml").touch()
    (here / "own.txt").touch()
    assert names(completion.benchmarks("ow")) == ["own/", "own.yaml"]
    assert names(completion.benchmarks("own/")) == ["own/inner.yml"]
    assert names(completion.benchmarks("dem")) == ["demo"]
    assert names(completion.shipped_benchmarks("chang")) == ["chang2024"]
    assert completion.benchmarks("no/such/folder/") == []


def test_plugins_of_ones_own_are_completed_and_broken_ones_say_nothing(
    here: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from merbench.authoring.plugin_files import new_plugin

    new_plugin("model", "zebra", here / "plugins", package=False)
    (here / "plugins/broken.py").write_text("import no_such_module\n")
    assert names(completion.plugins("zeb")) == ["zebra"]
    monkeypatch.setattr(discovery, "load_plugins", lambda **_: 1 / 0)
    assert completion.plugins("zeb") == []
    assert capfd.readouterr() == ("", "")


def test_the_shell_is_answered(here: Path) -> None:
    environment = {
        **os.environ,
        "_MERBENCH_COMPLETE": "complete_bash",
        "COMP_WORDS": "merbench plugins show rid",
        "COMP_CWORD": "3",
        "_TYPER_COMPLETE_ARGS": "merbench plugins show rid",
    }
    code = "import sys; sys.argv = ['merbench']; import merbench.cli; merbench.cli.main()"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=60
    )
    assert done.stdout.split() == ["ridge"], done.stderr
