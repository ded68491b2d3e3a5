"""Benchmarks called by name."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from merbench.benchmark import shipped
from merbench.benchmark.schema import parse, plugin_paths
from merbench.errors import SpecError

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_wheel_has_every_benchmark_of_the_checkout() -> None:
    settings = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    included = settings["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    inside = {Path(to).stem: REPOSITORY / source for source, to in included.items()}
    assert inside == shipped.shipped()
    assert {Path(to).parent for to in included.values()} == {Path("merbench/benchmark/files")}


def test_every_benchmark_can_be_read_by_its_name(here: Path) -> None:
    for name in shipped.shipped():
        assert parse(shipped.read_benchmark(name)).name


def test_data_and_plugins_of_a_named_benchmark_are_those_of_the_current_folder(here: Path) -> None:
    (here / "plugins").mkdir()
    document = shipped.read_benchmark("pmemo")
    root = document.data["datasets"][0]["pmemo"]["root"]
    assert document.file(("datasets", 0, "pmemo", "root"), root) == here / "data/PMEmo2019"
    assert plugin_paths(document, parse(document)) == [here / "plugins"]


def test_a_users_own_benchmark_goes_before_ours_and_a_file_before_both(here: Path) -> None:
    (here / "benchmarks").mkdir()
    (here / "benchmarks/demo.yaml").write_text("name: mine\n")
    own = shipped.read_benchmark("demo")
    assert own.data == {"name": "mine"}
    assert own.folder == here / "benchmarks"
    (here / "demo").write_text("name: file\n")
    assert shipped.read_benchmark("demo").data == {"name": "file"}


def test_what_is_neither_file_nor_benchmark_is_one_sentence(here: Path) -> None:
    with pytest.raises(SpecError) as caught:
        shipped.read_benchmark("pmeno.yaml")
    assert str(caught.value) == (
        "pmeno.yaml: there is no such file, nor a benchmark of this name; did you mean 'pmemo'?"
    )
    with pytest.raises(SpecError, match=r"choose from chang2024, deam, demo, "):
        shipped.read_benchmark("xyz")


def test_a_folder_is_told_from_the_benchmark_file_in_it(here: Path) -> None:
    (here / "study").mkdir()
    with pytest.raises(SpecError, match="study is a folder; name a benchmark file"):
        shipped.read_benchmark("study")
    (here / "study/other.yaml").touch()
    with pytest.raises(SpecError, match=r"study is a folder; did you mean study/other\.yaml\?"):
        shipped.read_benchmark("study")
    (here / "study/benchmark.yaml").touch()
    with pytest.raises(SpecError, match=r"did you mean study/benchmark\.yaml\?"):
        shipped.read_benchmark("study/")
    (here / "demo").mkdir()
    assert shipped.read_benchmark("demo").data["name"] == "demo", "a folder is no benchmark"
