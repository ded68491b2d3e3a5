"""`merbench plugins`: list, show and check."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from merbench.benchmark.protocols import PROTOCOLS
from merbench.cli import app
from merbench.plugins import discovery, registry

MINE = '''
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from merbench import FeatureExtractor, FeatureKind, MerbenchError, Separator, hookimpl


class Level(FeatureExtractor):
    """Level in powers of a base.

    More on it in a second paragraph.
    """

    name = "level"
    kind = FeatureKind.VECTOR

    power: float = Field(2.0, gt=0, description="Exponent.")
    unit: Literal["dB", "bel"] = Field("dB", description="Unit; [dB] or [bel].")
    table: Path | None = Field(None, description="Where a table lies.")
    names: tuple[str, ...] = Field((), description="Names.")

    def extract(self, waveform, sample_rate, *, device):
        return np.array([np.mean(np.abs(waveform) ** self.power)]) + self.offset()

    def offset(self):
        return OFFSET


class Lost(Separator):
    """A separator that cannot work here."""

    name = "lost"
    stems = ("vocals",)

    scale: float = Field(description="Scale.")

    def ready(self):
        raise MerbenchError("lost needs weights; get them")


@hookimpl
def merbench_features():
    return [Level]


@hookimpl
def merbench_separators():
    return [Lost]
'''


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text(MINE.replace("OFFSET", "0"))
    return path


def test_list_shows_every_plugin_by_kind_and_name(call: Any) -> None:
    done = call("plugins", "list", "--json")
    assert done.status == 0
    listed = [(p["kind"], p["name"]) for p in done.json]
    others = {("engine", "dask"), ("engine", "local"), *(("protocol", p) for p in PROTOCOLS)}
    assert set(listed) == {*discovery.load_plugins().entries, *others}
    kinds = list(registry.KINDS)
    assert listed == sorted(listed, key=lambda pair: (kinds.index(pair[0]), pair[1]))
    assert all(p["summary"] and p["version"] and p["source"] for p in done.json)
    assert {p["distribution"] for p in done.json} == {"merbench"}


def test_list_as_a_table_names_the_same(call: Any) -> None:
    names = {p["name"] for p in call("plugins", "list", "--json").json}
    lines = call("plugins", "list").stdout.splitlines()
    assert names <= {word for line in lines for word in line.split()[1:2]}


def test_list_of_one_kind(call: Any) -> None:
    done = call("plugins", "list", "--kind", "dataset", "--json")
    assert {p["kind"] for p in done.json} == {"dataset"}
    assert call("plugins", "list", "--kind", "dataste").error == (
        "there is no kind 'dataste'; did you mean 'dataset'?"
    )


def test_plugins_of_a_file_and_beside_the_working_folder_are_listed(call: Any, mine: Path) -> None:
    def names() -> set[str]:
        return {p["name"] for p in call("plugins", "list", "--json").json}

    assert "level" not in names()
    with_file = call("plugins", "list", "--plugins", mine, "--json").json
    (level,) = [p for p in with_file if p["name"] == "level"]
    assert (level["distribution"], level["source"]) == ("", str(mine))
    Path("plugins").mkdir()
    (Path("plugins") / "beside.py").write_text(mine.read_text())
    assert "level" in names()


def test_a_broken_plugin_is_a_warning_that_leaves_json_alone(call: Any, tmp_path: Path) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("import no_such_module\n")
    done = call("plugins", "list", "--plugins", broken, "--json")
    assert done.status == 1
    assert {p["name"] for p in done.json} >= {"demo"}
    assert f"warning: plugin {broken}: it cannot be imported (ModuleNotFoundError" in done.stderr
    assert "Traceback" not in done.stderr
    traced = call("--debug", "plugins", "list", "--plugins", broken, "--json")
    assert "Traceback" in traced.stderr


def test_a_plugin_file_that_is_not_there_is_an_error(call: Any, tmp_path: Path) -> None:
    error = call("plugins", "list", "--plugins", tmp_path / "gone.py").error
    assert error == f"the plugin {tmp_path / 'gone.py'} does not exist; correct its path"


def test_show_as_json(call: Any, mine: Path) -> None:
    document = call("plugins", "show", "level", "--plugins", mine, "--json").json
    assert document["name"] == "level"
    assert document["kind"] == "feature"
    assert document["summary"] == "Level in powers of a base."
    assert document["documentation"].endswith("More on it in a second paragraph.")
    assert document["attributes"] == {
        "kind": "vector",
        "needs_published": False,
        "uses_device": False,
        "at_once": 1,
    }
    assert document["parameters"]["power"] == {
        "type": "float",
        "required": False,
        "default": 2.0,
        "description": "Exponent.",
    }
    assert document["parameters"]["unit"]["type"] == "'dB' | 'bel'"
    assert document["parameters"]["table"]["type"] == "Path | None"
    assert document["parameters"]["names"]["default"] == []
    assert document["schema"]["properties"]["power"]["exclusiveMinimum"] == 0
    assert "trainable_parameters" not in document


def test_show_in_words(call: Any, mine: Path) -> None:
    text = call("plugins", "show", "level", "--plugins", mine).stdout
    assert "More on it in a second paragraph." in text
    assert "Unit; [dB] or [bel]." in text  # no markup
    text = call("plugins", "show", "separator/lost", "--plugins", mine).stdout
    assert "required" in text


@pytest.mark.parametrize("entry", discovery.load_plugins().entries.values(), ids=lambda e: e.name)
def test_show_works_for_every_plugin(call: Any, entry: registry.Entry) -> None:
    document = call("plugins", "show", f"{entry.kind}/{entry.name}", "--json").json
    names = {info.alias or key for key, info in entry.cls.model_fields.items()}
    assert set(document["parameters"]) == names
    assert all(p["description"] for p in document["parameters"].values())
    text = call("plugins", "show", f"{entry.kind}/{entry.name}").stdout
    assert all(name in text for name in names)


def test_show_counts_the_published_networks_parameters(call: Any) -> None:
    document = call("plugins", "show", "crnn", "--json").json
    assert document["trainable_parameters"] == {"1": 5_966_116, "4": 5_970_916}
    assert "5,966,116 (stems: 1)" in call("plugins", "show", "crnn").stdout


def test_show_of_what_is_not_there(call: Any) -> None:
    error = call("plugins", "show", "compare-2061").error
    assert error.startswith("there is no plugin 'compare-2061'; did you mean 'compare-2016'?")


def test_check_of_a_sound_plugin(call: Any, mine: Path) -> None:
    done = call("plugins", "check", "level", "--plugins", mine, "--json")
    assert done.status == 0
    assert {r["status"] for r in done.json} == {"passed"}
    table = call("plugins", "check", "level", "--plugins", mine)
    assert table.status == 0
    assert all(r["check"] in table.stdout for r in done.json)


def test_check_of_a_broken_plugin_is_status_1_and_says_what(call: Any, tmp_path: Path) -> None:
    path = tmp_path / "chance.py"
    path.write_text(MINE.replace("OFFSET", "np.random.rand()"))
    done = call("plugins", "check", "level", "--plugins", path, "--json")
    assert done.status == 1
    failed = {r["check"]: r["detail"] for r in done.json if r["status"] == "failed"}
    assert "two runs differ" in failed["is deterministic"] or "numpy" in failed["is deterministic"]
    table = call("plugins", "check", "level", "--plugins", path)
    assert (table.status, "failed" in table.stdout) == (1, True)


def test_check_takes_parameters(call: Any, mine: Path) -> None:
    def lost(*arguments: str) -> dict[str, str]:
        done = call("plugins", "check", "lost", "--plugins", mine, *arguments, "--json")
        return {r["check"]: r["detail"] for r in done.json if r["status"] != "passed"}

    assert lost() == {"can be built": "scale: Field required"}
    assert lost("--set", "scale=2.5") == {"does its work": "lost needs weights; get them"}
    error = call("plugins", "check", "lost", "--plugins", mine, "--set", "scale").error
    assert error == "--set scale: write it as KEY=VALUE, as in --set seed=7"
    error = call("plugins", "check", "lost", "--plugins", mine, "--set", "scale=[1").error
    assert error.startswith("--set scale=[1: this is no YAML")


def test_json_is_json_for_every_value() -> None:
    from merbench.cli.display import _finite

    value = {"a": float("nan"), 5: [float("inf"), (1.5, None)]}
    assert json.dumps(_finite(value)) == '{"a": null, "5": [null, [1.5, null]]}'


# --- plugins that misbehave -----------------------------------------------------------------------


def readme_example() -> str:
    """Return the plugin that the README shows."""
    text = (Path(__file__).parents[2] / "README.md").read_text()
    (example,) = [b for b in text.split("```python\n")[1:] if "@hookimpl" in b]
    return example.partition("```")[0]


def test_the_readmes_own_example_passes_its_checks(call: Any) -> None:
    Path("plugins").mkdir()
    Path("plugins", "nearest.py").write_text(readme_example())
    done = call("plugins", "check", "nearest-clips", "--json")
    assert [r for r in done.json if r["status"] == "failed"] == []
    assert done.status == 0


NOISY = """
import os
print("imported")
os.write(1, b"below Python\\n")
os.system("echo a child process")


class Noisy(Level):
    '''Prints.'''

    name = "noisy"

    def __init__(self, **parameters):
        super().__init__(**parameters)
        print("built")
        os.system("echo built")

    def ready(self):
        print("asked")
        os.write(1, b"asked\\n")

    def extract(self, waveform, sample_rate, *, device):
        print("extracted")
        os.write(1, b"extracted\\n")
        return super().extract(waveform, sample_rate, device=device)
"""


def noisy(path: Path, name: str = "noisy.py") -> Path:
    written = path / name
    text = MINE.replace("OFFSET", "0").replace("return [Level]", "print('hook'); return [Noisy]")
    written.write_text(text + NOISY)
    return written


@pytest.mark.parametrize(
    "arguments",
    [
        ("plugins", "list", "--json"),
        ("plugins", "show", "noisy", "--json"),
        ("plugins", "check", "noisy", "--json"),
        ("data", "list", "--json"),
    ],
)
def test_what_a_plugin_prints_corrupts_no_json(
    program: Any, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    (tmp_path / "plugins").mkdir()
    noisy(tmp_path / "plugins")
    done = program(*arguments)
    assert done.status == 0, done
    assert done.json
    assert {"imported", "below Python", "a child process"} <= set(done.stderr.splitlines())


def test_what_a_plugin_prints_corrupts_no_plan(program: Any, tmp_path: Path) -> None:
    (tmp_path / "plugins").mkdir()
    noisy(tmp_path / "plugins")
    spec = tmp_path / "spec.yaml"
    spec.write_text(
        "name: x\ndatasets: [{demo: {n_clips: 10}}]\nseparators: [mixed]\nfeatures: [noisy]\n"
        "models: [ridge]\nprotocol: {monte-carlo: {folds: 1, test_fraction: 0.5, seed: 1}}\n"
    )
    done = program("plan", spec, "--json")
    assert [cell["error"] for cell in done.json["cells"]] == [""] * len(done.json["cells"])


def test_a_run_goes_on_without_plugins_that_leave_or_hang(program: Any, tmp_path: Path) -> None:
    folder = tmp_path / "plugins"
    folder.mkdir()
    noisy(folder)
    (folder / "leaves.py").write_text("import os\nos._exit(0)\n")
    (folder / "hangs.py").write_text("import time\ntime.sleep(600)\n")
    spec = tmp_path / "spec.yaml"
    spec.write_text(
        "name: x\ndatasets: [{demo: {n_clips: 10}}]\nseparators: [mixed]\nfeatures: [noisy]\n"
        "models: [ridge]\nprotocol: {monte-carlo: {folds: 1, test_fraction: 0.5, seed: 1}}\n"
    )
    done = program("run", spec, "--timeout", "10", "--jobs", "1")
    assert done.status == 0, done
    warnings = [line for line in done.stderr.splitlines() if line.startswith("warning: plugin")]
    assert len(warnings) == 2
    assert (
        f"{folder / 'hangs.py'}: it took longer than 10 s at {folder / 'hangs.py'}:2"
        in (warnings[0])
    )
    assert "leaves.py: it ended the process with status 0" in warnings[1]


@pytest.mark.parametrize(
    ("does", "said"),
    [
        ("raise KeyError('t')", "a plugin failed at {at} (KeyError: 't')"),
        ("raise SystemExit(0)", "a plugin ended the command at {at} (SystemExit: 0)"),
        ("import os; os._exit(0)", "a plugin ended the command at {at} (SystemExit: 0)"),
    ],
)
def test_what_a_plugin_does_wherever_it_is_called_is_said_with_its_line(
    call: Any, tmp_path: Path, does: str, said: str
) -> None:
    Path("plugins").mkdir()
    path = (Path("plugins") / "odd.py").resolve()
    asked = f"    @property\n    def settings(self):\n        {does}\n\n    def offset"
    path.write_text(MINE.replace("OFFSET", "0").replace("    def offset", asked))
    spec = tmp_path / "here" / "spec.yaml"
    spec.write_text(
        "name: x\ndatasets: [{demo: {n_clips: 10}}]\nfeatures: [level]\nmodels: [ridge]\n"
    )
    line = next(n for n, text in enumerate(path.read_text().splitlines(), 1) if does in text)
    error = call("plan", spec).error
    assert error == f"{said.format(at=f'{path}:{line}')}; correct it, or take it out"


LEAVES = """

class Leaves(Level):
    \"\"\"Leaves.\"\"\"

    name = "leaves"

    def ready(self):
        import os, sys, time
        LEAVES
"""


@pytest.mark.parametrize(
    ("act", "said"),
    [
        ("os._exit(0)", "it ended the process with status 0"),
        ("sys.exit(0)", "SystemExit: 0"),
        ("time.sleep(600)", "it took longer than 5 s at "),
        ("os.close(1)", "it closed standard output"),
    ],
)
def test_a_check_names_what_ready_does(program: Any, tmp_path: Path, act: str, said: str) -> None:
    path = tmp_path / "leaves.py"
    text = MINE.replace("OFFSET", "0").replace("return [Level]", "return [Leaves]")
    path.write_text(text + LEAVES.replace("LEAVES", act))
    done = program("plugins", "check", "leaves", "--plugins", path, "--timeout", "5", "--json")
    assert done.status == 1
    detail = done.json[-1]["detail"]
    assert detail.startswith(f"leaves is not ready: {said}")
    if "longer" in said:
        assert f"{path}:" in detail


@pytest.mark.parametrize("command", [("list",), ("check", "demo")])
@pytest.mark.parametrize("act", ["os._exit(0)", "os.execv('/bin/true', ['true'])", "os.close(1)"])
def test_an_import_that_leaves_is_named_and_the_others_are_there(
    program: Any, tmp_path: Path, act: str, command: tuple[str, ...]
) -> None:
    path = tmp_path / "leaves.py"
    path.write_text(f"import os\n{act}\n")
    done = program("plugins", *command, "--plugins", path, "--json")
    assert done.status == (1 if command[0] == "list" else 0), done
    assert done.json
    assert done.stderr.startswith(f"warning: plugin {path}: it ")


EXITS_LATER = """

class Exits(Level):
    \"\"\"Exits.\"\"\"

    name = "exits"

    def extract(self, waveform, sample_rate, *, device):
        raise SystemExit(0)
"""


def test_a_check_outlives_what_exits_in_its_work(call: Any, tmp_path: Path) -> None:
    path = tmp_path / "exits.py"
    text = MINE.replace("OFFSET", "0").replace("return [Level]", "return [Exits]")
    path.write_text(text + EXITS_LATER)
    done = call("plugins", "check", "exits", "--plugins", path, "--json")
    assert done.status == 1
    assert {r["detail"] for r in done.json if r["status"] == "failed"} == {"SystemExit: 0"}


def test_a_command_that_a_plugin_ends_is_an_error_with_its_line(call: Any, tmp_path: Path) -> None:
    path = tmp_path / "exits.py"
    shown = "@property\n    def __doc__(cls):\n        raise SystemExit(0)\n"
    path.write_text(
        MINE.replace("OFFSET", "0")
        + f"\nclass Meta(type(Level)):\n    {shown}\n"
        + "\nclass Shown(Level, metaclass=Meta):\n    name = 'level'\n\nLevel = Shown\n"
    )
    error = call("plugins", "list", "--plugins", path).error
    line = path.read_text().splitlines().index("        raise SystemExit(0)") + 1
    assert error == (
        f"a plugin ended the command at {path}:{line} (SystemExit: 0); correct it, or take it out"
    )


def test_a_new_plugin_takes_no_name_that_is_there(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["plugins", "new", "model", "ridge"])
    assert "there is a model called 'ridge' already, of merbench" in str(done.exception)
    assert not list(tmp_path.iterdir())
