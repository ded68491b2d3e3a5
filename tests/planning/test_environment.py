"""What `merbench doctor` finds, on machines with something wrong."""

from __future__ import annotations

import os
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from merbench import devices
from merbench.planning import environment
from merbench.planning.environment import Condition, conditions
from merbench.plugins import discovery
from merbench.plugins.registry import Origin, Problem, Registry


@pytest.fixture(scope="module")
def registry() -> Registry:
    return discovery.load_plugins()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setattr(devices, "present", lambda name: "cpu")


def found(registry: Registry, part: str) -> list[Condition]:
    return [each for each in conditions(registry) if each.part == part]


def states(registry: Registry, part: str) -> set[str]:
    return {each.state for each in found(registry, part)}


def test_a_line_for_every_part_and_nothing_broken_here(registry: Registry) -> None:
    every = list(conditions(registry))
    parts = list(dict.fromkeys(each.part for each in every))
    assert parts == [
        "interpreter", "packages", "decoders", "threads", "memory", "store", "GPU", "plugins",
        "weights", "network",
    ]  # fmt: skip
    assert not [each for each in every if each.state == environment.BROKEN]
    for each in every:
        assert bool(each.remedy) == (each.state != environment.OK), each


def test_a_store_that_cannot_be_written_to_is_broken(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    file.touch()
    monkeypatch.setenv("MERBENCH_HOME", str(file))
    (store,) = found(registry, "store")
    assert store.state == environment.BROKEN
    assert "MERBENCH_HOME" in store.remedy


def test_little_disk_and_memory_are_warnings(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    import psutil

    usage = SimpleNamespace(free=2**30)
    monkeypatch.setattr(environment.shutil, "disk_usage", lambda path: usage)
    memory = SimpleNamespace(total=2**31, available=2**30)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    monkeypatch.setattr(environment.threads, "cores", lambda: 4)
    assert states(registry, "store") == {environment.WARNING}
    (said,) = found(registry, "memory")
    assert (said.state, said.remedy) == (environment.WARNING, "run with --jobs 1, or free some")


def test_packages_that_are_missing_or_of_another_version(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = ["numpy>=1000", "no-such-package>=1", "gone; extra == 'embeddings'", "av>=1"]
    monkeypatch.setattr(metadata, "requires", lambda name: wanted)
    said = {each.said: (each.state, each.remedy) for each in found(registry, "packages")}
    version = metadata.version("numpy")
    assert said[f"numpy {version} is not >=1000"] == (
        environment.WARNING, "pip install 'numpy>=1000'",
    )  # fmt: skip
    assert said["no-such-package is not installed"] == (
        environment.BROKEN, "pip install 'no-such-package>=1'",
    )  # fmt: skip
    assert said["without gone the extra embeddings does not work"][0] == environment.NOTE
    assert "1 packages are here in versions that go together" in said


def test_an_interpreter_outside_the_range_is_broken(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment.platform, "python_version", lambda: "3.9.1")
    (said,) = found(registry, "interpreter")
    assert said.state == environment.BROKEN
    assert "3.9.1" in said.said


def test_a_bound_on_threads_that_is_none_is_a_warning(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "many")
    assert states(registry, "threads") == {environment.WARNING}


def test_plugins_that_fail_are_named(registry: Registry) -> None:
    problem = Problem(Origin("", "", "/there/mine.py"), "it cannot be imported (SyntaxError)")
    broken = Registry(registry.entries, [problem])
    _, said = found(broken, "plugins")
    assert said.state == environment.WARNING
    assert said.said == "/there/mine.py: it cannot be imported (SyntaxError)"


def test_missing_weights_say_what_gets_them(registry: Registry) -> None:
    remedies = [each.remedy for each in found(registry, "weights") if each.remedy]
    assert any(remedy.startswith("merbench weights fetch ") for remedy in remedies)


def test_a_driver_without_a_torch_for_it_is_a_warning(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert states(registry, "GPU") == {environment.OK}
    tool = tmp_path / "nvidia-smi"
    tool.write_text("")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert states(registry, "GPU") == {environment.WARNING}
    monkeypatch.setattr(devices, "present", lambda name: "cuda")
    (said,) = found(registry, "GPU")
    assert (said.state, "`device: cuda`" in said.said) == (environment.OK, True)


def test_what_cannot_be_looked_at_is_a_finding(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> None:
        raise RuntimeError("no such counter")

    monkeypatch.setattr(environment.threads, "cores", fails)
    (said,) = found(registry, "threads")
    assert said.said == "it cannot be looked at (RuntimeError: no such counter)"
