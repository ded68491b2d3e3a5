"""Plugin files that import what lies beside them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from plugin_files import faults, write

from merbench.components.base import source_digest
from merbench.plugins import discovery
from merbench.plugins.importing import import_file
from merbench.testing.chance import files_of_author
from tinybench import TinyBench

MODEL = """
from merbench import FeatureKind, Model, Task, hookimpl
{imports}

class Mine(Model):
    "A model."
    name = "mine"
    inputs = FeatureKind.VECTOR
    tasks = frozenset({{Task.VA}})

    def estimator(self, *, task, seed, device):
        {late}
        return {calls}

@hookimpl
def merbench_models():
    yield Mine
"""
HELPER = "def made():\n    return 'made'\n"


def mine(imports: str = "", calls: str = "made()", late: str = "pass") -> str:
    return MODEL.format(imports=imports, calls=calls, late=late)


def estimator(path: Path) -> object:
    found = discovery.load_plugins([path.parent]).get("model", "mine").cls
    return found().estimator(task=None, seed=0, device="cpu")


@pytest.mark.parametrize(
    ("imports", "calls", "late"),
    [
        ("from my_features import made", "made()", "pass"),
        ("import my_features", "my_features.made()", "pass"),
        ("import my_features as other", "other.made()", "pass"),
        ("from .my_features import made", "made()", "pass"),
        ("from . import my_features", "my_features.made()", "pass"),
        ("", "made()", "from my_features import made"),
    ],
)
def test_a_file_imports_another_of_its_folder(
    tmp_path: Path, imports: str, calls: str, late: str
) -> None:
    write(tmp_path / "my_features.py", HELPER)
    path = write(tmp_path / "my_model.py", mine(imports, calls, late))
    assert faults(discovery.load_plugins([tmp_path]), path) == []
    assert estimator(path) == "made"
    assert not any(name.startswith("my_features") for name in sys.modules)


def test_a_file_imports_a_package_and_that_its_own_files(tmp_path: Path) -> None:
    for imports, calls in (
        ("from my_parts.inner import made", "made()"),
        ("from my_parts import inner", "inner.made()"),
        ("import my_parts.inner", "my_parts.inner.made()"),
    ):
        folder = tmp_path / str(len(imports))
        write(folder / "my_parts" / "__init__.py", "")
        write(folder / "my_parts" / "inner.py", "from .deepest import made\n")
        write(folder / "my_parts" / "deepest.py", HELPER)
        assert estimator(write(folder / "my_model.py", mine(imports, calls))) == "made"


def test_two_folders_may_hold_files_of_one_name(tmp_path: Path) -> None:
    for word in ("one", "two"):
        write(tmp_path / word / "helper_of_both.py", HELPER.replace("'made'", f"'{word}'"))
        path = write(tmp_path / word / "my_model.py", mine("from helper_of_both import made"))
        assert estimator(path) == word


def test_what_is_installed_goes_before_a_file_of_its_name(tmp_path: Path) -> None:
    write(tmp_path / "json.py", "made = None\n")
    path = write(tmp_path / "my_model.py", mine("import json", "json.dumps([])"))
    assert estimator(path) == "[]"


def test_a_class_that_two_files_share_is_one(tmp_path: Path) -> None:
    write(tmp_path / "base_model.py", mine(calls="None"))
    text = (
        "from base_model import Mine, merbench_models\n"
        "class Other(Mine):\n    'Another.'\n    name = 'other'\n"
        "from merbench import hookimpl\n"
        "@hookimpl\ndef merbench_models():\n    return [Mine, Other]\n"
    )
    path = write(tmp_path / "other_model.py", text)
    registry = discovery.load_plugins([tmp_path])
    assert faults(registry, path) == faults(registry, tmp_path / "base_model.py") == []
    assert issubclass(registry.get("model", "other").cls, registry.get("model", "mine").cls)


def test_what_lies_beside_a_file_is_its_source(tmp_path: Path) -> None:
    def digest(folder: str, deepest: str) -> str:
        write(tmp_path / folder / "deepest.py", deepest)
        write(tmp_path / folder / "my_features.py", "from deepest import made\n")
        path = write(tmp_path / folder / "my_model.py", mine("", "None", "import my_features"))
        cls = import_file(path).Mine
        before = source_digest(cls)
        assert {Path(file).name for file in files_of_author(cls())} == {
            "my_model.py", "my_features.py", "deepest.py",
        }  # fmt: skip
        estimator_is_asked(cls)
        assert source_digest(cls) == before
        return before

    def estimator_is_asked(cls: type) -> None:
        cls().estimator(task=None, seed=0, device="cpu")

    assert digest("here", HELPER) == digest("there", HELPER)
    assert digest("edited", HELPER + "# edited\n") != digest("elsewhere", HELPER)


def test_a_missing_file_is_the_error_that_python_gives(tmp_path: Path) -> None:
    path = write(tmp_path / "my_model.py", mine("from my_faetures import made"))
    (fault,) = faults(discovery.load_plugins([tmp_path]), path)
    assert "No module named 'my_faetures'" in fault


def to_do(bench: TinyBench) -> dict[str, int]:
    """What another process finds left to do."""
    tasks = json.loads(bench.call("plan", bench.spec, "--json").stdout)["tasks"]
    return {stage: count["to_do"] for stage, count in tasks.items() if count["to_do"]}


def test_workers_import_it_too_and_an_edit_of_it_is_computed_anew(bench: TinyBench) -> None:
    bench.write_plugin("_loudness", "def loudness(waveform):\n    return [abs(waveform).mean()]\n")
    bench.write_plugin(
        "loud",
        """
from _loudness import loudness
from merbench import FeatureExtractor, FeatureKind, hookimpl

class Loud(FeatureExtractor):
    "Loudness."
    name = "loud"
    kind = FeatureKind.VECTOR

    def extract(self, waveform, sample_rate, *, device):
        return loudness(waveform)

@hookimpl
def merbench_features():
    yield Loud
""",
    )
    bench.write_spec(features=["loud"], separators=["plain"], models=["linear"])
    done = bench.call("run", bench.spec, "--jobs", "2")
    assert done.returncode == 0, done.stderr
    assert to_do(bench) == {}
    helper = bench.folder / "plugins" / "_loudness.py"
    helper.write_text(helper.read_text().replace("mean", "max"))
    assert to_do(bench) == {"extract": 8, "assemble": 1, "fit": 3}
