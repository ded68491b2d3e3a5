"""Engines by name: the one that comes with merbench, and the one that the documentation writes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from in_process import call_merbench
from merbench import Engine, EngineOptions
from merbench.engines import catalogue
from merbench.engines.local import LocalEngine
from merbench.errors import MerbenchError
from merbench.plugins import discovery
from merbench.plugins.registry import Registry
from merbench.testing import check

DOCS = Path(__file__).resolve().parents[2] / "docs" / "plugins.md"


@pytest.fixture
def threads(tmp_path: Path) -> Path:
    """The engine of the documentation, as a plugin file."""
    (code,) = [
        block.partition("```")[0]
        for block in DOCS.read_text().split("```python\n")[1:]
        if "class Threads(Engine)" in block
    ]
    path = tmp_path / "threads.py"
    path.write_text(code)
    return path


def test_local_is_there_without_any_plugin(tmp_path):
    chosen = catalogue.engine(Registry(), "local")
    options = EngineOptions(tmp_path, jobs=3, timeout=2.5, memory_limit=2**30)
    with chosen.start(options) as place:
        assert isinstance(place, LocalEngine)
        assert (place.slots, place.timeout, place.memory_limit) == (3, 2.5, 2**30)
        assert place.store.folder == tmp_path


def test_as_many_jobs_as_cores_where_none_are_said(tmp_path, monkeypatch):
    monkeypatch.setattr("merbench.threads.cores", lambda: 7)
    place = catalogue.Local().start(EngineOptions(tmp_path))
    assert place.slots == 7  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "assignments", "says"),
    [
        ("locl", (), "there is no engine 'locl'; did you mean 'local'?"),
        ("threads", ("most=many",), "most"),
        ("threads", ("least=1",), "least"),
    ],
)
def test_a_wrong_name_or_parameter_is_a_sentence(threads, name, assignments, says):
    with pytest.raises(MerbenchError) as error:
        catalogue.engine(discovery.load_plugins([threads]), name, assignments)
    assert says in str(error.value)


def test_a_second_local_is_an_error_that_names_both(tmp_path):
    (tmp_path / "mine.py").write_text(
        "from merbench import Engine, hookimpl\n\n"
        "class Local(Engine):\n    'Another.'\n    name = 'local'\n\n"
        "@hookimpl\ndef merbench_engines():\n    yield Local\n"
    )
    registry = discovery.load_plugins([tmp_path / "mine.py"])
    with pytest.raises(MerbenchError, match=r"two engines are called 'local'.*mine.py.*merbench"):
        catalogue.with_ours(registry)


@pytest.mark.parametrize("name", ["local", "threads"])
def test_engines_keep_their_contract(threads, name):
    registry = catalogue.with_ours(discovery.load_plugins([threads]))
    results = check(registry.get("engine", name), registry)
    failed = {r.check: r.detail for r in results if r.status != "passed"}
    assert set(failed) <= {"documents its parameters"}  # the example is short
    assert "does steps, and says how each ended" in [r.check for r in results]


def test_an_engine_that_loses_failures_is_caught(tmp_path):
    (tmp_path / "rosy.py").write_text(
        "import contextlib\nfrom concurrent.futures import Future\n"
        "from merbench import Engine, hookimpl\n\n"
        "class Place:\n    slots = 1\n\n    def submit(self, step):\n"
        "        done = Future()\n        done.set_result(None)\n        return done\n\n"
        "class Rosy(Engine):\n    'Says that all is well.'\n    name = 'rosy'\n\n"
        "    def start(self, options):\n        return contextlib.nullcontext(Place())\n\n"
        "@hookimpl\ndef merbench_engines():\n    yield Rosy\n"
    )
    registry = discovery.load_plugins([tmp_path / "rosy.py"])
    (result,) = [r for r in check(registry.get("engine", "rosy"), registry) if "steps" in r.check]
    assert result.status == "failed"
    assert "ended with None" in result.detail


def test_a_run_on_a_plugins_engine_is_the_same_run(bench, threads):
    bench.write_plugin("threads", threads.read_text())
    runs = {}
    for name in ("threads", "local"):
        other = bench.with_home(name)
        out = bench.folder / "runs" / name
        chosen = ("--engine", name, *(("--engine-set", "most=2") if name == "threads" else ()))
        done = call_merbench(
            "run", bench.spec, "--out", out, *chosen, environment=other.variables()
        )
        assert done.returncode == 0, done.stderr
        manifest = json.loads((out / "manifest.json").read_text())
        runs[name] = ([cell["id"] for cell in manifest["cells"]], other.results())
    assert runs["threads"] == runs["local"]


def test_an_engine_is_a_component():
    assert issubclass(catalogue.Local, Engine)
    assert catalogue.Local().identity()["name"] == "local"
