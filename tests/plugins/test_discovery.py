"""Finding and loading plugins: from everywhere, and whatever state they are in."""

from __future__ import annotations

import json
import os
import pickle
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from merbench import Task
from merbench.benchmark.document import read_document
from merbench.benchmark.resolving import resolve
from merbench.benchmark.schema import parse, plugin_paths
from merbench.errors import MerbenchError, PluginError
from merbench.naming import nearest
from merbench.plugins import discovery, readiness, trial
from merbench.plugins.registry import Registry, split_choice

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


def model(name: str, body: str = "", *, hook: str = "return [Given]") -> str:
    """Source of a plugin file with one model."""
    return f'''
from __future__ import annotations
from merbench import Dataset, FeatureKind, Model, ModelParameter, Task, hookimpl

class Given(Model):
    """A model."""
    name = {name!r}
    inputs = FeatureKind.VECTOR
    tasks = frozenset({{Task.VA}})
{textwrap.indent(textwrap.dedent(body), "    ")}

@hookimpl
def merbench_models():
    {hook}
'''


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def faults(registry: Registry, path: Path) -> list[str]:
    """Return the problems of the plugin at `path`."""
    return [p.error for p in registry.problems if p.origin.path == str(path.resolve())]


# --- where plugins come from ----------------------------------------------------------------------


def test_the_installed_plugins_are_found_by_their_entry_points() -> None:
    registry = discovery.load()
    assert {entry.kind for entry in registry.entries.values()} >= {"dataset", "feature"}
    assert {e.origin.distribution for e in registry.entries.values()} == {"merbench"}


def test_a_file_is_loaded(tmp_path: Path) -> None:
    path = write(tmp_path / "mine.py", model("mine"))
    entry = discovery.load([path]).get("model", "mine")
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
    registry = discovery.load([tmp_path])
    found = {e.name for e in registry.of_kind("model") if not e.origin.distribution}
    assert found == {"one", "two"}


def test_a_package_can_be_named(tmp_path: Path) -> None:
    write(tmp_path / "two" / "__init__.py", model("two"))
    assert discovery.load([tmp_path / "two"]).get("model", "two")


def test_a_helper_without_hooks_is_no_problem(tmp_path: Path) -> None:
    path = write(tmp_path / "helper.py", "x = 1\n")
    assert faults(discovery.load([path]), path) == []


def test_a_path_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match=r"gone\.py does not exist"):
        discovery.load([tmp_path / "gone.py"])


def test_the_plugins_folder_beside_a_benchmark_is_loaded(tmp_path: Path) -> None:
    write(tmp_path / "plugins" / "nearest.py", NEAREST)
    assert discovery.load(folder=tmp_path).get("model", "nearest-clips")


def test_the_plugin_of_the_documentation_works_when_dropped_beside_a_spec(tmp_path: Path) -> None:
    write(tmp_path / "plugins" / "nearest.py", NEAREST)
    spec = write(
        tmp_path / "spec.yaml",
        "name: x\ndatasets: [demo]\nfeatures: [compare-2016]\nbaselines: false\n"
        "models: [{nearest-clips: {k: [1, 3]}}]\n",
    )
    document = read_document(spec)
    parsed = parse(document)
    registry = discovery.load(plugin_paths(document, parsed))
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
    registry = discovery.load([tmp_path / named], folder=tmp_path)
    assert registry.get("model", "two")
    assert faults(registry, tmp_path / "plugins" / "two") == []


def test_what_is_installed_is_not_loaded_again_from_its_folder() -> None:
    import merbench_plugins

    folder = Path(merbench_plugins.__file__).parent
    listed = set(discovery.load().entries)
    assert set(discovery.load([folder]).entries) == listed
    assert set(discovery.load([folder / "datasets"]).entries) == listed


def test_a_plugin_has_one_module_name_in_every_process(tmp_path: Path) -> None:
    path = write(tmp_path / "my plugin.py", model("mine"))
    cls = discovery.load([path]).get("model", "mine").cls
    code = (
        "import pickle, sys; from pathlib import Path\n"
        "from merbench.plugins.discovery import load\n"
        "load([Path(sys.argv[1])]); print(pickle.load(sys.stdin.buffer).name)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], input=pickle.dumps(cls()), capture_output=True
    )
    assert done.stdout.decode().strip() == "mine", done.stderr.decode()


# --- broken plugins -------------------------------------------------------------------------------

BROKEN = {
    "syntax": ("def f(:\n", r"cannot be imported \(SyntaxError: .*broken\.py"),
    "import": ("import no_such_module\n", r"cannot be imported \(ModuleNotFoundError: .*no_such"),
    "exit": ("import sys\nsys.exit(3)\n", r"cannot be imported \(SystemExit: 3\)"),
    "error": ("1 / 0\n", r"cannot be imported \(ZeroDivisionError"),
    "hook raises": (model("x", hook="1 / 0"), r"its merbench_models failed \(ZeroDivisionError"),
    "hook exits": (model("x", hook="raise SystemExit"), r"its merbench_models failed \(SystemExit"),
    "hook is a generator that raises": (
        model("x", hook="yield Given; raise ValueError('half-way')"),
        r"its merbench_models failed \(ValueError: half-way\)",
    ),
    "hook yields nothing": (model("x", hook="return None"), "its merbench_models failed"),
    "hook has an argument": (
        model("x").replace("def merbench_models()", "def merbench_models(registry)"),
        r"cannot be registered .*registry",
    ),
    "hook is misspelt": (
        model("x").replace("def merbench_models()", "def merbench_model()"),
        r"no hook 'merbench_model'; did you mean 'merbench_models'\?",
    ),
    "hook raises an interrupt": (
        model("x", hook="raise KeyboardInterrupt"),
        r"its hooks failed \(KeyboardInterrupt",
    ),
    "hook never ends": (
        model("x", hook="yield from iter(lambda: Given, None)"),
        "its merbench_models yields 10,000 classes or more",
    ),
    "hook wraps": (
        model("x", hook="yield").replace("@hookimpl", "@hookimpl(hookwrapper=True)"),
        "its merbench_models wraps others' hooks",
    ),
    "what is yielded cannot be shown": (
        model("x", hook="return [Odd()]") + "class Odd:\n    def __repr__(self): return 1 / 0\n",
        r"what merbench_models yields cannot be looked at \(ZeroDivisionError",
    ),
    "a version that is no text": (model("x", "version = 2"), "has the version 2; write it as text"),
    "a file of its own making": (
        "__file__ = 7\ndef f(:\n",
        r"cannot be imported \(SyntaxError",
    ),
    "no class": (model("x", hook="return ['ridge']"), r"'ridge', which is no subclass"),
    "no component": (model("x", hook="return [int]"), r"class 'int'.* no subclass of merbench\.M"),
    "another kind": (
        model("x", hook="return [Dataset]"),
        r"Dataset'>, which is no subclass of merbench\.Model",
    ),
    "an instance": (model("x", hook="return [Given()]"), r"which is no subclass"),
    "no name": (model(""), r"class Given has the name ''; set the class attribute `name`"),
    "a name with capitals": (model("Mine"), r"has the name 'Mine'; .*lower-case words"),
    "a name with blanks": (model("my model"), r"has the name 'my model'; .*joined by hyphens"),
    "a name that is no text": (model("x", "name = 7"), r"has the name 7"),
    "no inputs": (
        model("x").replace("    inputs = FeatureKind.VECTOR\n", ""),
        r"model 'x' does not set the class attribute `inputs`",
    ),
    "no tasks": (
        model("x").replace("    tasks = frozenset({Task.VA})\n", ""),
        r"model 'x' does not set the class attribute `tasks`",
    ),
    "inputs of no kind": (
        model("x", "inputs = 'vector'"),
        r"sets `inputs` to 'vector', which is no merbench\.FeatureKind",
    ),
    "tasks of no kind": (
        model("x", "tasks = frozenset({'va'})"),
        r"sets `tasks` to .*'va'.*, which is no merbench\.Task",
    ),
    "a type that is only there for checking": (
        model("x", "d: Decimal = 1"),
        r"a parameter of the type 'Decimal', which is not defined",
    ),
    "a baseline that needs parameters": (
        model("x", "baseline = True\nn: int"),
        r"baseline 'x' is added by itself, so give 'n' a default",
    ),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_plugin_is_a_problem_and_the_others_are_there(tmp_path: Path, fault: str) -> None:
    text, expected = BROKEN[fault]
    broken = write(tmp_path / "broken.py", text)
    sound = write(tmp_path / "sound.py", model("sound"))
    registry = discovery.load([broken, sound])
    assert registry.get("model", "sound")
    assert ("model", "x") not in registry.entries
    (problem,) = [p for p in registry.problems if p.origin.path == str(broken)]
    assert "\n" not in str(problem)
    assert str(problem).startswith(f"plugin {broken}: ")
    assert re.search(expected, problem.error), problem.error


def test_a_problem_keeps_the_traceback(tmp_path: Path) -> None:
    path = write(tmp_path / "broken.py", "def inner():\n    1 / 0\ninner()\n")
    (problem,) = [p for p in discovery.load([path]).problems if p.origin.path == str(path)]
    assert "in inner" in problem.trace
    assert "broken.py" in problem.trace


def test_a_file_that_is_no_python_is_a_problem(tmp_path: Path) -> None:
    path = write(tmp_path / "plugin.txt", "hello")
    assert faults(discovery.load([path]), path) == [
        "it cannot be imported (PluginError: it is not a Python file)"
    ]


def test_one_class_of_two_may_be_broken(tmp_path: Path) -> None:
    more = "class Other(Given):\n    name = 'Wrong Name'\n"
    path = write(tmp_path / "half.py", model("x", hook="return [Other, Given]") + more)
    registry = discovery.load([path])
    assert registry.get("model", "x")
    assert len(faults(registry, path)) == 1


def test_an_interrupt_by_the_user_is_no_problem_of_a_plugin(tmp_path: Path) -> None:
    path = write(tmp_path / "slow.py", "import time\ntime.sleep(60)\n")
    interrupt = threading.Timer(2.0, os.kill, (os.getpid(), signal.SIGINT))
    interrupt.start()
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        discovery.load([path])
    assert time.monotonic() - started < 30


# What a plugin may do to its process, and what is said of it. `AT` is where it does.
ACTS = {
    "exits": ("sys.exit(0)", "SystemExit: 0"),
    "ends the process": ("os._exit(0)", "it ended the process with status 0"),
    "becomes another program": ("os.execv('/bin/true', ['true'])", "ended the process with status"),
    "interrupts": ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    "raises what nobody catches": ("raise BaseException('odd')", "BaseException: odd"),
    "raises what raises": (
        "raise type('Odd', (Exception,), {'__str__': lambda self: 1 / 0})()",
        "Odd: its text cannot be shown, for asking for it raised ZeroDivisionError",
    ),
    "is killed": ("os.kill(os.getpid(), 9)", "it crashed the process by SIGKILL"),
    "crashes": ("ctypes.string_at(0)", r"it crashed the process by SIGSEGV at .*odd\.py:\d+"),
    "closes standard output": ("sys.stdout.close()", "it closed standard output"),
    "closes its file": ("os.close(1)", "it closed standard output"),
    "sleeps": ("time.sleep(600)", r"it took longer than 5 s at .*odd\.py:\d+, in"),
    "waits for itself": (
        "lock = threading.Lock(); lock.acquire(); lock.acquire()",
        r"it took longer than 5 s at .*odd\.py:\d+, in .*; raise --timeout",
    ),
    "holds Python's lock": ("ctypes.PyDLL(None).sleep(600)", r"longer than 5 s at .*odd\.py:\d+"),
    "catches everything": (
        "exec('while True:\\n try: time.sleep(600)\\n except BaseException: pass')",
        "it took longer than 5 s",
    ),
}
IMPORTS = "import ctypes, os, sys, threading, time\n"


@pytest.fixture
def impatient() -> Iterator[None]:
    trial.wait_at_most(trial.LEAST)
    yield
    trial.wait_at_most(None)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("act", ACTS)
def test_whatever_an_import_does_is_a_problem_and_the_others_are_there(
    tmp_path: Path, act: str
) -> None:
    does, expected = ACTS[act]
    odd = write(tmp_path / "odd.py", f"{IMPORTS}{does}\n")
    sound = write(tmp_path / "sound.py", model("sound"))
    registry = discovery.load([odd, sound])
    assert registry.get("model", "sound")
    (fault,) = faults(registry, odd)
    assert re.search(expected, fault), fault
    assert "\n" not in fault


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("act", ["ends the process", "interrupts", "sleeps"])
def test_whatever_a_hook_does_is_a_problem(tmp_path: Path, act: str) -> None:
    does, expected = ACTS[act]
    odd = write(tmp_path / "odd.py", model("x", hook=f"{does}; yield Given") + IMPORTS)
    (fault,) = faults(discovery.load([odd]), odd)
    assert re.search(expected, fault), fault


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("act", ACTS)
def test_whatever_ready_does_is_said_of_the_component(tmp_path: Path, act: str) -> None:
    does, expected = ACTS[act]
    body = f"def ready(self):\n    {does}"
    odd = write(tmp_path / "odd.py", model("odd", body) + IMPORTS)
    component = discovery.load([odd]).build("model", "odd", {})
    with pytest.raises(readiness.NotAskedError) as caught:
        readiness.ready(component)
    assert re.search(f"odd is not ready: .*{expected}", str(caught.value)), caught.value


def test_ready_is_asked_of_a_folders_and_of_a_wrapped_plugin(tmp_path: Path) -> None:
    inner = model("inner", "def ready(self):\n    raise MerbenchError('get the weights')")
    text = inner.replace("import Dataset", "import Dataset, MerbenchError")
    write(tmp_path / "two" / "__init__.py", "from .inner import Given, merbench_models")
    write(tmp_path / "two" / "inner.py", text)
    wrapper = model("wrapper", "model: ModelParameter\ndef ready(self):\n    self.model.ready()")
    write(tmp_path / "wrapper.py", wrapper)
    registry = discovery.load([tmp_path])
    for name, given in (("inner", {}), ("wrapper", {"model": "inner"})):
        with pytest.raises(MerbenchError, match=r"^get the weights$"):
            readiness.ready(registry.build("model", name, given))


def test_what_is_ready_says_nothing(tmp_path: Path) -> None:
    path = write(tmp_path / "mine.py", model("mine"))
    readiness.ready(discovery.load([path]).build("model", "mine", {}))


def test_a_plugin_changes_nothing_of_the_process_in_passing(tmp_path: Path) -> None:
    text = (
        "import os, signal, sys, warnings\nos.chdir('/')\nwarnings.simplefilter('error')\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\nsys.setrecursionlimit(5000)\n"
        "sys.excepthook = None\nsys.stdout = sys.stderr\n"
    )
    path = write(tmp_path / "rude.py", model("rude") + text)

    def surroundings() -> list[Any]:
        handler = signal.getsignal(signal.SIGINT)
        filters = list(warnings.filters)
        return [Path.cwd(), handler, filters, sys.getrecursionlimit(), sys.excepthook, sys.stdout]

    before = surroundings()
    assert discovery.load([path]).get("model", "rude")
    assert surroundings() == before


def test_what_a_plugin_prints_goes_to_standard_error(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    talk = "print('python'); os.write(1, b'below\\n'); os.system('echo child')\n"
    path = write(tmp_path / "talks.py", model("talks") + f"import os\n{talk}")
    assert discovery.load([path]).get("model", "talks")
    out, err = capfd.readouterr()
    assert out == ""
    assert sorted(err.split()) == ["below", "child", "python"]


@pytest.mark.parametrize(
    ("patch", "named"),
    [
        ("numpy.mean = lambda *a, **k: 0.0", "numpy.mean"),
        ("import functools\n@functools.wraps(numpy.mean)\ndef mean(*a): pass\nnumpy.mean = mean",
         "numpy.mean"),
        ("import math\nmath.log = merbench_models", "math.log"),
        ("import merbench.errors\nclass E(Exception): pass\nmerbench.errors.StoreError = E",
         "merbench.errors.StoreError"),
    ],
)  # fmt: skip
def test_a_plugin_that_replaces_somebody_elses_function_is_refused(
    tmp_path: Path, patch: str, named: str
) -> None:
    path = write(tmp_path / "patches.py", model("patches") + f"import numpy\n{patch}\n")
    before = np.mean
    registry = discovery.load([path])
    assert faults(registry, path)[0].startswith(f"it puts its own function in place of {named},")
    assert ("model", "patches") not in registry.entries
    assert np.mean is before


def test_a_copy_of_the_process_that_a_plugin_leaves_behind_does_not_go_on(tmp_path: Path) -> None:
    path = write(tmp_path / "forks.py", "import os\nos.fork()\n" + model("forks"))
    code = (
        "import sys; from pathlib import Path; from merbench import plugins\n"
        "print(len(plugins.load([Path(sys.argv[1])]).of_kind('model')))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True)
    assert len(done.stdout.split()) == 1, done


def test_a_title_that_raises_or_is_no_line_of_text_is_said(tmp_path: Path) -> None:
    def built(body: str) -> None:
        path = write(tmp_path / f"p{abs(hash(body))}.py", model("titled", body))
        discovery.load([path]).build("model", "titled", {})

    with pytest.raises(PluginError, match=r"model 'titled' cannot say its title \(ZeroDivision"):
        built("@property\ndef title(self): return 1 / 0")
    with pytest.raises(PluginError, match=r"cannot say its title \(SystemExit: 0\)"):
        built("@property\ndef title(self): raise SystemExit(0)")
    for title in ("7", "''", "'a\\nb'", "'\\x1b[31mred'"):
        with pytest.raises(PluginError, match=r"has the title .*, which is no line of text"):
            built(f"@property\ndef title(self): return {title}")


def test_a_component_that_cannot_be_built_is_said(tmp_path: Path) -> None:
    body = "def model_post_init(self, context): raise KeyError('weights')"
    path = write(tmp_path / "mine.py", model("mine", body))
    with pytest.raises(PluginError, match=r"model 'mine' cannot be built \(KeyError: 'weights'\)"):
        discovery.load([path]).build("model", "mine", {})


def test_a_plugin_that_failed_is_tried_anew(tmp_path: Path) -> None:
    path = write(tmp_path / "mine.py", "1 / 0\n")
    assert faults(discovery.load([path]), path)
    write(path, model("mine") + "# of another length\n")
    registry = discovery.load([path])
    assert faults(registry, path) == []
    assert registry.get("model", "mine")


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
    registry = plugins.load()
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
        discovery.load([one, two])
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
    registry = discovery.load([write(tmp_path / "a.py", text)])
    assert registry.find("model/same").kind == "model"
    assert registry.find("augmentation/same").kind == "augmentation"
    with pytest.raises(PluginError, match=r"several plugins: say .*augmentation/same"):
        registry.find("same")


# --- naming components ----------------------------------------------------------------------------


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    wrapper = model("wrapper", "model: ModelParameter\nscale: float = 1.0").replace("Given", "Wrap")
    paths = [
        write(tmp_path / "plain.py", model("plain", "k: int = 1\nrate: float = 0.5")),
        write(tmp_path / "wrapper.py", wrapper),
    ]
    return discovery.load(paths)


def test_the_nearest_right_name_is_offered(registry: Registry) -> None:
    with pytest.raises(PluginError, match=r"there is no model 'plian'; did you mean 'plain'\?"):
        registry.get("model", "plian")
    with pytest.raises(PluginError, match=r"there is no plugin 'plian'; did you mean 'plain'\?"):
        registry.find("plian")
    with pytest.raises(PluginError, match=r"there is no plugin 'dataset/plain'"):
        registry.find("dataset/plain")
    with pytest.raises(PluginError, match=r"there is no model 'zzz'; choose from .*plain.*wrapper"):
        registry.get("model", "zzz")


def test_a_name_that_is_not_found_may_be_that_of_a_broken_plugin(tmp_path: Path) -> None:
    path = write(tmp_path / "broken.py", "import no_such_module\n")
    with pytest.raises(PluginError, match=r"no model 'mine'.*broken\.py: it cannot be imported"):
        discovery.load([path]).get("model", "mine")


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


def test_nearest_ends_an_error() -> None:
    assert nearest("modle", ["model", "other"]) == "; did you mean 'model'?"
    assert nearest("zzz", ["b", "a"]) == "; choose from a, b"
    assert nearest("zzz", []) == ""
