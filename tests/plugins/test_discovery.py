"""Finding and loading plugins: from everywhere, and whatever state they are in."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from plugin_files import faults, model, write

from merbench import Task
from merbench.benchmark.document import read_document
from merbench.benchmark.resolving import resolve
from merbench.benchmark.schema import parse, plugin_paths
from merbench.errors import PluginError
from merbench.plugins import discovery

# As a user writes it, without an annotation: see docs/plugins.md.
NEAREST = '''
from merbench import FeatureKind, Model, Task, hookimpl

class NearestClips(Model):
    """Mean label of the nearest training clips."""
    name = "nearest-clips"
    inputs = FeatureKind.VECTOR
    tasks = frozenset({Task.VA})
    k: int = 5

    def estimator(self, *, task, seed, device):
        from sklearn.neighbors import KNeighborsRegressor
        return KNeighborsRegressor(self.k)

@hookimpl
def merbench_models():
    yield NearestClips
'''


# --- where plugins come from ----------------------------------------------------------------------


def test_the_installed_plugins_are_found_by_their_entry_points() -> None:
    registry = discovery.load_plugins()
    assert {entry.kind for entry in registry.entries.values()} >= {"dataset", "feature"}
    assert {e.origin.distribution for e in registry.entries.values()} == {"merbench"}


def test_a_worker_does_without_what_comes_with_merbench(tmp_path: Path) -> None:
    found = discovery.load_plugins([write(tmp_path / "mine.py", model("mine"))], ours=False)
    assert [entry.name for entry in found.entries.values() if not entry.origin.distribution] == [
        "mine"
    ]
    assert not [entry for entry in found.entries.values() if entry.origin.ours]


def test_a_file_is_loaded(tmp_path: Path) -> None:
    path = write(tmp_path / "mine.py", model("mine"))
    entry = discovery.load_plugins([path]).get("model", "mine")
    assert (entry.kind, entry.name, entry.summary) == ("model", "mine", "A model.")
    assert str(entry.origin) == str(path.resolve())


def test_a_folder_is_loaded_file_by_file_and_package_by_package(tmp_path: Path) -> None:
    write(tmp_path / "one.py", model("one"))
    write(tmp_path / "two" / "__init__.py", "from .inner import Given, merbench_models")
    write(tmp_path / "two" / "inner.py", model("two"))
    write(tmp_path / "_draft.py", model("draft"))
    write(tmp_path / ".hidden.py", model("hidden"))
    write(tmp_path / "notes.txt", "no plugin")
    write(tmp_path / "data" / "three.py", model("three"))
    registry = discovery.load_plugins([tmp_path])
    found = {e.name for e in registry.of_kind("model") if not e.origin.distribution}
    assert found == {"one", "two"}


def test_a_package_can_be_named(tmp_path: Path) -> None:
    write(tmp_path / "two" / "__init__.py", model("two"))
    assert discovery.load_plugins([tmp_path / "two"]).get("model", "two")


def test_a_helper_without_hooks_is_no_problem(tmp_path: Path) -> None:
    path = write(tmp_path / "helper.py", "x = 1\n")
    assert faults(discovery.load_plugins([path]), path) == []


def test_a_path_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match=r"gone\.py does not exist"):
        discovery.load_plugins([tmp_path / "gone.py"])


def test_the_plugins_folder_beside_a_benchmark_is_loaded(tmp_path: Path) -> None:
    write(tmp_path / "plugins" / "nearest.py", NEAREST)
    assert discovery.load_plugins(folder=tmp_path).get("model", "nearest-clips")


def test_the_plugin_of_the_documentation_works_when_dropped_beside_a_spec(tmp_path: Path) -> None:
    write(tmp_path / "plugins" / "nearest.py", NEAREST)
    spec = write(
        tmp_path / "spec.yaml",
        "name: x\ndatasets: [demo]\nfeatures: [compare-2016]\nbaselines: false\n"
        "models: [{nearest-clips: {k: [1, 3]}}]\n",
    )
    document = read_document(spec)
    parsed = parse(document)
    registry = discovery.load_plugins(plugin_paths(document, parsed))
    one, three = resolve(document, parsed, registry).models
    assert [one.settings, three.settings] == [{"k": 1}, {"k": 3}]

    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((6, 3)), rng.uniform(0, 1, (6, 4))
    estimator = one.estimator(task=Task.VA, seed=1, device="cpu")
    np.testing.assert_allclose(estimator.fit(x, y).predict(x), y)


@pytest.mark.parametrize("named", ["plugins/two", "plugins", "plugins/../plugins/two/", "link"])
def test_one_path_is_not_loaded_twice(tmp_path: Path, named: str) -> None:
    write(tmp_path / "plugins" / "two" / "__init__.py", model("two"))
    (tmp_path / "link").symlink_to(tmp_path / "plugins" / "two")
    registry = discovery.load_plugins([tmp_path / named], folder=tmp_path)
    assert registry.get("model", "two")
    assert faults(registry, tmp_path / "plugins" / "two") == []


def test_what_is_installed_is_not_loaded_again_from_its_folder() -> None:
    import merbench_plugins

    folder = Path(merbench_plugins.__file__).parent
    listed = set(discovery.load_plugins().entries)
    assert set(discovery.load_plugins([folder]).entries) == listed
    assert set(discovery.load_plugins([folder / "datasets"]).entries) == listed


def test_a_plugin_has_one_module_name_in_every_process(tmp_path: Path) -> None:
    path = write(tmp_path / "my plugin.py", model("mine"))
    cls = discovery.load_plugins([path]).get("model", "mine").cls
    code = (
        "import pickle, sys; from pathlib import Path\n"
        "from merbench.plugins.discovery import load_plugins\n"
        "load_plugins([Path(sys.argv[1])]); print(pickle.load(sys.stdin.buffer).name)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], input=pickle.dumps(cls()), capture_output=True
    )
    assert done.stdout.decode().strip() == "mine", done.stderr.decode()


def distribution(folder: Path, name: str, module: str, text: str) -> None:
    """Lay out an installed distribution with an entry point."""
    info = folder / f"{name.replace('-', '_')}-1.2.dist-info"
    write(info / "METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
    write(info / "entry_points.txt", f"[merbench]\nthing = {module}\n")
    if text:
        write(folder / f"{module}.py", text)


def loaded_with(folder: Path) -> dict[str, Any]:
    """Load plugins in a process that has the distributions in `folder` installed."""
    code = """
import json, sys
sys.path.insert(0, sys.argv[1])
from merbench.plugins import discovery as plugins
from merbench.errors import PluginError
try:
    registry = plugins.load_plugins()
except PluginError as error:
    print(json.dumps({"error": str(error)}))
else:
    print(json.dumps({
        "models": {e.name: str(e.origin) for e in registry.of_kind("model")},
        "datasets": len(registry.of_kind("dataset")),
        "problems": [str(p) for p in registry.problems],
    }))
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def test_installed_distributions_sound_and_broken(tmp_path: Path) -> None:
    distribution(tmp_path, "sound-thing", "sound_thing", model("sound-model"))
    distribution(tmp_path, "broken-thing", "broken_thing", "import no_such_module\n")
    distribution(tmp_path, "gone-thing", "gone_thing", "")
    result = loaded_with(tmp_path)
    assert result["models"]["sound-model"] == "sound-thing 1.2 (sound_thing)"
    assert result["datasets"] > 0
    broken, gone = [p for p in result["problems"] if "-thing" in p]
    assert broken.startswith("plugin broken-thing 1.2 (broken_thing): it cannot be imported (")
    assert "no_such_module" in broken
    assert gone.startswith("plugin gone-thing 1.2 (gone_thing): it cannot be imported (")


def test_an_installed_distribution_that_exits(tmp_path: Path) -> None:
    distribution(tmp_path, "sound-thing", "sound_thing", model("sound-model"))
    distribution(tmp_path, "leaving-thing", "leaving_thing", "import os\nos._exit(0)\n")
    result = loaded_with(tmp_path)
    assert "sound-model" in result["models"]
    assert result["datasets"] > 0
    assert [p for p in result["problems"] if "-thing" in p] == [
        "plugin leaving-thing 1.2 (leaving_thing): it ended the process with status 0"
    ]


def test_two_distributions_with_one_name_are_an_error_that_names_both(tmp_path: Path) -> None:
    distribution(tmp_path, "first-thing", "first_thing", model("same"))
    distribution(tmp_path, "second-thing", "second_thing", model("same"))
    assert loaded_with(tmp_path)["error"] == (
        "two models are called 'same': one from first-thing 1.2 (first_thing), one from "
        "second-thing 1.2 (second_thing); rename or remove one of them"
    )


def test_two_files_with_one_name_are_an_error_that_names_both(tmp_path: Path) -> None:
    one, two = write(tmp_path / "a.py", model("same")), write(tmp_path / "b.py", model("same"))
    with pytest.raises(PluginError) as caught:
        discovery.load_plugins([one, two])
    assert str(one) in str(caught.value)
    assert str(two) in str(caught.value)


def test_kinds_may_share_a_name(tmp_path: Path) -> None:
    text = model("same") + textwrap.dedent(
        '''
        from merbench import Augmentation
        class Noisy(Augmentation):
            """An augmentation."""
            name = "same"
        @hookimpl
        def merbench_augmentations():
            return [Noisy]
        '''
    )
    registry = discovery.load_plugins([write(tmp_path / "a.py", text)])
    assert registry.find("model/same").kind == "model"
    assert registry.find("augmentation/same").kind == "augmentation"
    with pytest.raises(PluginError, match=r"several plugins: say .*augmentation/same"):
        registry.find("same")
