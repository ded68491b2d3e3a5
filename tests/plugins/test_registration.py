"""Hooks and classes that cannot be registered are problems, and the others are there."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pluggy
import pytest
from plugin_files import faults, model, write

from merbench import ClassAt
from merbench.errors import PluginError
from merbench.plugins import discovery, hookspecs
from merbench.plugins.registration import add_named, register_module
from merbench.plugins.registry import KINDS, OURS, Entry, Origin, Registry

BROKEN = {
    "syntax": ("def f(:\n", r"cannot be imported \(SyntaxError: .*broken\.py"),
    "import": ("import no_such_module\n", r"cannot be imported \(ModuleNotFoundError: .*no_such"),
    "exit": ("import sys\nsys.exit(3)\n", r"cannot be imported \(SystemExit: 3\)"),
    "error": ("\n1 / 0\n", r"cannot be imported \(ZeroDivisionError.*\) at \S+broken\.py:2$"),
    "hook raises": (
        model("x", hook="1 / 0"),
        r"its merbench_models failed \(ZeroDivisionError.*\) at \S+broken\.py:\d+$",
    ),
    "hook exits": (model("x", hook="raise SystemExit"), r"its merbench_models failed \(SystemExit"),
    "hook is a generator that raises": (
        model("x", hook="yield Given; raise ValueError('half-way')"),
        r"its merbench_models failed \(ValueError: half-way\)",
    ),
    "hook yields nothing": (model("x", hook="return None"), "its merbench_models returns None"),
    "hook returns the class": (
        model("x", hook="return Given"),
        "its merbench_models returns Given; let it return a list",
    ),
    "hook is not marked": (
        model("x").replace("@hookimpl\n", ""),
        r"its merbench_models in line \d+ is never called: "
        "write @hookimpl above it",
    ),
    "no method": (
        model("x", "def estimators(self): pass"),
        "the model 'x' has a method `estimators` and no `estimator`; rename it",
    ),
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
    "no component": (
        model("x", hook="return [int]"),
        r"the class int, which is no subclass of merbench\.M",
    ),
    "another kind": (
        model("x", hook="return [Dataset]"),
        r"the class Dataset, which is no subclass of merbench\.Model",
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
    registry = discovery.load_plugins([broken, sound])
    assert registry.get("model", "sound")
    assert ("model", "x") not in registry.entries
    (problem,) = [p for p in registry.problems if p.origin.path == str(broken)]
    assert "\n" not in str(problem)
    assert str(problem).startswith(f"plugin {broken}: ")
    assert re.search(expected, problem.error), problem.error


def test_a_problem_keeps_the_traceback(tmp_path: Path) -> None:
    path = write(tmp_path / "broken.py", "def inner():\n    1 / 0\ninner()\n")
    (problem,) = [p for p in discovery.load_plugins([path]).problems if p.origin.path == str(path)]
    assert "in inner" in problem.trace
    assert "broken.py" in problem.trace


def test_a_file_that_is_no_python_is_a_problem(tmp_path: Path) -> None:
    path = write(tmp_path / "plugin.txt", "hello")
    assert faults(discovery.load_plugins([path]), path) == [
        "it cannot be imported (PluginError: it is not a Python file)"
    ]


def test_one_class_of_two_may_be_broken(tmp_path: Path) -> None:
    more = "class Other(Given):\n    name = 'Wrong Name'\n"
    path = write(tmp_path / "half.py", model("x", hook="return [Other, Given]") + more)
    registry = discovery.load_plugins([path])
    assert registry.get("model", "x")
    assert len(faults(registry, path)) == 1


# --- classes that are named -----------------------------------------------------------------------


def named_in(package: str) -> tuple[Registry, list[Entry]]:
    """Register a package of ours; return what it registered."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    registry = Registry()
    module = importlib.import_module(package)
    register_module(manager, registry, module, Origin(OURS, "1", package))
    return registry, list(registry.entries.values())


@pytest.mark.parametrize("kind", ["datasets", "separators", "augmentations", "features", "models"])
def test_each_class_that_is_named_is_there_and_has_its_name(kind: str) -> None:
    registry, entries = named_in(f"merbench_plugins.{kind}")
    assert entries
    assert not registry.problems
    for entry in entries:
        assert entry.cls.name == entry.name
        assert issubclass(entry.cls, KINDS[entry.kind])


def test_to_register_a_named_class_imports_nothing_of_it() -> None:
    code = (
        "import sys; from merbench.plugins.discovery import load_plugins; r = load_plugins()\n"
        "before = 'merbench_plugins.models.crnn' in sys.modules\n"
        "r.get('model', 'crnn').cls; print(before, 'merbench_plugins.models.crnn' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


def test_no_named_class_is_a_baseline_for_nobody_would_add_it() -> None:
    registry, entries = named_in("merbench_plugins.models")
    baselines = [entry.name for entry in entries if getattr(entry.cls, "baseline", False)]
    assert sorted(baselines) == [cls.name for cls in registry.baselines()]


@pytest.mark.parametrize(
    ("named", "said"),
    [
        (ClassAt("ridge", "merbench_plugins.models.nowhere", "Ridge"), "cannot be imported"),
        (ClassAt("ridge", "merbench_plugins.models.ridge", "Nothing"), "cannot be imported"),
        (ClassAt("crest", "merbench_plugins.models.ridge", "Ridge"), "by the name 'ridge'"),
        (ClassAt("mixed", "merbench_plugins.separators.mixed", "Mixed"), "is no subclass of"),
    ],
)
def test_a_named_class_that_is_not_there_is_said_when_it_is_needed(
    named: ClassAt, said: str
) -> None:
    registry = Registry()
    add_named(registry, "model", named, Origin(OURS, "1", "here"))
    with pytest.raises(PluginError, match=said):
        registry.get("model", named.name).cls  # noqa: B018 - to ask for it imports it


def test_what_others_name_is_imported_at_once(tmp_path: Path) -> None:
    text = (
        "from merbench import ClassAt, hookimpl\n"
        "@hookimpl\ndef merbench_models():\n"
        "    yield ClassAt('nothing', 'there_is_no_such_module', 'Nothing')\n"
    )
    path = write(tmp_path / "naming.py", text)
    registry = discovery.load_plugins([path])
    (problem,) = [p for p in registry.problems if p.origin.path == str(path)]
    assert "there_is_no_such_module" in problem.error
    assert ("model", "nothing") not in registry.entries
